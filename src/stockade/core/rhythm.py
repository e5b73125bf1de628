"""Rhythm: how long a stream is usually silent, learnt from its own silences.

In: moments at which something arrived, on the clock that never steps. Out: a limit beyond which silence is unusual;
none before enough is known. A night, a weekend or a day off belongs to what is usual once it has been seen, so the
longest silence of each of the last days is kept, and nothing else: eight numbers for each stream.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from stockade.model.clock import Monotonic, Seconds

DAY: Seconds = 86_400.0

LEARNING: Seconds = 2 * DAY
"""Two nights must have been seen before silence can be called unusual."""

MIN_ARRIVALS = 50
"""A stream that said something less often than this has no rhythm to speak of."""

DAYS = 8
"""Days remembered: a week, and the one that has begun. Older ones are forgotten."""

FLOOR: Seconds = 3600.0
"""Shorter silences never count as unusual."""

FACTOR, EARLY_FACTOR = 3.0, 6.0
"""How many times the longest usual silence is unusual; the second one until a weekend has been seen."""


@dataclass(frozen=True, slots=True)
class RhythmMemory:
    """What of a rhythm outlives a restart, in whole numbers: arrivals, seconds watched, the longest silence."""

    arrivals: int = 0
    watched: int = 0
    longest: int = 0


class Rhythm:
    """The silences of one stream; see the module's docstring."""

    __slots__ = ("_days", "_last", "_started", "_watched_before", "arrivals")

    def __init__(self, now: Monotonic, memory: RhythmMemory | None = None) -> None:
        known = memory or RhythmMemory()
        self._started = self._last = now
        self._watched_before = max(0, known.watched)
        self._days: deque[tuple[int, Seconds]] = deque(maxlen=DAYS)
        self.arrivals = max(0, known.arrivals)
        if known.longest > 0:
            self._days.append((-1, float(known.longest)))

    def arrived(self, now: Monotonic) -> None:
        """Something arrived since the last look."""
        silence, day = max(0.0, now - self._last), int((now - self._started) // DAY)
        self._last = now
        self.arrivals += 1
        if not self._days or self._days[-1][0] != day:
            self._days.append((day, silence))
        elif silence > self._days[-1][1]:
            self._days[-1] = (day, silence)

    def silence(self, now: Monotonic) -> Seconds:
        """How long nothing has arrived."""
        return max(0.0, now - self._last)

    def longest(self) -> Seconds:
        """The longest silence of the last days that has ended."""
        return max((silence for _, silence in self._days), default=0.0)

    def limit(self, now: Monotonic) -> Seconds | None:
        """From how long on a silence is unusual; None while that is not known."""
        watched = self._watched(now)
        if self.arrivals < MIN_ARRIVALS or watched < LEARNING:
            return None
        factor = FACTOR if watched >= (DAYS - 1) * DAY else EARLY_FACTOR
        return max(FLOOR, factor * self.longest())

    def memory(self, now: Monotonic) -> RhythmMemory:
        """What to keep over a restart."""
        return RhythmMemory(self.arrivals, int(self._watched(now)), round(self.longest()))

    def _watched(self, now: Monotonic) -> Seconds:
        return self._watched_before + now - self._started
