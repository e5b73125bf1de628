"""Wanted: which jails hold which networks, until when. The enforcer's own record, bounded by `CAPACITY`.

In: blocks and lifts with the time of day. Out: the changes they mean for the kernel, as a plan that is taken over only
once the kernel has them. Pure: no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from stockade.enforce.protocol import BATCH, CAPACITY, JAILS
from stockade.enforce.target import FOREVER, Change, Element, Target
from stockade.errors import FirewallError
from stockade.model.block import Block, Network
from stockade.model.clock import Monotonic

Holds = tuple[Element, ...]
"""The jails that hold one network, each with its deadline; hardly ever more than one."""

Plan = dict[Target, Holds]
"""Next holds of the targets that change; none means that the target is let go."""

_SWEEP_AT_LEAST = 4096


class Wanted:
    """The record. An expired hold counts as absent; it is cleared away when its target or a sweep comes by."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._holds: dict[Target, Holds] = {}
        self._capacity = capacity
        self._sweep_at = _SWEEP_AT_LEAST

    def __len__(self) -> int:
        return len(self._holds)

    def plan_add(self, blocks: Iterable[Block], now: Monotonic, sent: Monotonic | None = None) -> Plan:
        """Plans blocks whose timeouts count from `sent`; one that its jail already holds gets the new deadline.

        FirewallError at the bound.
        """
        since = now if sent is None else sent
        plan: Plan = {}
        for block in blocks:
            if block.network.prefixlen == 0:
                raise FirewallError(
                    f"refuses to block {block.network}: that is everybody", "ban a network with a prefix length"
                )
            target = Target.of(block.network)
            others = self._others(plan, target, block.jail, now)
            if len(others) >= JAILS:
                raise FirewallError(f"{block.network} is held by {JAILS} jails, the bound")
            deadline = FOREVER if block.timeout is None else since + block.timeout
            plan[target] = (*others, Element(block.jail, deadline))
        self._check_room(plan, now)
        return plan

    def plan_lift(self, pairs: Iterable[tuple[str, Network]], now: Monotonic) -> Plan:
        """Plans the end of jails' holds; what is not held is left out."""
        plan: Plan = {}
        for jail, network in pairs:
            target = Target.of(network)
            if target in self._holds or target in plan:
                plan[target] = self._others(plan, target, jail, now)
        return plan

    def plan_flush(self, jail: str | None, now: Monotonic) -> Plan:
        """Plans the end of everything one jail holds, or all jails hold."""
        if jail is None:
            return dict.fromkeys(self._holds, ())
        held = [target for target, holds in self._holds.items() if any(hold.jail == jail for hold in holds)]
        return {target: self._others({}, target, jail, now) for target in held}

    def changes(self, plan: Plan, now: Monotonic) -> list[Change]:
        """Lists what a plan means for the kernel; holds that do not change what the kernel does are left out."""
        changes = []
        for target, holds in plan.items():
            before, after = _element(self._holds.get(target, ()), now), _element(holds, now)
            if before != after:
                changes.append(Change(target, before is not None, after))
        return changes

    def take(self, plan: Plan, now: Monotonic) -> None:
        """Takes a plan over, after the kernel has done so."""
        for target, holds in plan.items():
            if holds:
                self._holds[target] = holds
            else:
                self._holds.pop(target, None)
        if len(self._holds) >= self._sweep_at:
            self._sweep(now)

    def elements(self, now: Monotonic, plan: Plan | None = None) -> dict[Target, Element]:
        """Gives every element that should be in the kernel, once a plan is taken over."""
        holds = {**self._holds, **plan} if plan else self._holds
        found = ((target, _element(held, now)) for target, held in holds.items())
        return {target: element for target, element in found if element is not None}

    def page(self, start: int, now: Monotonic) -> tuple[tuple[Block, ...], int | None]:
        """Gives up to `BATCH` blocks from the `start`-th network on, and where to go on (None: no more)."""
        blocks: list[Block] = []
        for index, (target, holds) in enumerate(islice(self._holds.items(), start, None), start):
            live = _live(holds, now)
            if len(blocks) + len(live) > BATCH:
                return tuple(blocks), index
            blocks += [
                Block(hold.jail, target.network(), None if hold.deadline == FOREVER else hold.deadline - now)
                for hold in live
            ]
        return tuple(blocks), None

    def _others(self, plan: Plan, target: Target, jail: str, now: Monotonic) -> Holds:
        """The holds of a target except one jail's, as planned so far."""
        holds = plan[target] if target in plan else self._holds.get(target, ())
        return tuple([hold for hold in holds if hold.jail != jail and hold.deadline > now]) if holds else ()

    def _check_room(self, plan: Plan, now: Monotonic) -> None:
        new = sum(1 for target in plan if target not in self._holds)
        if len(self._holds) + new > self._capacity:
            self._sweep(now)
            new = sum(1 for target in plan if target not in self._holds)
        if len(self._holds) + new > self._capacity:
            raise FirewallError(
                f"{len(self._holds)} networks are blocked, {new} more exceed the bound of {self._capacity}",
                "lift bans, shorten bantime, or ban prefixes (banprefix6)",
            )

    def _sweep(self, now: Monotonic) -> None:
        """Forgets what has expired; next at twice the size, so that its cost stays constant per block."""
        gone = [target for target, holds in self._holds.items() if not _live(holds, now)]
        for target in gone:
            del self._holds[target]
        self._sweep_at = max(_SWEEP_AT_LEAST, 2 * len(self._holds))


def _live(holds: Holds, now: Monotonic) -> Holds:
    return tuple([hold for hold in holds if hold.deadline > now])


def _element(holds: Holds, now: Monotonic) -> Element | None:
    """The element that stands for holds: the one that lasts longest; names decide between equals."""
    if len(holds) == 1:  # nearly always
        return holds[0] if holds[0].deadline > now else None
    live = _live(holds, now)
    return max(live, key=lambda hold: (hold.deadline, hold.jail)) if live else None
