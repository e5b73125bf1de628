"""From a filter's settings to what the scanner takes.

In: `FilterSettings` with tags still in place, the present time, the local zone. Out: a `FilterSpec`, or an
ExpressionError that names the filter, the option, the line of it and the remedy. Does no I/O and reads no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TypeVar

from stockade.match.date_forms import Dated
from stockade.match.dates import DateCatalogue, date_catalogue, date_templates
from stockade.match.directives import FIRST_YEAR, Years
from stockade.match.encodings import log_encoding
from stockade.match.gate import Accepted, admit
from stockade.match.json_lines import Renderer, dates_in_front
from stockade.match.literals import Known, LiteralFinder
from stockade.match.problem import ExpressionError
from stockade.match.rarity import Habitat
from stockade.match.spec import FilterSpec, RuleSpec
from stockade.match.splits import NOWHERE
from stockade.match.tags import expand_tags, written_offset
from stockade.match.templates import LN_BEG
from stockade.match.translate import translate
from stockade.match.zones import Steps, log_zone_steps, zone_steps
from stockade.model.settings import FilterSettings

MAX_RULES = 2000
"""Expressions of one filter (failregex and ignoreregex each); more are an error: a line may be tried against all."""

MAX_LINES = 1000
"""Lines a multi-line filter may keep (`maxlines`); a larger number is an error, since every line searches them all."""

IDENTIFYING = frozenset({"fid", "ip4", "ip6", "dns", "mlfid"})
"""Groups of which a failregex, or its prefregex, must have one: else nobody could be banned."""

T = TypeVar("T")

_USEDNS = ("yes", "warn", "no", "raw")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all filters of one start have in common and is costly to make: default dates and the local zone."""

    catalogue: DateCatalogue
    local_steps: Steps


def surroundings(now: float, local_zone: tzinfo, first_year: int = FIRST_YEAR) -> Surroundings:
    """Prepares what `compile_filter` needs at a time and place; dates before `first_year` are not read."""
    years = Years(datetime.fromtimestamp(now, local_zone).year, first_year)
    return Surroundings(date_catalogue(years), zone_steps(local_zone, now, first_year))


def compile_filter(
    filter: FilterSettings,  # noqa: A002 - the operator's word
    *,
    findtime: float | None,
    now: float,
    local_zone: tzinfo,
    is_all_rules: bool = False,
    shared: Surroundings | None = None,
) -> FilterSpec:
    """Compiles a filter; raises the first ExpressionError. `shared` saves work where many filters are compiled."""
    work = _Work(filter, shared or surroundings(now, local_zone))
    spec = work.compiled(findtime, is_all_rules=is_all_rules)
    if work.errors:
        raise work.errors[0]
    return spec


def filter_errors(filter: FilterSettings, shared: Surroundings) -> list[ExpressionError]:  # noqa: A002
    """Returns everything that is wrong with a filter, in the order of its options."""
    work = _Work(filter, shared)
    work.compiled(None, is_all_rules=False)
    return work.errors


@dataclass(frozen=True, slots=True)
class _Expression:
    """One expression on its way: PCRE2 text, its group names, and what is known of its matches."""

    pattern: str
    names: frozenset[str]
    known: Known

    def spec(self) -> RuleSpec:
        return RuleSpec(self.pattern, self.known.literals, self.known.heads, self.known.is_caseless)


@dataclass(slots=True)
class _Work:
    """Compiles one filter and collects what is wrong with it."""

    filter: FilterSettings
    shared: Surroundings
    errors: list[ExpressionError] = field(default_factory=list)

    def compiled(self, findtime: float | None, *, is_all_rules: bool) -> FilterSpec:
        settings = self.filter
        self._check_numbers()
        self._check_json()
        dates = self._dates()
        finder = self._finder(dates)
        zone = self._try("logtimezone", 0, settings.logtimezone, self._zone) or self.shared.local_steps
        prefix = self._prefix(finder)
        rules = self._rules(settings.failregex, prefix, finder)
        ignores = self._each("ignoreregex", settings.ignoreregex, lambda text: self._expression(text, finder))
        return FilterSpec(
            name=settings.name,
            prefix=prefix.spec() if prefix else None,
            rules=tuple(rule.spec() for rule in rules),
            ignores=tuple(ignore.spec() for ignore in ignores),
            dates=tuple(each.spec for each in dates),
            maxlines=settings.maxlines,
            usedns=settings.usedns,
            findtime=findtime,
            is_all_rules=is_all_rules,
            zone=zone,
        )

    # --- options ---------------------------------------------------------------------------------------------------

    def _check_numbers(self) -> None:
        settings = self.filter
        if settings.usedns not in _USEDNS:
            self._report("usedns", settings.usedns, "usedns is not one of yes, warn, no, raw", "use warn")
        if not 1 <= settings.maxlines <= MAX_LINES:
            self._report(
                "maxlines", str(settings.maxlines), f"maxlines is not within 1…{MAX_LINES}", "use a small number"
            )
        for option in ("failregex", "ignoreregex"):
            if len(getattr(settings, option)) > MAX_RULES:
                self._report(option, "", f"more than {MAX_RULES} expressions", "split the filter")

    def _report(self, option: str, text: str, message: str, remedy: str) -> None:
        self.errors.append(ExpressionError(message, remedy).placed(self.filter.name, option, 0, text))

    def _zone(self, text: str) -> Steps:
        return log_zone_steps(text) if text.strip() else self.shared.local_steps

    def _check_json(self) -> None:
        settings = self.filter.json
        if settings is None:
            return
        self._try("jsontext", 0, settings.text, lambda _: Renderer(settings))
        if self.filter.logencoding.strip().lower() not in ("", "auto", "utf-8", "utf8", "ascii"):
            self._report("logencoding", self.filter.logencoding, "JSON is UTF-8 (RFC 8259)", "write logencoding = auto")

    def _dates(self) -> tuple[Dated, ...]:
        lines = self.filter.datepattern
        is_in_front = self.filter.json is not None and bool(self.filter.json.time)
        try:
            if is_in_front:
                return dates_in_front(date_templates(lines or (LN_BEG,), self.shared.catalogue))
            return date_templates(lines, self.shared.catalogue)
        except ExpressionError as error:
            self.errors.append(error.placed(self.filter.name, "datepattern", error.index, lines[error.index]))
            return ()

    def _finder(self, dates: Sequence[Dated]) -> LiteralFinder | None:
        """Where literals may be looked for; None where a match may begin in an earlier line than it ends in."""
        encoding = self._try("logencoding", 0, self.filter.logencoding, log_encoding)
        if self.filter.maxlines > 1 or encoding is None:
            return None
        return LiteralFinder(Habitat(NOWHERE.union(*(each.splits for each in dates)), is_utf8=encoding.is_utf8))

    # --- expressions -----------------------------------------------------------------------------------------------

    def _prefix(self, finder: LiteralFinder | None) -> _Expression | None:
        text = self.filter.prefregex
        return self._try("prefregex", 0, text, lambda text: self._expression(text, finder)) if text.strip() else None

    def _rules(
        self, texts: Sequence[str], prefix: _Expression | None, finder: LiteralFinder | None
    ) -> list[_Expression]:
        has_id = prefix is not None and bool(prefix.names & IDENTIFYING)
        # After a prefregex that does not compile, it is not known whether it would have given the identifier.
        is_id_needed = not has_id and not (prefix is None and self.filter.prefregex.strip())

        def rule(text: str) -> _Expression:
            found = self._expression(text, finder, is_rule=True)
            if is_id_needed and not found.names & IDENTIFYING:
                raise ExpressionError(
                    "no failure-id group in the expression", "mark who failed: <HOST>, <ADDR> or <F-ID>…</F-ID>"
                )
            return _with_prefix_literals(found, prefix)

        return self._each("failregex", texts, rule)

    def _expression(self, text: str, finder: LiteralFinder | None, *, is_rule: bool = False) -> _Expression:
        if not text.strip():
            raise ExpressionError("cannot add an empty regex", "write an expression or remove the line")
        is_multiline = is_rule and self.filter.maxlines > 1
        accepted = self._admitted(text, is_multiline=is_multiline)
        translated = translate(accepted.tokens, is_multiline=is_multiline)
        known = finder.known(accepted.tree) if finder else Known()
        return _Expression(translated.pattern, frozenset(translated.names), known)

    def _admitted(self, text: str, *, is_multiline: bool) -> Accepted:
        """The expression with its tags expanded; an error tells the place in the text as configured."""
        usedns = self.filter.usedns
        try:
            return admit(expand_tags(text, usedns), is_multiline=is_multiline)
        except ExpressionError as error:
            if error.position is not None:
                error.position = written_offset(text, error.position, usedns)
            raise

    def _each(self, option: str, texts: Sequence[str], make: Callable[[str], T]) -> list[T]:
        made = (self._try(option, index, text, make) for index, text in enumerate(texts[:MAX_RULES]))
        return [each for each in made if each is not None]

    def _try(self, option: str, index: int, text: str, make: Callable[[str], T]) -> T | None:
        """Makes one thing of a line; what is wrong with it is collected with its place."""
        try:
            return make(text)
        except ExpressionError as error:
            self.errors.append(error.placed(self.filter.name, option, index, text))
            return None


def _with_prefix_literals(rule: _Expression, prefix: _Expression | None) -> _Expression:
    """Gives a rule without literals those of the prefix: whatever line the rule matches, the prefix has matched."""
    if rule.known.literals or prefix is None or not prefix.known.literals:
        return rule
    is_caseless = rule.known.is_caseless or prefix.known.is_caseless
    known = Known(prefix.known.literals, rule.known.heads, is_caseless)
    return _Expression(rule.pattern, rule.names, known)
