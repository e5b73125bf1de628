"""The core: `handle(event, now) → commands`.

Owns every jail, every window and every ban's state. Events come in, commands go out; it never reaches outside, never
looks at a clock and never logs. `deadline()` says when it wants a `Tick`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from stockade.core.commands import Command, EndBan, Resolve, RetryBan, StartBan
from stockade.core.deadlines import Deadlines
from stockade.core.events import (
    BanAsked,
    Enforced,
    Event,
    Failures,
    Outcome,
    OwnAddresses,
    Resolved,
    Restored,
    Tick,
    UnbanAsked,
)
from stockade.core.jail import ActiveBan, Jail
from stockade.model.ban import Ban, BanState
from stockade.model.clock import Seconds, Wall
from stockade.model.identifier import canonical, parse_network
from stockade.model.record import WindowState
from stockade.model.settings import BanTimeSettings, FilterSettings, JailSettings, Settings

MANUAL_JAIL = "manual"
"""The jail of bans that the operator makes without naming one."""

MANUAL_BANTIME: Seconds = 86_400.0

SWEEP_SECONDS: Seconds = 5.0
"""How often windows in which nothing can come together any more are dropped."""

RESOLVE_SECONDS: Seconds = 300.0
"""How often host names of ignore rules are resolved again."""

SPARE_DEADLINES = 1024
"""Entries of ended bans that the heap of deadlines may hold, beside as many as bans stand."""

RETRY_SECONDS: tuple[Seconds, ...] = (0.2, 1.0, 5.0, 30.0)
"""Pauses before a failed block is tried again; the last one repeats for as long as the ban stands."""


class Core:
    """Decides; see the module's docstring."""

    def __init__(self, settings: Settings, now: Wall) -> None:
        self.jails: dict[str, Jail] = {}
        self._deadlines = Deadlines()
        self._next_sweep = Wall(now + SWEEP_SECONDS)
        self._next_resolve = now
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Takes a new configuration: bans and open windows of jails that go on stay, the others' bans run out."""
        before, self.jails = self.jails, {}
        for jail_settings in settings.jails:
            self.jails[jail_settings.name] = _carried_over(jail_settings, before.pop(jail_settings.name, None))
        for name, jail in before.items():
            if jail.bans:
                self.jails[name] = _carried_over(_bare(name), jail, is_orphan=True)

    def handle(self, event: Event, now: Wall) -> list[Command]:
        """Takes one event at the time `now`; returns what is to be done, in order."""
        match event:
            case Failures(jail, found):
                return self._watch(self.jails[jail].take(found, now))
            case Tick():
                return list(self._tick(now))
            case Enforced():
                self._enforced(event, now)
                return []
            case BanAsked():
                return self._ban_by_hand(event, now)
            case UnbanAsked():
                return list(self._unban(event, now))
            case Resolved(name, addresses):
                return self._watch([c for jail in self.jails.values() for c in jail.resolved(name, addresses, now)])
            case OwnAddresses(addresses):
                for owner in self.jails.values():
                    owner.rules.learn_own(addresses)
                return []
            case Restored():
                return list(self._restore(event, now))

    def deadline(self) -> Wall:
        """When the next `Tick` is due."""
        return Wall(min(self._next_sweep, self._deadlines.first() or self._next_sweep))

    def _watch(self, commands: list[Command]) -> list[Command]:
        """Sets a deadline for the end of every ban that starts."""
        for command in commands:
            if isinstance(command, StartBan):
                self._expect_end(command.ban)
        return commands

    def _expect_end(self, ban: Ban) -> None:
        if ban.until is not None:
            self._deadlines.add(ban.until, ban.jail, ban.id)

    def _tick(self, now: Wall) -> Iterator[Command]:
        for jail_name, identifier in self._deadlines.due(now):
            active = self._find(jail_name, identifier)
            if active is None:
                continue
            if active.ban.is_over(now):
                yield self._end(active, now, BanState.EXPIRED)
            elif active.state is BanState.FAILED:
                active.state = BanState.DECIDED
                yield RetryBan(active.ban)
        self._trim_deadlines()
        if now >= self._next_sweep:
            self._next_sweep = Wall(now + SWEEP_SECONDS)
            for jail in self.jails.values():
                jail.windows.sweep(now)
        if now >= self._next_resolve:
            self._next_resolve = Wall(now + RESOLVE_SECONDS)
            yield from map(Resolve, sorted({n for jail in self.jails.values() for n in jail.rules.names}))

    def _trim_deadlines(self) -> None:
        """Keeps the heap in proportion to the bans: lifted and replaced ones leave entries behind."""
        if len(self._deadlines) <= SPARE_DEADLINES:
            return
        standing = sum(len(jail.bans) for jail in self.jails.values())
        if len(self._deadlines) > 2 * standing + SPARE_DEADLINES:
            self._deadlines.keep({(name, i) for name, jail in self.jails.items() for i in jail.bans})

    def _find(self, jail: str, identifier: str) -> ActiveBan | None:
        owner = self.jails.get(jail)
        return owner.bans.get(identifier) if owner else None

    def _end(self, active: ActiveBan, now: Wall, state: BanState) -> EndBan:
        jail = self.jails[active.ban.jail]
        del jail.bans[active.ban.id]
        if jail.is_orphan and not jail.bans:
            del self.jails[active.ban.jail]
        return EndBan(active.ban, now, state)

    def _enforced(self, event: Enforced, now: Wall) -> None:
        for jail, identifier in event.bans:
            active = self._find(jail, identifier)
            if active is None:
                continue
            active.state = BanState(event.outcome.value)
            if event.outcome is Outcome.FAILED:
                pause = RETRY_SECONDS[min(active.tries, len(RETRY_SECONDS) - 1)]
                active.tries += 1
                self._deadlines.add(Wall(now + pause), jail, identifier)
            elif event.outcome is Outcome.VERIFIED:
                active.tries = 0

    def _ban_by_hand(self, event: BanAsked, now: Wall) -> list[Command]:
        jail = self._jail_for_hand(event.jail or MANUAL_JAIL)
        return self._watch([jail.ban_by_hand(text, event.seconds, event.reason, now) for text in event.ids])

    def _jail_for_hand(self, name: str) -> Jail:
        jail = self.jails.get(name)
        if jail is None:
            jail = self.jails[name] = Jail(_bare(name), is_orphan=True)
        return jail

    def _unban(self, event: UnbanAsked, now: Wall) -> Iterator[Command]:
        wanted = None if event.is_all else _Selection(event.ids)
        for jail in list(self.jails.values()):
            for active in list(jail.bans.values()):
                if wanted is None or active.ban.id in wanted:
                    yield self._end(active, now, BanState.LIFTED)
            for identifier in () if wanted is None else wanted.identifiers:
                jail.windows.close(identifier)

    def _restore(self, event: Restored, now: Wall) -> Iterator[Command]:
        for ban in event.bans:
            jail = self.jails.get(ban.jail) or self._jail_for_hand(ban.jail)
            jail.restore(ban)
            self._expect_end(ban)
        for window in event.windows:
            owner = self.jails.get(window.jail)
            if owner is not None and window.id in owner.bans:  # a ban may be on disk before its window's end is
                owner.windows.close(window.id)
            elif owner is not None:
                owner.windows.restore(window)
        yield from self._tick(now)

    def take_changed_windows(self) -> tuple[WindowState, ...]:
        """Every window that changed since the last call, for the ledger."""
        return tuple(w for name, jail in self.jails.items() for w in jail.windows.take_changed(name))

    def active_bans(self) -> Iterable[ActiveBan]:
        """Every ban that stands, jail by jail."""
        return (active for jail in self.jails.values() for active in jail.bans.values())

    def statistics(self) -> Mapping[str, int]:
        """Counters by `<jail>.<what>`, for the ledger, `status` and metrics."""
        return {f"{name}.{what}": count for name, jail in self.jails.items() for what, count in jail.counts.items()}

    def restore_counters(self, counters: Mapping[str, int]) -> None:
        """Goes on counting where the last run stopped."""
        for name, jail in self.jails.items():
            for what in jail.counts:
                jail.counts[what] = counters.get(f"{name}.{what}", jail.counts[what])


class _Selection:
    """Identifiers named by the operator: themselves, and every address inside a network named."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.identifiers = {canonical(text) for text in texts}
        self._networks = [n for text in texts if (n := parse_network(text)) is not None]

    def __contains__(self, identifier: str) -> bool:
        if identifier in self.identifiers:
            return True
        network = parse_network(identifier)
        return network is not None and any(
            wanted.version == network.version and network.overlaps(wanted) for wanted in self._networks
        )


def _carried_over(settings: JailSettings, before: Jail | None, *, is_orphan: bool = False) -> Jail:
    """A jail with new settings that keeps the bans, windows and counters it had."""
    jail = Jail(settings, is_orphan=is_orphan)
    if before is not None:
        jail.bans = before.bans
        jail.counts = before.counts
        jail.rules.learn_own(before.rules.own)
        for state in before.windows.all_states(settings.name):
            jail.windows.restore(state)
    return jail


def _bare(name: str) -> JailSettings:
    """Settings of a jail that has bans but no filter: bans by hand, or a jail that left the configuration."""
    ban = BanTimeSettings(bantime=MANUAL_BANTIME)
    return replace(JailSettings(name, FilterSettings("")), ban=ban, is_ignoreself=False)
