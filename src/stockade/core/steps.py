"""Steps: notices when somebody has set the wall clock.

In: the wall clock and a steady clock that runs on while the machine sleeps, at the same moments. Out: by how much the
wall clock was set. Slewing moves both clocks, and waking up moves both, so neither looks like a step; daylight saving
time moves neither.
"""

from __future__ import annotations

from stockade.model.clock import Seconds, Wall

TOLERANCE: Seconds = 5.0
"""Smaller steps are left alone: bans end that much earlier or later."""


class ClockSteps:
    """Compares two clocks."""

    __slots__ = ("_apart",)

    def __init__(self, wall: Wall, steady: Seconds) -> None:
        self._apart = wall - steady

    def take(self, wall: Wall, steady: Seconds) -> Seconds:
        """By how much the wall clock was set since the last step that was noticed, below zero for back; 0 if it was not
        set."""
        step = wall - steady - self._apart
        if abs(step) < TOLERANCE:
            return 0.0
        self._apart += step
        return step
