"""Date templates: what a filter's `datepattern` lines mean to the scanner.

In: lines in the pattern language (directives, `{^LN-BEG}`, `{DATE}`, `EPOCH`, …) and the default list. Out: `DateSpec`
values in the order in which they are to be tried, and where their dates may be cut out of a line. Nothing is parsed
here: the scanner does that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stockade.match.date_forms import Dated, form, keyword, twin
from stockade.match.datepattern import user_templates
from stockade.match.directives import Years
from stockade.match.problem import ExpressionError
from stockade.match.spec import DateSpec
from stockade.match.splits import NOWHERE
from stockade.match.templates import DEFAULT_TEMPLATES

MAX_TEMPLATES = 200
"""Date templates of one filter; more are an error, since each costs time on every line without a date."""

_KEYWORD = re.compile(r"(\{\^LN-BEG\}|\^)?(EPOCH|LEPOCH|TAI64N|ISO8601)")
_BRACED = re.compile(r"\{(?:\^LN-BEG|UNB|DATE|EPOCH|LEPOCH|DEFAULT|NONE)\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DateCatalogue:
    """The default templates for certain years, made once for all filters: 17 forms and 14 line-anchored twins."""

    years: Years
    forms: tuple[Dated, ...]
    twins: tuple[Dated, ...]

    @property
    def everything(self) -> tuple[Dated, ...]:
        """The list that is tried where nothing is configured: twins first."""
        return self.twins + self.forms

    @property
    def line_begin(self) -> tuple[Dated, ...]:
        """All default templates that are bound to the line's beginning."""
        return self.twins + tuple(each for each in self.forms if each.spec.is_anchored)


def date_catalogue(years: Years) -> DateCatalogue:
    """Builds the default templates; `years` are those that `%ExY` takes."""
    return DateCatalogue(
        years,
        tuple(form(template, years) for template in DEFAULT_TEMPLATES),
        tuple(twin(template, years) for template in DEFAULT_TEMPLATES if not template.is_bound),
    )


def date_templates(lines: Sequence[str], catalogue: DateCatalogue) -> tuple[Dated, ...]:
    """Returns the templates of a filter's `datepattern`; the defaults if it has none.

    Raises ExpressionError for a pattern that cannot be used or that stands there twice; its `index` is the line's.
    """
    chosen: dict[str, Dated] = {}
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            _add(chosen, *_meant(line.strip(), catalogue))
        except ExpressionError as error:
            error.index = index
            raise
    return tuple(chosen.values()) or catalogue.everything


def _add(chosen: dict[str, Dated], found: Iterable[Dated], is_list: bool) -> None:
    for each in found:
        if not is_list and each.spec.name in chosen:
            raise ExpressionError("the same date template stands there twice", "remove one of them")
        chosen.setdefault(each.spec.name, each)
    if len(chosen) > MAX_TEMPLATES:
        raise ExpressionError(f"more than {MAX_TEMPLATES} date templates", "keep those that the log really uses")


def _meant(line: str, catalogue: DateCatalogue) -> tuple[Iterable[Dated], bool]:
    """The templates of one line, and whether they come from a list (whose duplicates do not matter)."""
    line = line if "%" in line else _with_plain_words(line)
    if line == "{^LN-BEG}":
        return catalogue.line_begin, True
    if line == "{DEFAULT}":
        return catalogue.everything, True
    if line == "{NONE}":
        return [Dated(DateSpec("{NONE}", "^()", 1, ((1, "N"),), True), NOWHERE)], False
    word = _KEYWORD.fullmatch(line)
    if word is not None:
        return [keyword(word[2], catalogue.years, is_bound=word[1] is not None)], False
    return user_templates(line, catalogue.years), "{DATE}" in line


def _with_plain_words(line: str) -> str:
    """Without directives, the special words may be written in any case."""
    if _KEYWORD.fullmatch(line.upper()):
        return line.upper()
    return _BRACED.sub(lambda found: found[0].upper(), line)
