"""Single date templates: each of the 17 forms, its line-anchored twin, and EPOCH, LEPOCH, TAI64N, ISO8601.

In: a form of `templates.py` and the years of `%ExY`. Out: a `DateSpec`, and between which neighbours its dates may be
cut out of a line.
"""

from __future__ import annotations

from dataclasses import dataclass

from stockade.match.directives import MEANINGFUL, Years, has_names, internal, render
from stockade.match.spec import DateSpec
from stockade.match.splits import AT_START, BEFORE_SIGNS, BETWEEN_SIGNS, NOWHERE, Split
from stockade.match.templates import DEFAULT_TEMPLATES, ISO, LAYOUTS, LN_BEG, TAI64N, Template
from stockade.match.tokens import tokens
from stockade.match.translate import translate

LINE_BEGIN = r"^\W{0,2}"
"""The line's beginning, with up to two signs such as `[` before the date."""

WEAK = r"(?:\b|(?!\w))"
"""A weak word boundary: not between two word characters. The same at both ends of a date."""

_AFTER_WORD = r"(?!\w)"
_BEFORE_WORD = r"(?<!\w)"
"""The weak boundary next to a word character; simpler to search for."""

WORD_FORMS = {"EPOCH": "E", "LEPOCH": "L", TAI64N: "T"}
"""Words of the pattern language that stand for a whole template, and the group that each fills."""


@dataclass(frozen=True, slots=True)
class Dated:
    """One template and the places from which its dates may be cut out."""

    spec: DateSpec
    splits: frozenset[Split]


def form(template: Template, years: Years) -> Dated:
    """One of the 17 forms as it is searched anywhere in the line."""
    if template.pattern in WORD_FORMS:
        return keyword(template.pattern, years, is_bound=False)
    if template.is_twin:
        return twin(template, years)
    inner = render(template.pattern.removeprefix("^"), years)
    is_caseless = has_names(template.pattern)
    if template.is_bound:
        end = _AFTER_WORD if template.pattern[-1] != ">" else WEAK
        return Dated(date_spec(template.pattern, f"^({inner}){end}", is_caseless, is_anchored=True), NOWHERE)
    begin = _BEFORE_WORD if template.is_word_led else WEAK
    layout = LAYOUTS.get(template.pattern, ("", ""))[1]
    spec = date_spec(template.pattern, f"{begin}({inner}){_AFTER_WORD}", is_caseless, is_anchored=False, layout=layout)
    return Dated(spec, BETWEEN_SIGNS if template.is_word_led else BEFORE_SIGNS)


def twin(template: Template, years: Years) -> Dated:
    """The same form, bound to the line's beginning."""
    if template.pattern in WORD_FORMS:
        return keyword(template.pattern, years, is_bound=True)
    pattern = f"{LINE_BEGIN}({render(template.text, years)}){_AFTER_WORD}"
    layout = LAYOUTS.get(template.pattern, ("", ""))[0]
    spec = date_spec(LN_BEG + template.text, pattern, has_names(template.pattern), is_anchored=True, layout=layout)
    return Dated(spec, AT_START)


def keyword(word: str, years: Years, *, is_bound: bool) -> Dated:
    """`EPOCH`, `LEPOCH`, `TAI64N` or `ISO8601`, as it is or bound to the line's beginning."""
    if word == "ISO8601":
        template = next(each for each in DEFAULT_TEMPLATES if each.pattern == ISO)
        return twin(template, years) if is_bound else form(template, years)
    name = LN_BEG + word if is_bound else word
    if is_bound:
        spec = date_spec(name, f"{LINE_BEGIN}({internal(WORD_FORMS[word])}){_AFTER_WORD}", False, is_anchored=True)
        return Dated(spec, AT_START)
    spec = date_spec(name, f"({word_inside(word)}){_AFTER_WORD}", False, is_anchored=False)
    return Dated(spec, BEFORE_SIGNS if word == TAI64N else BETWEEN_SIGNS)


def word_inside(word: str) -> str:
    """A word's own text with the places where it is believed: epoch times at the line's beginning, there in brackets,
    or in an audit record."""
    group = internal(WORD_FORMS[word])
    if word == TAI64N:
        return group
    number = group.partition(">")[2][:-1]
    return rf"(?:^|(?<=^\[)(?=(?:{number})\])|(?<=\baudit\()(?=(?:{number}):[0-9]+\))){group}"


def date_spec(name: str, text: str, is_caseless: bool, *, is_anchored: bool, layout: str = "") -> DateSpec:
    """Builds the value for the scanner from a template in Python's syntax whose group 1 is cut out."""
    translated = translate(tokens(f"(?i){text}" if is_caseless else text))
    fields = sorted((number, group) for group, number in translated.names.items() if group in MEANINGFUL)
    return DateSpec(name, translated.pattern, 1, tuple(fields), is_anchored, layout)
