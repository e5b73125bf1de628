"""Pending: what the next ledger transaction will hold.

Bans, ends, windows and progress wait here until they are on disk; a transaction that fails leaves them, and the next
one tries again. Keyed by what they are about, so that waiting long does not grow without bound: there are at most as
many as bans, windows and sources. Must not write anything itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from stockade.model.ban import Ban, BanOrigin
from stockade.model.record import BanEnd, Forgiven, Progress, Record, WindowState

_Key = tuple[str, str]


class _Decisions:
    """Bans and ends of one record; the ledger takes its bans before its ends."""

    def __init__(self) -> None:
        self.bans: dict[_Key, Ban] = {}
        self.ends: dict[_Key, BanEnd] = {}
        self.forgiven: dict[_Key, Forgiven] = {}

    def concerns(self, ban: Ban) -> bool:
        """Whether something was decided here that must come before this ban."""
        key = (ban.jail, ban.id)
        return key in self.ends or key in self.forgiven or (ban.jail, "") in self.forgiven

    def record(self) -> Record:
        """The same as one record."""
        return Record(tuple(self.bans.values()), tuple(self.ends.values()), forgiven=tuple(self.forgiven.values()))


class Pending:
    """Gathers records; see the module's docstring."""

    def __init__(self) -> None:
        self._decisions = [_Decisions()]
        self._windows: dict[_Key, WindowState] = {}
        self._progress: dict[str, Progress] = {}
        self._counters: dict[str, int] = {}

    def add_ban(self, ban: Ban) -> None:
        """A ban that must be on disk before anyone is told. One that follows an end of its own, or what was forgiven,
        goes into a later record of the same transaction. A change of a ban that waits keeps its evidence."""
        if self._decisions[-1].concerns(ban):
            self._decisions.append(_Decisions())
        waiting = self._decisions[-1].bans.get((ban.jail, ban.id))
        if waiting is not None and waiting.since == ban.since and not ban.matches and not ban.fields:
            ban = replace(ban, fields=waiting.fields, matches=waiting.matches, last_fields=waiting.last_fields)
        self._decisions[-1].bans[ban.jail, ban.id] = ban

    def add_end(self, end: BanEnd) -> None:
        """The end of a ban."""
        self._decisions[-1].ends[end.jail, end.id] = end

    def add_forgiven(self, forgiven: Forgiven) -> None:
        """A past that no longer counts."""
        self._decisions[-1].forgiven[forgiven.jail, forgiven.id] = forgiven

    def add_windows(self, windows: Iterable[WindowState]) -> None:
        """Windows that changed."""
        self._windows.update(((window.jail, window.id), window) for window in windows)

    def add_progress(self, progress: Iterable[Progress]) -> None:
        """Sources that were read on."""
        self._progress.update((one.cursor.source, one) for one in progress)

    def add_counters(self, counters: Mapping[str, int]) -> None:
        """Counters that changed, besides those that every transaction holds."""
        self._counters.update(counters)

    @property
    def has_decisions(self) -> bool:
        """Whether bans, ends or what was forgiven wait: a commit is due now."""
        return any(some.bans or some.ends or some.forgiven for some in self._decisions)

    @property
    def has_only_found_bans(self) -> bool:
        """Whether what waits are bans that filters decided and nothing else: they may go ahead of their cursors."""
        bans = [ban for decisions in self._decisions for ban in decisions.bans.values()]
        has_more = any(some.ends or some.forgiven for some in self._decisions)
        return not has_more and all(ban.origin is BanOrigin.FILTER for ban in bans)

    def decided(self) -> tuple[Record, ...]:
        """The bans and ends that wait, for one transaction."""
        return tuple(some.record() for some in self._decisions)

    def everything(self, counters: Mapping[str, int]) -> tuple[Record, ...]:
        """All that waits, for one transaction."""
        counted = Record(
            (), (), tuple(self._windows.values()), tuple(self._progress.values()), {**counters, **self._counters}
        )
        return (*self.decided(), counted)

    def committed_decisions(self) -> None:
        """Forgets the bans and ends: they are on disk now."""
        self._decisions = [_Decisions()]

    def committed(self) -> None:
        """Forgets everything: it is on disk now."""
        self.committed_decisions()
        self._windows.clear()
        self._progress.clear()
        self._counters.clear()
