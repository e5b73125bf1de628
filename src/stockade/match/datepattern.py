"""A pattern for dates as an administrator writes it: directives in a regular expression, anchors, boundaries, `{DATE}`.

In: one line of `datepattern` that is not a mere keyword. Out: one template, or 17 for `{DATE}`; an ExpressionError for
what cannot be used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from stockade.match.date_forms import LINE_BEGIN, WEAK, WORD_FORMS, Dated, date_spec, word_inside
from stockade.match.directives import Years, has_names, internal, render
from stockade.match.gate import Tree, admit
from stockade.match.problem import ExpressionError
from stockade.match.splits import NOWHERE, is_cut_empty, pairs_around_cut
from stockade.match.templates import DEFAULT_TEMPLATES, LAYOUTS, Template
from stockade.match.tokens import tokens

_OPTION = re.compile(r"\{(\^LN-BEG|UNB)\}")
_FLAGS = re.compile(r"\(\?([aimsux]+)\)")
_IN_FIRST_BRACKETS = r"[^\[]*\[({DATE})"
_STUB = r"(?P<Y>[ @+\w]\w*\w)"
"""Stands for any default template where a pattern with `{DATE}` is checked: begins with anything, ends with a word."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """What surrounds the pattern's own text: anchors, boundaries, flags."""

    begin: str
    end: str
    flags: str
    is_anchored: bool

    @property
    def is_begin_weak(self) -> bool:
        return self.begin == WEAK

    @property
    def is_end_weak(self) -> bool:
        return self.end == WEAK


def user_templates(line: str, years: Years) -> list[Dated]:
    """Reads one configured pattern; `{DATE}` in it stands for each of the 17 forms."""
    frame, body = _framed(line)
    if "{DATE}" not in body:
        return [_user_template(line, frame, body, years)]
    stub = _checked(_assembled(frame, render(body, years).replace("{DATE}", _STUB)))
    splits = pairs_around_cut(stub, is_begin_weak=frame.is_begin_weak, is_end_weak=frame.is_end_weak)
    found = []
    for template in DEFAULT_TEMPLATES:
        inside = word_inside(template.pattern) if template.pattern in WORD_FORMS else render(template.text, years)
        text = _assembled(frame, render(body, years).replace("{DATE}", inside))
        is_caseless = has_names(body) or has_names(template.pattern)
        name = line.replace("{DATE}", template.text)
        layout = _layout_in_brackets(template, frame, body)
        spec = date_spec(name, text, is_caseless, is_anchored=frame.is_anchored, layout=layout)
        found.append(Dated(spec, splits))
    return found


def _user_template(line: str, frame: _Frame, body: str, years: Years) -> Dated:
    text = _assembled(frame, render(body, years))
    tree = _checked(text)
    layout = _layout_of(LAYOUTS.get(body, ("", "")), frame)
    spec = date_spec(line, text, has_names(body), is_anchored=frame.is_anchored, layout=layout)
    if spec.fields:
        splits = pairs_around_cut(tree, is_begin_weak=frame.is_begin_weak, is_end_weak=frame.is_end_weak)
        return Dated(spec, splits)
    if is_cut_empty(tree):
        # `()` as the cut: the pattern says which lines have no date, and nothing is cut out of them; as with {NONE}.
        return Dated(replace(spec, fields=((1, "N"),)), NOWHERE)
    raise ExpressionError("the date pattern names no part of a date", "use directives such as %Y-%m-%d or {EPOCH}")


def _layout_of(layouts: tuple[str, str], frame: _Frame) -> str:
    """A hand-made parser may stand in only for a pattern between its usual boundaries."""
    if not frame.is_end_weak:
        return ""
    if frame.begin in ("^", LINE_BEGIN):
        return layouts[0]
    return layouts[1] if frame.is_begin_weak else ""


def _layout_in_brackets(template: Template, frame: _Frame, body: str) -> str:
    """The parser of access logs' dates looks in the line's first brackets, as the usual pattern for them says."""
    is_usual = frame.begin == "^" and frame.is_end_weak and body == _IN_FIRST_BRACKETS
    return LAYOUTS.get(template.pattern, ("", ""))[1] if is_usual else ""


def _framed(line: str) -> tuple[_Frame, str]:
    """Takes options, flags, anchors and `**` off a pattern."""
    options = set()
    body = line
    while (option := _OPTION.match(body)) is not None:
        options.add(option[1])
        body = body[option.end() :]
    flags = _FLAGS.match(body)
    body = body[flags.end() :] if flags else body
    begin, body, is_anchored = _begin(body, options)
    end = "" if "UNB" in options else WEAK
    if body.endswith("**"):
        body, end = body[:-2], ""
    elif body.endswith("$") and not body.endswith(r"\$"):
        body, end = body[:-1], "$"
    elif body.endswith((r"\b", r"\s")):
        end = ""
    return _Frame(begin, end, flags[0] if flags else "", is_anchored), body


def _begin(body: str, options: set[str]) -> tuple[str, str, bool]:
    """What stands before the pattern, the rest of it, and whether it is bound to the line's beginning."""
    if "^LN-BEG" in options:
        return LINE_BEGIN, body.removeprefix("^").removeprefix("**"), True
    if body.startswith("^"):
        return "^", body[1:], True
    if body.startswith(("(^", "(?:^")):
        return "", body, True
    if body.startswith("**"):
        return "", body[2:], False
    return "" if "UNB" in options else WEAK, body, False


def _checked(text: str) -> Tree | None:
    """The parse tree of a template that Python accepts."""
    accepted = admit(text)
    if "".join(token.text for token in accepted.tokens) != text:
        raise ExpressionError("flags in the middle of a date pattern", "write them at its beginning: (?i)…")
    return accepted.tree


def _assembled(frame: _Frame, body: str) -> str:
    """Puts the pattern together; without a plain group of its own, all of it is the part that is cut out."""
    text = body.replace("{EPOCH}", internal("E")).replace("{LEPOCH}", internal("L"))
    has_group = any(token.kind == "open" and token.text == "(" for token in tokens(text))
    return frame.flags + frame.begin + (text if has_group else f"({text})") + frame.end
