"""Subjects: what `stockade test` runs over a log, made of what stands on the command line.

In: names of filters (`sshd[mode=aggressive]`, `filter.d/sshd`), of jails (`jail:sshd`), paths of filter files and bare
expressions (`'^bad <HOST>$'`). Out: filters as the daemon would run them, or problems. Must not compile or print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from stockade.config import Trouble, load, load_filter
from stockade.config.backends import Backend, journal
from stockade.config.brackets import parse_item
from stockade.config.listing import filter_names, jail_names
from stockade.config.options import Effective
from stockade.errors import Problem, UsageError
from stockade.model.settings import FilterSettings, JailSettings, JournalSettings

EXPRESSION = "expression"
"""The name of the filter that bare expressions make together."""

JAIL = "jail:"
FILTER = "filter.d/"
ENTRY_DATES = ("{^LN-BEG}",)
"""Where a date may stand in a file of journal entries: before them, as `journalctl` prints it, never in their text."""
_TRIAL = "(test)"
"""A section that asks the configuration's reader what a jail with this filter would read from the journal."""


Judge = Callable[[JailSettings, Mapping[tuple[str, str], Effective]], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One filter; `jail` is the name of the jail whose settings it has, "" for none."""

    filter: FilterSettings
    jail: str = ""


@dataclass(frozen=True, slots=True)
class Subjects:
    """All of them, in order, with what is wrong, and the journal's entries they want where that is read."""

    subjects: tuple[Subject, ...]
    problems: tuple[Problem, ...] = ()
    matches: tuple[tuple[str, ...], ...] = ()

    @property
    def filters(self) -> list[FilterSettings]:
        """The filters alone."""
        return [subject.filter for subject in self.subjects]

    @property
    def is_usable(self) -> bool:
        """Whether nothing stands in the way."""
        return not any(problem.is_fatal for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line puts in place of the filters' own; None or empty leaves them alone."""

    ignoreregex: tuple[str, ...] = ()
    datepattern: tuple[str, ...] = ()
    maxlines: int | None = None
    encoding: str = ""

    def over(self, settings: FilterSettings) -> FilterSettings:
        """Gives a filter with these in place of its own."""
        return replace(
            settings,
            ignoreregex=self.ignoreregex or settings.ignoreregex,
            datepattern=self.datepattern or settings.datepattern,
            maxlines=settings.maxlines if self.maxlines is None else self.maxlines,
            logencoding=self.encoding or settings.logencoding,
        )


@dataclass(slots=True)
class SubjectReader:
    """Reads subjects from one configuration; `options` are added to the brackets of every filter. `judge` tells what
    keeps a jail's filter from running, with its place."""

    base: Path
    overrides: Sequence[Path]
    options: str = ""
    is_journal: bool = False
    judge: Judge = lambda jail, origins: ()
    problems: list[Problem] = field(default_factory=list)
    matches: list[tuple[str, ...]] = field(default_factory=list)
    _wants_all: bool = False

    def read(self, items: Sequence[str]) -> Subjects:
        """Reads all items; bare expressions are the rules of one filter, in their order."""
        subjects: list[Subject] = []
        expressions: list[str] = []
        for item in items:
            make = self._maker(item)
            if make is None:
                expressions.append(item)
            else:
                subjects.append(make())
        if expressions:
            subjects.append(Subject(FilterSettings(EXPRESSION, tuple(expressions))))
            self._wants_all = True
        matches = () if self._wants_all else tuple(dict.fromkeys(self.matches))
        return Subjects(tuple(subjects), tuple(dict.fromkeys(self.problems)), matches)

    def _maker(self, item: str) -> Callable[[], Subject] | None:
        """Tells what an item is: how to make a subject of it, or None for an expression."""
        item = item.strip()
        name = item.partition("[")[0].strip()
        if item.startswith(JAIL):
            return lambda: self._jail(item.removeprefix(JAIL))
        if name.startswith(FILTER) or _is_path(name):
            return lambda: self._filter(item)
        if name.removesuffix(".conf") in filter_names(self.base, self.overrides):
            return lambda: self._filter(item)
        if item in jail_names(self.base, self.overrides):
            return lambda: self._jail(item)
        if "<" in item or "(?P<" in item:  # without a group for an identifier no expression can be used
            return None
        return lambda: self._unknown(item, name)

    def _unknown(self, item: str, name: str) -> Subject:
        """Notes that an item is nothing, and what was probably meant."""
        self.problems.append(self._proposal(item, name))
        return Subject(FilterSettings(name))

    def _proposal(self, item: str, name: str) -> Problem:
        if "/" in name:
            return Problem(item, 0, "there is no such filter file", remedy="check the path")
        known = [*filter_names(self.base, self.overrides), *jail_names(self.base, self.overrides)]
        near = list(dict.fromkeys(get_close_matches(name, known, n=3, cutoff=0.5)))
        hint = f"did you mean {' or '.join(near)}?" if near else "`ls filter.d` in the configuration lists the filters"
        return Problem(item, 0, "no filter or jail has this name, and it is no expression with <HOST>", remedy=hint)

    def _filter(self, item: str) -> Subject:
        item = with_options(item, self.options)
        settings, found = load_filter(self.base, item, overrides=self.overrides, is_journal=self.is_journal)
        self.problems += found
        if self.is_journal:
            self._ask_matches(item)
        elif _is_for_entries(item):
            settings = replace(settings, datepattern=ENTRY_DATES)
        return Subject(settings)

    def _ask_matches(self, item: str) -> None:
        """Learns from the reader which entries a jail with this filter would want."""
        trial = {"enabled": "true", "backend": "systemd", "filter": item.replace("%", "%%"), "action": ""}
        jails = load(self.base, overrides=self.overrides, jail={_TRIAL: trial}).settings.jails
        self._add_matches(next((jail.journal for jail in jails if jail.name == _TRIAL), None))

    def _jail(self, name: str) -> Subject:
        """A jail's filter with all that the jail says, enabled or not, for the kind of log that is read."""
        if name not in jail_names(self.base, self.overrides):
            return self._unknown(name, name)
        backend = "systemd" if self.is_journal else "auto"
        given = {name: {"enabled": "true", "backend": backend, "action": ""}}
        loaded = load(self.base, overrides=self.overrides, jail=given, has_files=lambda pattern: True)
        found = next((jail for jail in loaded.settings.jails if jail.name == name), None)
        self.problems += [each for each in loaded.problems if each.jail == name]
        # What is wrong elsewhere keeps no jail from running in the daemon either.
        elsewhere = [each for each in loaded.problems if each.is_fatal and not each.jail]
        self.problems += [replace(each, is_fatal=found is None) for each in elsewhere]
        if found is None:
            return Subject(FilterSettings(name), name)
        self.problems += self.judge(found, loaded.origins)
        self._add_matches(found.journal)
        return Subject(found.filter, name)

    def _add_matches(self, wanted: JournalSettings | None) -> None:
        if wanted is not None:
            self.matches += wanted.matches
            self._wants_all = self._wants_all or not wanted.matches


def journal_settings(backend: Backend, matches: Sequence[tuple[str, ...]], given: Sequence[str]) -> JournalSettings:
    """The journal to read: `matches` of the filters, or what `--journalmatch` gives instead. Raises UsageError."""
    try:
        settings = journal(backend, "\n".join(given))
    except Trouble as trouble:
        raise UsageError(f"{trouble.message}: {trouble.value!r}", trouble.remedy) from None
    return settings if given else replace(settings, matches=tuple(matches))


def with_options(item: str, options: str) -> str:
    """Gives a filter's item with further bracket arguments: `sshd` and `mode=ddos` make `sshd[mode=ddos]`."""
    if not options:
        return item
    item = item.strip()
    return f"{item[:-1]}, {options}]" if item.endswith("]") else f"{item}[{options}]"


def _is_for_entries(item: str) -> bool:
    """Tells whether a filter's options say that the lines are entries of the journal, whose text is not dated."""
    try:
        return parse_item(item)[1].get("logtype") == "journal"
    except Trouble:
        return False


def _is_path(name: str) -> bool:
    return ("/" in name or name.endswith((".conf", ".local"))) and Path(name).is_file()
