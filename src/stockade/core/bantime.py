"""Ban times: how long a ban lasts, how few failures of a repeat offender are enough; `bantime.increment` in numbers.

In: the jail's `bantime.*` and the number of earlier bans; out: seconds. Pure: chance is an argument. Whatever a formula
does, there is a time: a wrong value counts as `bantime`, one that grows beyond bounds as `bantime.maxtime`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from stockade.model.arithmetic import Formula, NoValue, TooLarge, evaluate_factor
from stockade.model.clock import Seconds
from stockade.model.settings import PERMANENT, BanTimeSettings

MAX_DOUBLINGS = 20
"""Earlier bans beyond these change nothing more (§4.6 of the dialect): 2²⁰ times the ban time, or weight."""

LONGEST: Seconds = 3_155_760_000.0
"""A computed time beyond a hundred years is cut to it."""

SHORTEST: Seconds = 1.0
"""A computed time below a second counts as `bantime`: a ban is never skipped because of arithmetic."""

Draw = Callable[[], float]
"""A source of chance: each call gives a number 0 ≤ x < 1."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long a ban lasts (below zero: for ever), and what went wrong while that was computed ("" nothing)."""

    seconds: Seconds
    trouble: str = ""


class BanTimes:
    """The ban times of one jail."""

    def __init__(self, settings: BanTimeSettings, draw: Draw) -> None:
        """`draw` is asked only for repeated bans, by `bantime.rndtime` and by formulas that use `random`."""
        self._settings = settings
        self._draw = draw
        self._usual = Length(min(settings.bantime, LONGEST))
        self._factor = _factor_of(settings)
        self._formula = _formula_of(settings)

    @property
    def usual(self) -> Seconds:
        """The length of a first ban; below zero for ever."""
        return self._usual.seconds

    @property
    def is_growing(self) -> bool:
        """Whether bans of repeat offenders last longer: `bantime.increment`, and a ban time that has an end."""
        return self._settings.is_increment and self._settings.bantime >= 0

    def longest(self) -> Seconds:
        """How long a ban of this jail can last at most; below zero: no limit. The random part comes after the cap."""
        settings = self._settings
        if not self.is_growing:
            return self.usual
        if settings.maxtime is None:
            return PERMANENT
        return max(settings.maxtime, settings.bantime) + settings.rndtime

    def length(self, earlier: int) -> Length:
        """The length of a ban after so many earlier ones."""
        if earlier < 1 or not self.is_growing:
            return self._usual
        settings, trouble = self._settings, ""
        try:
            seconds = self._grown(earlier)
        except TooLarge:
            seconds = LONGEST
        except NoValue as error:
            seconds, trouble = self.usual, f"bantime.formula: {error}; bantime is used"
        if settings.maxtime is not None:
            seconds = min(seconds, settings.maxtime)
        seconds += self._draw() * settings.rndtime
        return Length(min(seconds, LONGEST) if seconds >= SHORTEST else self.usual, trouble)

    def _grown(self, earlier: int) -> Seconds:
        """The dialect's three ways (§4.6). Multipliers come before a formula and may shorten, the others never do."""
        usual, multipliers = self.usual, self._settings.multipliers
        if multipliers:
            return usual * self._factor * multipliers[min(earlier, len(multipliers) - 1)]
        if self._formula is None:
            return max(usual, usual * 2.0 ** min(earlier, MAX_DOUBLINGS) * self._factor)
        return max(usual, self._formula.seconds(time=usual, count=earlier, factor=self._factor, draw=self._draw))


def weight(earlier: int, maxretry: int) -> int:
    """For how many failures one of a repeat offender stands: 2, 3, 5, 9, … up to maxretry (§4.6)."""
    return min(2 ** min(earlier, MAX_DOUBLINGS) // 2 + 1, maxretry) if earlier > 0 else 1


def needed(earlier: int, maxretry: int) -> int:
    """How many failures ban a repeat offender: the fewest that weigh maxretry. Counting fewer failures rather than
    each several times keeps windows, evidence and `failures` true."""
    return -(-maxretry // weight(earlier, maxretry))


def _factor_of(settings: BanTimeSettings) -> float:
    """The factor; one that has no value, which the configuration does not let through, counts as 1."""
    try:
        factor = evaluate_factor(settings.factor)
    except NoValue:
        return 1.0
    return factor if isfinite(factor) else 1.0


def _formula_of(settings: BanTimeSettings) -> Formula | None:
    """The formula; None for none, and for a text that the configuration would not let through."""
    try:
        return Formula(settings.formula) if settings.formula else None
    except NoValue:
        return None
