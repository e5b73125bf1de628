"""Pending: what the next ledger transaction will hold, gathered over one turn of the loop."""

from __future__ import annotations

from stockade.model.ban import Ban
from stockade.model.record import BanEnd, Progress, Record, WindowState


class Pending:
    """Bans and ends wait here until they are committed; `has_decisions` says that they cannot wait longer."""

    def __init__(self) -> None:
        self._bans: dict[tuple[str, str], Ban] = {}
        self._ends: dict[tuple[str, str], BanEnd] = {}

    def add_ban(self, ban: Ban) -> None:
        """A ban that must be on disk before anyone is told."""
        self._bans[ban.jail, ban.id] = ban

    def add_end(self, end: BanEnd) -> None:
        """The end of a ban. One that was not even written yet is still written: history is complete."""
        self._ends[end.jail, end.id] = end

    @property
    def has_decisions(self) -> bool:
        """Whether the commit is due now."""
        return bool(self._bans or self._ends)

    def record(
        self, windows: tuple[WindowState, ...], progress: tuple[Progress, ...], counters: dict[str, int]
    ) -> Record:
        """The whole transaction. Nothing is forgotten until `committed`."""
        return Record(tuple(self._bans.values()), tuple(self._ends.values()), windows, progress, counters)

    def committed(self) -> tuple[tuple[Ban, ...], tuple[BanEnd, ...]]:
        """Forgets what is on disk now, and gives it to be announced."""
        bans, ends = tuple(self._bans.values()), tuple(self._ends.values())
        self._bans.clear()
        self._ends.clear()
        return bans, ends
