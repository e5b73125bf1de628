"""Typed reading of the options of one section: texts, flags, numbers and times, each with the place it came from.

In: a scope and a list that collects problems. Out: converted values, or the default with a problem in the list. It
raises nothing: one wrong option never hides the next. What an option means is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from stockade.config.ini import Place
from stockade.config.interpolate import Scope
from stockade.config.limits import MAX_ITEMS
from stockade.config.text import Text
from stockade.config.times import parse_seconds
from stockade.config.trouble import Trouble
from stockade.errors import Problem
from stockade.model.settings import Origin

T = TypeVar("T")

_TRUE = frozenset(("1", "on", "true", "yes"))


def whole_number(default: int, low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers in a range, whose Trouble names the default."""
    remedy = f"write a whole number from {low} to {high}; {default} is used"

    def parse(text: str) -> int:
        try:
            number = int(text) if len(text) <= 20 else high + 1
        except ValueError:
            raise Trouble("not a whole number", text, remedy) from None
        if not low <= number <= high:
            raise Trouble("number out of range", text, remedy)
        return number

    return parse


@dataclass(frozen=True, slots=True)
class Effective:
    """The effective text of an option, where the option is set, and where each line of the text is written."""

    text: str
    origin: Origin
    lines: tuple[Origin, ...]


Origins = dict[tuple[str, str], Effective]


ActionOrigins = dict[tuple[str, str], Mapping[str, Effective]]
"""(jail, action's name in the jail) → its commands and properties."""


@dataclass(slots=True)
class Findings:
    """What one load has found so far, besides settings."""

    problems: list[Problem] = field(default_factory=list)
    origins: Origins = field(default_factory=dict)
    actions: ActionOrigins = field(default_factory=dict)


def is_true(text: str) -> bool:
    """The dialect's boolean: 1, on, true, yes in any case; everything else is false."""
    return text.strip().lower() in _TRUE


@dataclass(slots=True)
class OptionReader:
    """Reads the options of one jail (or, with `jail` empty, of the daemon's own section)."""

    scope: Scope
    jail: str
    problems: list[Problem]
    origins: Origins
    is_lenient: bool = False
    """Whether every problem is only a warning."""
    _texts: dict[str, Text | None] = field(default_factory=dict)

    def text(self, option: str, *, is_fatal: bool = True) -> str | None:
        """The final text; None when the option is nowhere, or wrong, which makes a problem once."""
        found = self.find(option, is_fatal=is_fatal)
        return None if found is None else found.text

    def find(self, option: str, *, is_fatal: bool = True) -> Text | None:
        """The same with the places of its lines."""
        if option not in self._texts:
            self._texts[option] = None
            try:
                found = self.scope.find(option)
            except Trouble as trouble:
                self.report(trouble.about(option), option, is_fatal=is_fatal)
                return None
            if found is not None:
                self._texts[option] = found
                self.note(option, found, self.place(option) or found.places[0])
        return self._texts[option]

    def forget(self, option: str) -> None:
        """Makes the next read look again, after the scope has learnt something new."""
        self._texts.pop(option, None)

    def note(self, option: str, found: Text, place: Place) -> None:
        """Remembers the effective value of an option and that it is set at `place`."""
        lines = tuple(Origin(*written) for written in found.places)
        self.origins[self.jail, option] = Effective(found.text, Origin(*place), lines)

    def report(self, trouble: Trouble, option: str = "", *, is_fatal: bool = True) -> None:
        """Adds a problem; the place is that of `option`, unless the trouble knows better."""
        trouble.at(*(self.place(option) or self.scope.merged.place(self.scope.section)))
        is_fatal = is_fatal and not self.is_lenient
        self.problems.append(trouble.problem(self.jail if is_fatal else "", is_fatal=is_fatal))

    def warn(self, option: str, message: str, value: str, remedy: str) -> None:
        """Adds a warning, unless the jail is disabled anyway by what may be its cause."""
        if not any(problem.is_fatal and problem.jail == self.jail for problem in self.problems):
            self.report(Trouble(message, value, remedy), option, is_fatal=False)

    def place(self, option: str) -> Place | None:
        """Where the option is written."""
        version = self.scope.merged.latest(self.scope.section, option)
        return version.value.places[0] if version else None

    def convert(self, option: str, default: T, parse: Callable[[str], T], *, is_fatal: bool = True) -> T:
        """The option through `parse`; its Trouble becomes a problem and the default counts."""
        text = self.text(option)
        return default if text is None else self.parsed(option, text, default, parse, is_fatal=is_fatal)

    def parsed(self, option: str, text: str, default: T, parse: Callable[[str], T], *, is_fatal: bool = True) -> T:
        """The same for a text that is known already."""
        try:
            return parse(text)
        except Trouble as trouble:
            self.report(trouble.about(option), option, is_fatal=is_fatal)
            return default

    def attempt(self, option: str, make: Callable[[], T], default: T) -> T:
        """What `make` gives; its Trouble becomes a fatal problem, and the default counts."""
        return self.parsed(option, "", default, lambda _: make())

    def flag(self, option: str, default: bool) -> bool:
        """A boolean."""
        return self.convert(option, default, is_true)

    def number(self, option: str, default: int, low: int, high: int) -> int:
        """A whole number; anything else makes a warning, and the default counts."""
        return self.convert(option, default, whole_number(default, low, high), is_fatal=False)

    def seconds(self, option: str, default: float, low: float) -> float:
        """A time of at least `low` seconds; anything else disables the jail."""

        def parse(text: str) -> float:
            seconds = parse_seconds(text)
            if seconds < low:
                raise Trouble("time out of range", text, f"write at least {low:g} seconds")
            return seconds

        return self.convert(option, default, parse)

    def lines(self, option: str) -> list[str]:
        """The lines of a list option that are not empty."""
        found = [line for line in (self.text(option) or "").split("\n") if line.strip()]
        if len(found) > MAX_ITEMS:
            self.report(Trouble(f"{option}: more than {MAX_ITEMS} lines", "", "shorten the list"), option)
        return found[:MAX_ITEMS]
