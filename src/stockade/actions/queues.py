"""JailQueue: what waits to be done by the actions of one jail, and what comes next.

In: bans, unbans, prolongations and orders as they happen. Out: one `Turn` after the other. Bans go before unbans, but
after ten of them up to twenty unbans have their turn. Every jail has a queue of its own, so a slow one delays nobody
else. Bounded; see BOUND. Runs nothing; time is passed in.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from stockade.actions.ticket import Ticket
from stockade.actions.turns import (
    BanTurn,
    CatchUpTurn,
    Flush,
    Order,
    ProlongTurn,
    Stop,
    Turn,
    UnbanTurn,
)
from stockade.model.clock import Monotonic, Seconds

BOUND: Final = 10_000
"""Bans that wait, and unbans that wait. Beyond it they are not kept: the queue is then *behind*, and once it is empty
it is filled again from the bans that stand (`fill`), so nobody is forgotten. What came and went in between is
not told to the actions."""

BANS_IN_A_ROW: Final = 10
UNBANS_IN_A_ROW: Final = 20

LONGEST_DELAY: Final[Seconds] = 10.0
GROWTH_IGNORED: Final[Seconds] = 5.0
"""A ban that grew by g seconds is prolonged after (g - 5) s, at once at the earliest, after 10 s at the latest."""


class JailQueue:
    """What one jail has to do."""

    def __init__(self, bound: int = BOUND) -> None:
        self._bound = bound
        self._orders: deque[Order] = deque()
        self._bans: dict[str, Ticket] = {}
        self._unbans: dict[str, None] = {}
        self._prolonged: dict[str, tuple[Monotonic, Ticket]] = {}
        self._due: list[tuple[Monotonic, str]] = []
        """A heap; an entry that is not in `_prolonged` with the same time is void and passed over."""
        self._catch_ups: Iterator[str] | None = None
        self._bans_done = 0
        self._unbans_left = 0
        self._is_catch_up_next = False
        self.is_behind = False
        self.deferred = 0
        """Bans and unbans that were not kept, in all."""

    def waiting(self) -> int:
        """How many turns wait; those of actions that catch up are not counted."""
        return len(self._orders) + len(self._bans) + len(self._unbans) + len(self._prolonged)

    def is_ready(self) -> bool:
        """Whether there is a turn, or there will be after `fill`, without waiting for a deadline."""
        is_catching_up = self._catch_ups is not None
        return bool(self._orders or self._bans or self._unbans or self.is_behind or is_catching_up)

    def order(self, order: Order) -> None:
        """Takes an order; what undoes all bans makes those that wait needless."""
        if isinstance(order, Flush | Stop):
            self._bans.clear()
            self._unbans.clear()
            self._prolonged.clear()
            self._due.clear()
            self._catch_ups = None
            self.is_behind = False
        self._orders.append(order)

    def ban(self, ticket: Ticket) -> None:
        """Takes a ban. One that waits already is replaced and keeps its place."""
        if ticket.id not in self._bans and len(self._bans) >= self._bound:
            self._defer()
        else:
            self._bans[ticket.id] = ticket

    def unban(self, identifier: str) -> None:
        """Takes an unban. A ban that still waits is withdrawn: it ended before its turn."""
        self._bans.pop(identifier, None)
        self._prolonged.pop(identifier, None)
        if identifier not in self._unbans and len(self._unbans) >= self._bound:
            self._defer()
        else:
            self._unbans[identifier] = None

    def prolong(self, ticket: Ticket, growth: Seconds, now: Monotonic) -> None:
        """Takes a ban that grew. One that waits takes its new length along; else it is said after a short delay.

        There is one at most for each ban that stands, and it holds no log lines.
        """
        if ticket.id in self._bans:
            self._bans[ticket.id] = ticket
            return
        if ticket.id in self._prolonged:
            due = self._prolonged[ticket.id][0]
        else:
            due = Monotonic(now + min(LONGEST_DELAY, max(0.0, growth - GROWTH_IGNORED)))
            heapq.heappush(self._due, (due, ticket.id))
        self._prolonged[ticket.id] = (due, replace(ticket, matches=()))

    def catch_up(self, identifiers: Iterable[str]) -> None:
        """Has the actions that came later ban these, whenever there is nothing more urgent; replaces a former list."""
        self._catch_ups = iter(identifiers)

    def deadline(self) -> Monotonic | None:
        """When a prolongation becomes due."""
        while self._due and self._prolonged.get(self._due[0][1], (None,))[0] != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def next(self, now: Monotonic) -> Turn | None:
        """Takes the most urgent turn out; None while there is nothing to do."""
        if self._orders:
            return self._orders.popleft()
        if self._unbans_left > 0 and (turn := self._next_low()) is not None:
            self._unbans_left -= 1
            return turn
        self._unbans_left = 0
        if (turn := self._next_high(now)) is not None:
            self._count_ban()
            return turn
        self._bans_done = 0
        return self._next_low()

    def fill(self, missing: Iterable[Ticket], needless: Iterable[str]) -> None:
        """Fills an empty queue again, as far as it goes: bans that were not carried out, and unbans likewise."""
        self.is_behind = False
        for identifier in needless:
            if self.is_behind:
                break
            self.unban(identifier)
        is_behind, self.is_behind = self.is_behind, False
        for ticket in missing:
            if self.is_behind:
                break
            self.ban(ticket)
        self.is_behind |= is_behind

    def _defer(self) -> None:
        self.is_behind = True
        self.deferred += 1

    def _count_ban(self) -> None:
        self._bans_done += 1
        if self._bans_done >= BANS_IN_A_ROW:
            self._unbans_left = UNBANS_IN_A_ROW
            self._bans_done = 0

    def _next_high(self, now: Monotonic) -> Turn | None:
        due = self.deadline()
        if due is not None and due <= now:
            return ProlongTurn(self._prolonged.pop(heapq.heappop(self._due)[1])[1])
        if not self._bans:
            return None
        identifier = next(iter(self._bans))
        if identifier in self._unbans:  # banned, unbanned and banned again: in this order
            del self._unbans[identifier]
            return UnbanTurn(identifier)
        return BanTurn(self._bans.pop(identifier))

    def _next_low(self) -> Turn | None:
        """Unbans and actions that catch up, in turn."""
        self._is_catch_up_next = not self._is_catch_up_next
        ways: list[Callable[[], Turn | None]] = [self._next_unban, self._next_catch_up]
        if self._is_catch_up_next:
            ways.reverse()
        return ways[0]() or ways[1]()

    def _next_unban(self) -> UnbanTurn | None:
        if not self._unbans:
            return None
        identifier = next(iter(self._unbans))
        del self._unbans[identifier]
        return UnbanTurn(identifier)

    def _next_catch_up(self) -> CatchUpTurn | None:
        if self._catch_ups is None:
            return None
        identifier = next(self._catch_ups, None)
        if identifier is not None:
            return CatchUpTurn(identifier)
        self._catch_ups = None
        return None
