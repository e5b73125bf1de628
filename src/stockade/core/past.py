"""Past: how often, when and for how long identifiers were banned before, jail by jail.

Owns what is remembered of bans that ran out (a standing ban carries its own count). In: bans that ended, and at start
those the ledger knows; out: the last one of an identifier. The time and how long to remember are arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from stockade.model.ban import STALE_FACTOR, Past
from stockade.model.clock import Seconds, Wall

MAX_PAST = 65_536
"""Identifiers remembered over all jails, about 16 MB. At the bound the jail that remembers most forgets a sixteenth:
first those that were banned only once, the longest ago first. So a flood of new addresses pushes out neither repeat
offenders nor what other jails know, and whoever is forgotten begins again as a stranger."""

_Row = tuple[int, Wall, Seconds]
"""Count, since, seconds: what there is of a Past besides its names. A tuple is half the size of an object."""


class PastBans:
    """Remembers; see the module's docstring."""

    def __init__(self, bound: int = MAX_PAST) -> None:
        self._shelves: dict[str, _Shelf] = {}
        self._bound = bound
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def learn(self, past: Past) -> None:
        """Remembers the last ban of an identifier in a jail, in place of the one before."""
        self.forget(past.jail, past.id)
        shelf = self._shelves.setdefault(past.jail, _Shelf())
        shelf.rows(past.count)[past.id] = (past.count, past.since, past.seconds)
        self._size += 1
        if self._size > self._bound:
            fullest = max(self._shelves.values(), key=len)
            self._size -= fullest.forget_first(max(1, self._bound // 16))

    def find(self, jail: str, identifier: str, now: Wall, age: Seconds) -> Past | None:
        """What is known of an identifier in a jail, unless that is stale; `age` is `dbpurgeage`."""
        shelf = self._shelves.get(jail)
        row = shelf.find(identifier) if shelf else None
        return None if row is None or _is_stale(row, now, age) else Past(jail, identifier, *row)

    def forget(self, jail: str, identifier: str) -> bool:
        """Forgives one identifier; tells whether anything was known."""
        shelf = self._shelves.get(jail)
        is_known = shelf is not None and shelf.forget(identifier)
        self._size -= is_known
        return is_known

    def forget_all(self) -> list[str]:
        """Forgives everybody; returns the jails that knew anybody."""
        jails = [jail for jail, shelf in self._shelves.items() if len(shelf)]
        self._shelves.clear()
        self._size = 0
        return jails

    def ids(self, jail: str) -> Iterator[str]:
        """Every identifier remembered of a jail."""
        shelf = self._shelves.get(jail)
        return iter(()) if shelf is None else iter([*shelf.once, *shelf.often])

    def jails(self) -> list[str]:
        """The jails of which anything is remembered."""
        return list(self._shelves)

    def sweep(self, now: Wall, age: Seconds) -> None:
        """Drops what is stale; one pass over everything (some ten milliseconds at the bound), for once an hour."""
        for shelf in self._shelves.values():
            shelf.sweep(now, age)
        self._shelves = {jail: shelf for jail, shelf in self._shelves.items() if len(shelf)}
        self._size = sum(map(len, self._shelves.values()))


class _Shelf:
    """What one jail remembers, those banned once apart from repeat offenders; both oldest first."""

    __slots__ = ("often", "once")

    def __init__(self) -> None:
        self.once: dict[str, _Row] = {}
        self.often: dict[str, _Row] = {}

    def __len__(self) -> int:
        return len(self.once) + len(self.often)

    def rows(self, count: int) -> dict[str, _Row]:
        """Where an identifier of so many bans belongs."""
        return self.once if count < 2 else self.often

    def find(self, identifier: str) -> _Row | None:
        return self.often.get(identifier) or self.once.get(identifier)

    def forget(self, identifier: str) -> bool:
        return self.once.pop(identifier, None) is not None or self.often.pop(identifier, None) is not None

    def forget_first(self, count: int) -> int:
        """Several at once: taking the first of a dictionary again and again would walk over the gaps each time."""
        gone = 0
        for rows in (self.once, self.often):
            for identifier in list(islice(rows, count - gone)):
                del rows[identifier]
                gone += 1
        return gone

    def sweep(self, now: Wall, age: Seconds) -> None:
        self.once = {i: row for i, row in self.once.items() if not _is_stale(row, now, age)}
        self.often = {i: row for i, row in self.often.items() if not _is_stale(row, now, age)}


def _is_stale(row: _Row, now: Wall, age: Seconds) -> bool:
    _, since, seconds = row
    return seconds >= 0 and since + STALE_FACTOR * seconds + age <= now
