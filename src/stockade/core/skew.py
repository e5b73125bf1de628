"""Skew: by how much the times in one stream differ from the arrival of its lines.

In: samples (log time minus arrival, in seconds). Out: their median. A few lines with odd dates, or late ones, do not
move it. Must not correct anything: live lines count by their arrival as it is.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from stockade.model.clock import Monotonic, Seconds

SAMPLES = 15
"""Samples remembered of each stream; older ones are forgotten."""

MIN_SAMPLES = 3
"""Fewer say nothing."""

TOLERANCE: Seconds = 60.0
"""The dialect's tolerance between log time and arrival (§3.10): within it the log's own time counts."""

QUARTER: Seconds = 900.0
"""Zones differ by multiples of this."""


class Skew:
    """The clock of one stream as it shows from here."""

    __slots__ = ("_samples", "since")

    def __init__(self) -> None:
        self._samples: deque[Seconds] = deque(maxlen=SAMPLES)
        self.since: Monotonic | None = None

    def take(self, sample: Seconds, now: Monotonic) -> None:
        """Takes one sample."""
        self._samples.append(sample)
        if not self.is_off:
            self.since = None
        elif self.since is None:
            self.since = now

    @property
    def offset(self) -> Seconds | None:
        """The median, above zero for a clock that is ahead; None while too little is known."""
        return median(self._samples) if len(self._samples) >= MIN_SAMPLES else None

    @property
    def is_off(self) -> bool:
        """Whether the clocks differ by more than is tolerated."""
        offset = self.offset
        return offset is not None and abs(offset) > TOLERANCE

    @property
    def is_zone(self) -> bool:
        """Whether the difference is that of two zones, within a minute."""
        offset = abs(self.offset or 0.0)
        return offset >= QUARTER - TOLERANCE and abs(offset - round(offset / QUARTER) * QUARTER) <= TOLERANCE
