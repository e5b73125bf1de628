"""The one place that looks at a clock."""

from __future__ import annotations

import time

from stockade.model.clock import Monotonic, Seconds, Wall


class Clock:
    """The machine's clocks."""

    def wall(self) -> Wall:
        """Now, in seconds since 1970."""
        return Wall(time.time())

    def monotonic(self) -> Monotonic:
        """Now, on the clock that never steps."""
        return Monotonic(time.monotonic())

    def steady(self) -> Seconds:
        """A clock that never steps and runs on while the machine sleeps: apart from the wall clock by a constant, until
        somebody sets that."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)
