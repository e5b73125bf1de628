"""Statistics: how the actions of a jail are doing, as frozen values for `status` and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from stockade.actions.outcome import Outcome
from stockade.model.clock import Wall


@dataclass(frozen=True, slots=True)
class ActionStatistics:
    """One action: the families it was started for, its commands, and the last that failed ("" if none did)."""

    actname: str
    families: tuple[str, ...]
    runs: int
    failures: int
    timeouts: int
    last_error: str
    last_error_at: Wall | None


@dataclass(frozen=True, slots=True)
class JailStatistics:
    """One jail: what waits, what runs ("" for nothing), how many bans were carried out and stand.

    `deferred` counts bans and unbans that found the queue full; `is_behind` tells that some of them are still to be
    found again among the bans that stand.
    """

    jail: str
    waiting: int
    running: str
    carried: int
    deferred: int
    is_behind: bool
    actions: tuple[ActionStatistics, ...]


@dataclass(slots=True)
class Tally:
    """Counts for one action while it is at work."""

    runs: int = 0
    failures: int = 0
    timeouts: int = 0
    last_error: str = ""
    last_error_at: Wall | None = None

    def count(self, command: str, identifier: str, outcome: Outcome, wall: Wall) -> None:
        """Adds one command that ended."""
        self.runs += 1
        if outcome.is_success:
            return
        self.failures += 1
        self.timeouts += outcome.timed_out is not None
        whom = f" for {identifier}" if identifier else ""
        said = next(reversed(list(outcome.stderr.lines())), "")
        self.last_error = f"{command}{whom} {outcome.reason}" + (f": {said}" if said else "")
        self.last_error_at = wall
