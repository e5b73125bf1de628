"""Service: carries out one request after the other against a backend, and answers each.

In: requests and the time. Out: replies; errors of the host become `Failed`. Owns the record of what is wanted. Knows
neither sockets nor processes: the enforcer's child and the recorder run the same one.
"""

from __future__ import annotations

from stockade.enforce.backend import Backend, TableLost
from stockade.enforce.codec import Refused
from stockade.enforce.protocol import (
    CAPACITY,
    AddBlocks,
    Close,
    Counted,
    Done,
    Ensure,
    Failed,
    Flush,
    LiftBlocks,
    ListBlocks,
    Listed,
    Probe,
    Probed,
    ReadCounters,
    Reply,
    Request,
    Verified,
    Verify,
)
from stockade.enforce.target import Target
from stockade.enforce.wanted import Plan, Wanted
from stockade.errors import FirewallError, StockadeError
from stockade.model.clock import Monotonic


class Service:
    """The enforcer's obedience, without its process."""

    def __init__(self, backend: Backend, capacity: int = CAPACITY) -> None:
        self._backend = backend
        self._wanted = Wanted(capacity)
        self._fresh: Wanted | None = None
        self._capacity = capacity
        self._repairs = 0
        self.is_closed = False

    def handle(self, serial: int, request: Request, now: Monotonic, sent: Monotonic) -> Reply:
        """Carries out a request; its timeouts count from `sent`. Raises Refused for one out of order: then end."""
        if self._fresh is not None and not isinstance(request, Ensure):
            raise Refused("a request came between the parts of an Ensure")
        try:
            return self._dispatch(serial, request, now, min(sent, now))
        except StockadeError as problem:
            return Failed(serial, problem.code, problem.message, problem.remedy)

    def _dispatch(self, serial: int, request: Request, now: Monotonic, sent: Monotonic) -> Reply:
        match request:
            case Ensure():
                return self._ensure(serial, request, now, sent)
            case AddBlocks(blocks):
                return Done(serial, self._apply(self._wanted.plan_add(blocks, now, sent), now))
            case LiftBlocks(pairs):
                return Done(serial, self._apply(self._wanted.plan_lift(pairs, now), now))
            case Flush(jail):
                return Done(serial, self._apply(self._wanted.plan_flush(jail, now), now))
            case Verify():
                return self._verify(serial, request, now)
            case ListBlocks(start):
                return Listed(serial, *self._wanted.page(start, now))
            case ReadCounters():
                return Counted(serial, tuple(self._backend.counters()))
            case Probe():
                is_intact = self._backend.is_intact()
                return Probed(serial, self._backend.name, is_intact, len(self._wanted), self._repairs)
            case Close(is_keep):
                return self._close(serial, is_keep)

    def _ensure(self, serial: int, request: Ensure, now: Monotonic, sent: Monotonic) -> Reply:
        """A part that exceeds the bound is refused by itself; the last one carries out all that were taken."""
        fresh = self._fresh if self._fresh is not None else Wanted(self._capacity)
        self._fresh = None if request.is_last else fresh
        refusal: Failed | None = None
        try:
            fresh.take(fresh.plan_add(request.blocks, now, sent), now)
        except FirewallError as problem:
            refusal = Failed(serial, problem.code, problem.message, problem.remedy)
        if not request.is_last:
            return refusal or Done(serial)
        changed = self._backend.rebuild(fresh.elements(now))
        self._wanted = fresh
        return refusal or Done(serial, changed)

    def _apply(self, plan: Plan, now: Monotonic) -> int:
        changes = self._wanted.changes(plan, now)
        if changes:
            try:
                self._backend.write(changes)
            except TableLost:
                self._repair(plan, now)
        self._wanted.take(plan, now)
        return len(changes)

    def _repair(self, plan: Plan | None, now: Monotonic) -> None:
        """Somebody removed our table or rules: makes all of it anew, with every block."""
        self._backend.rebuild(self._wanted.elements(now, plan))
        self._repairs += 1

    def _verify(self, serial: int, request: Verify, now: Monotonic) -> Verified:
        is_repaired = not self._backend.is_intact()
        if is_repaired:
            self._repair(None, now)
        missing = self._backend.missing([Target.of(network) for network in request.networks])
        return Verified(serial, tuple(missing), is_repaired)

    def _close(self, serial: int, is_keep: bool) -> Done:
        if not is_keep:
            self._backend.remove()
        self.is_closed = True
        return Done(serial)
