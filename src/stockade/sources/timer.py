"""A recurring moment on the monotonic clock that is passed in. Knows no clock itself."""

from __future__ import annotations

from stockade.model.clock import Monotonic, Seconds


class Timer:
    """Comes due every `period` seconds while it is wanted."""

    __slots__ = ("_period", "due")

    def __init__(self, period: Seconds) -> None:
        self._period = period
        self.due: Monotonic | None = None

    def is_due(self, now: Monotonic, *, is_wanted: bool) -> bool:
        """Tells whether the moment has come, and sets the next one; unwanted, the timer rests."""
        if not is_wanted:
            self.due = None
            return False
        is_over = self.due is not None and now >= self.due
        if self.due is None or is_over:
            self.due = Monotonic(now + self._period)
        return is_over
