"""JailActions: the actions of one jail and the bans they have carried out; order, flush, reban and reload.

In: turns. Out: steps (see `steps`). Owns the actions at work, the bans that were carried out and the jail's epoch. One
turn at a time, so commands of a jail never overtake each other. Pure: runs nothing, knows no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from stockade.actions.reload import Built, Change, difference
from stockade.actions.running_action import RunningAction
from stockade.actions.steps import Steps
from stockade.actions.ticket import Ticket
from stockade.actions.turns import (
    BanTurn,
    CatchUpTurn,
    Flush,
    ProlongTurn,
    Reload,
    Start,
    Stop,
    Turn,
    UnbanTurn,
)
from stockade.model.clock import Monotonic, Seconds
from stockade.model.saying import Level, Saying
from stockade.model.settings import ActionSettings

WHOLE_TICKETS: Final = 10_000
"""Bans whose log lines are kept for `<matches>` in their unban or reban; further ones are undone without them. The
number of bans itself is bounded by whoever decides on them: there is one entry for each that stands."""

CHECK_SECONDS: Final[Seconds] = 3.0
"""A failure this much after the ban shows that the ban does not hold; and how often, at most, that leads to a check."""

DELAY_NOTICED: Final[Seconds] = 60.0
"""A failure this much after the ban is a warning: something is wrong."""


@dataclass(slots=True)
class Carried:
    """A ban that was carried out; when, in repairs (`epoch`) and in reloads (`generation`) of the jail."""

    ticket: Ticket
    epoch: int
    generation: int


class JailActions:
    """What `perform` yields is the whole of what the actions of a jail ever do."""

    def __init__(self, jail: str, actions: Sequence[Built], *, is_ipv6_allowed: bool) -> None:
        self.jail = jail
        self.epoch = 0
        self.is_ipv6_allowed = is_ipv6_allowed
        self._running: dict[str, RunningAction] = {}
        self._settings: dict[str, ActionSettings] = {}
        self._carried: dict[str, Carried] = {}
        self._checked: Monotonic | None = None
        self._generation = 0
        for built in actions:
            self._add(built)

    def running(self) -> Iterator[RunningAction]:
        """The actions at work, in their order."""
        yield from self._running.values()

    def carried(self) -> int:
        """How many bans stand that were carried out."""
        return len(self._carried)

    def has_carried(self, identifier: str) -> bool:
        """Whether this ban was carried out and not undone since."""
        return identifier in self._carried

    def carried_ids(self) -> tuple[str, ...]:
        """Everybody whose ban was carried out, oldest first."""
        return tuple(self._carried)

    def perform(self, turn: Turn, now: Monotonic) -> Steps[None]:
        """The steps of one turn."""
        match turn:
            case BanTurn(ticket) if ticket.id in self._carried:
                return self._repeat(ticket, now)
            case BanTurn(ticket):
                return self._ban(ticket)
            case UnbanTurn(identifier):
                return self._unban(identifier)
            case ProlongTurn(ticket):
                return self._prolong(ticket)
            case CatchUpTurn(identifier):
                return self._catch_up(identifier)
            case Start():
                return self._start(list(self._running.values()))
            case Flush():
                return self._flush(list(self._running.values()), is_stop=False)
            case Stop():
                return self._stop()
            case Reload(actions):
                return self._reload(difference(self._settings, actions))

    def _ban(self, ticket: Ticket) -> Steps[None]:
        """Every action in its order; the ban counts as carried out even if one of them fails."""
        for one in list(self._running.values()):
            if ticket.is_restored and one.action.is_norestored:
                continue
            problem = yield from one.ban(ticket)
            yield from self._report("ban", one, ticket, problem)
        self._keep(ticket)

    def _keep(self, ticket: Ticket) -> None:
        kept = ticket if len(self._carried) < WHOLE_TICKETS else replace(ticket, matches=())
        self._carried[ticket.id] = Carried(kept, self.epoch, self._generation)

    def _repeat(self, ticket: Ticket, now: Monotonic) -> Steps[None]:
        """Somebody banned fails again: does the ban hold? After a repair, every ban is repeated once."""
        carried = self._carried[ticket.id]
        late = ticket.time - carried.ticket.time
        level = Level.DEBUG if late < CHECK_SECONDS else Level.NOTICE if late < DELAY_NOTICED else Level.WARNING
        yield Saying(level, f"[{self.jail}] {ticket.id} already banned")
        if late > CHECK_SECONDS and carried.epoch == self.epoch and self._is_check_due(now):
            self._checked = now
            for one in list(self._running.values()):
                yield from one.check()
        if carried.epoch < self.epoch:
            yield from self._reban(carried)

    def _is_check_due(self, now: Monotonic) -> bool:
        return self._checked is None or now - self._checked > CHECK_SECONDS

    def _reban(self, carried: Carried) -> Steps[None]:
        """Repeats a ban with the actions that were repaired after it; it stays due if one of them fails."""
        ticket = carried.ticket
        again = [one for one in self._knowing(carried) if one.epoch > carried.epoch]
        if not again:
            carried.epoch = self.epoch
            return
        named = f", action {again[0].action.actname!r}" if len(again) == 1 else ""
        yield Saying(Level.NOTICE, f"[{self.jail}] Reban {ticket.id}{named}")
        for one in again:
            problem = yield from one.ban(ticket, is_again=True)
            yield from self._report("reban", one, ticket, problem)
            if problem:
                return
        carried.epoch = self.epoch

    def _unban(self, identifier: str) -> Steps[None]:
        carried = self._carried.pop(identifier, None)
        if carried is not None:
            yield from self._unban_with(self._knowing(carried), carried.ticket)

    def _knowing(self, carried: Carried) -> list[RunningAction]:
        """The actions that were told of this ban: all but those that came later and have not caught up."""
        return [one for one in self._running.values() if one.generation <= carried.generation]

    def _unban_with(self, actions: Sequence[RunningAction], ticket: Ticket) -> Steps[None]:
        for one in actions:
            problem = yield from one.unban(ticket)
            yield from self._report("unban", one, ticket, problem)

    def _prolong(self, ticket: Ticket) -> Steps[None]:
        carried = self._carried.get(ticket.id)
        if carried is None:
            return
        before = carried.ticket
        ticket = carried.ticket = replace(ticket, matches=before.matches, is_restored=before.is_restored)
        for one in self._knowing(carried):
            if ticket.is_restored and one.action.is_norestored:
                continue
            problem = yield from one.prolong(ticket)
            yield from self._report("prolong", one, ticket, problem)

    def _start(self, actions: Sequence[RunningAction]) -> Steps[None]:
        for one in actions:
            problem = yield from one.start(self.is_ipv6_allowed)
            yield from self._report_operation("start", one, problem)

    def _stop(self) -> Steps[None]:
        actions = list(self._running.values())
        yield from self._flush(actions, is_stop=True)
        yield from self._stop_reversed(actions)

    def _stop_reversed(self, actions: Sequence[RunningAction]) -> Steps[None]:
        for one in reversed(actions):
            problem = yield from one.stop()
            yield from self._report_operation("stop", one, problem)

    def _flush(self, actions: Sequence[RunningAction], *, is_stop: bool) -> Steps[None]:
        """Undoes every ban: at once where an action can, one by one where it cannot."""
        bans = list(self._carried.values())
        self._carried.clear()
        yield from self._undo(actions, bans, is_stop=is_stop)

    def _undo(self, actions: Sequence[RunningAction], bans: Sequence[Carried], *, is_stop: bool) -> Steps[None]:
        one_by_one = []
        for one in actions:
            if not one.action.has("actionflush"):
                one_by_one.append(one)
                continue
            yield Saying(Level.NOTICE, f"[{self.jail}] Flush ticket(s) with {one.action.actname}")
            problem = yield from one.flush()
            if problem:
                yield from self._check_after_flush(one, problem, is_stop=is_stop)
        for carried in bans if one_by_one else ():
            told = [one for one in one_by_one if one.generation <= carried.generation]
            yield from self._unban_with(told, carried.ticket)

    def _check_after_flush(self, one: RunningAction, problem: str, *, is_stop: bool) -> Steps[None]:
        where = f"in jail '{self.jail}' action '{one.action.actname}'"
        yield Saying(Level.ERROR, f"Failed to flush bans {where}: {problem}")
        yield Saying(Level.INFO, "No flush occurred, do consistency check")
        is_left = is_stop and not one.action.is_repair_on_unban
        yield from one.check(refusal="Flush is impossible." if is_left else "")

    def _reload(self, change: Change) -> Steps[None]:
        """What goes is undone and stopped before what comes is started; what stays only hears of it."""
        going = [self._running[name] for name in change.goes if name in self._running]
        yield from self._undo(going, list(self._carried.values()), is_stop=True)
        yield from self._stop_reversed(going)
        self._take_over(change)
        for name in change.stays:
            problem = yield from self._running[name].reload()
            yield from self._report_operation("reload", self._running[name], problem)
        yield from self._start([self._running[built.settings.actname] for built in change.comes])

    def _take_over(self, change: Change) -> None:
        for name in change.goes:
            self._running.pop(name, None)
            self._settings.pop(name, None)
        self._generation += 1
        for built in change.comes:
            self._add(built)
        self._running = {name: self._running[name] for name in change.order}
        self._settings = {name: self._settings[name] for name in change.order}

    def _catch_up(self, identifier: str) -> Steps[None]:
        """Actions that came later ban what is banned, as if it were restored: nobody is told a second time."""
        carried = self._carried.get(identifier)
        if carried is None:
            return
        late = [one for one in self._running.values() if one.generation > carried.generation]
        carried.generation = self._generation
        for one in late:
            if one.action.is_norestored:
                continue
            problem = yield from one.ban(replace(carried.ticket, is_restored=True))
            yield from self._report("ban", one, carried.ticket, problem)

    def _add(self, built: Built) -> None:
        name = built.settings.actname
        self._running[name] = RunningAction(built.action, self.jail, self._next_epoch, self._generation)
        self._settings[name] = built.settings

    def _next_epoch(self) -> int:
        self.epoch += 1
        return self.epoch

    def _report(self, what: str, one: RunningAction, ticket: Ticket, problem: str) -> Steps[None]:
        if problem:
            where = f"jail '{self.jail}' action '{one.action.actname}' info '{ticket.id}'"
            yield Saying(Level.ERROR, f"Failed to execute {what} {where}: {problem}")

    def _report_operation(self, what: str, one: RunningAction, problem: str) -> Steps[None]:
        if problem:
            where = f"jail '{self.jail}' action '{one.action.actname}'"
            yield Saying(Level.ERROR, f"Failed to {what} {where}: {problem}")
