"""The core: `handle(event, now) → commands`.

Owns every jail, every window and every ban's state. Events come in, commands go out; it never reaches outside, never
looks at a clock and never logs. `deadline()` says when it wants a `Tick`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from stockade.core.bantime import Draw
from stockade.core.commands import (
    Beaten,
    ChangeBan,
    Command,
    EndBan,
    Forgive,
    Ignored,
    RedateBan,
    Resolve,
    RetryBan,
    StartBan,
)
from stockade.core.deadlines import Deadlines
from stockade.core.events import (
    BanAsked,
    Beat,
    ClockStepped,
    Enforced,
    Event,
    Failures,
    IgnoreAnswered,
    IgnoreFile,
    Outcome,
    OwnAddresses,
    Resolved,
    Restored,
    Tick,
    UnbanAsked,
)
from stockade.core.jail import ActiveBan, Jail, no_chance
from stockade.core.past import PastBans
from stockade.core.selection import Selection
from stockade.model.ban import Ban, BanState, Past
from stockade.model.clock import Seconds, Wall
from stockade.model.record import WindowState
from stockade.model.settings import BanTimeSettings, FilterSettings, JailSettings, Settings

MANUAL_JAIL = "manual"
"""The jail of bans that the operator makes without naming one."""

MANUAL_BANTIME: Seconds = 86_400.0

SWEEP_SECONDS: Seconds = 5.0
"""How often windows in which nothing can come together any more are dropped."""

RESOLVE_SECONDS: Seconds = 300.0
"""How often host names of ignore rules are resolved again."""

FORGET_SECONDS: Seconds = 3600.0
"""How often what is remembered of earlier bans is gone through for what is stale."""

SPARE_DEADLINES = 1024
"""Entries of ended bans that the heap of deadlines may hold, beside as many as bans stand."""

RETRY_SECONDS: tuple[Seconds, ...] = (0.2, 1.0, 5.0, 30.0)
"""Pauses before a failed block is tried again; the last one repeats for as long as the ban stands."""


class Core:
    """Decides; see the module's docstring."""

    def __init__(self, settings: Settings, now: Wall, draw: Draw = no_chance) -> None:
        """`draw` is the chance of `bantime.rndtime` and of formulas: numbers 0 ≤ x < 1."""
        self.jails: dict[str, Jail] = {}
        self._draw = draw
        self._past = PastBans()
        self._deadlines = Deadlines()
        self._next_sweep = Wall(now + SWEEP_SECONDS)
        self._next_forget = Wall(now + FORGET_SECONDS)
        self._next_resolve = now
        self._age = settings.daemon.dbpurgeage
        self.configure(settings, now)

    def configure(self, settings: Settings, now: Wall) -> list[Command]:
        """Takes a new configuration: bans and open windows of jails that go on stay, the others' bans run out.

        Bans that are longer than the new settings allow are cut, and lifted where a new rule exempts their identifier.
        """
        before, self.jails = self.jails, {}
        self._age = settings.daemon.dbpurgeage
        self._next_resolve = now
        for jail_settings in settings.jails:
            self._carry_over(jail_settings, before.pop(jail_settings.name, None))
        for name, jail in before.items():
            if jail.bans:
                self._carry_over(_bare(name), jail, is_orphan=True)
        return list(self._adjust(now))

    def _carry_over(self, settings: JailSettings, before: Jail | None, *, is_orphan: bool = False) -> Jail:
        """A jail with new settings that keeps what it had."""
        recall = partial(self._recall, settings.name)
        jail = Jail(settings, is_orphan=is_orphan, recall=recall, draw=self._draw)
        if before is not None:
            jail.take_over(before)
        self.jails[settings.name] = jail
        return jail

    def _adjust(self, now: Wall) -> Iterator[Command]:
        """Makes the bans that stand agree with the present settings."""
        for jail in list(self.jails.values()):
            for active, rule in list(jail.exempt()):
                yield Ignored(jail.settings.name, active.ban.id, rule)
                yield self._end(active, now, BanState.LIFTED)
            yield from self._watch(list(jail.shorten()))

    def handle(self, event: Event, now: Wall) -> list[Command]:
        """Takes one event at the time `now`; returns what is to be done, in order."""
        match event:
            case Failures(jail, found, is_spoofable):
                return self._watch(self.jails[jail].take(found, now, is_spoofable=is_spoofable))
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
            case OwnAddresses() | IgnoreFile():
                self._learn(event)
                return []
            case IgnoreAnswered():
                return self._ignore_answered(event, now)
            case Restored():
                return list(self._restore(event, now))
            case ClockStepped(seconds):
                return list(self._redate(seconds, now))
            case Beat(number):
                return [Beaten(number)]

    def deadline(self) -> Wall:
        """When the next `Tick` is due."""
        return Wall(min(self._next_sweep, self._deadlines.first() or self._next_sweep))

    def _learn(self, event: OwnAddresses | IgnoreFile) -> None:
        for jail in self.jails.values():
            match event:
                case OwnAddresses(addresses, names):
                    jail.rules.learn_own(addresses, names)
                case IgnoreFile(entry, content):
                    jail.rules.learn_file(entry, content)

    def _redate(self, seconds: Seconds, now: Wall) -> Iterator[RedateBan]:
        """Moves everything that stands with the clock: bans end after as many seconds as they would have, and failures
        are as old as they were. What is remembered of bans that are over keeps its dates."""
        self._next_sweep = Wall(now + SWEEP_SECONDS)
        self._next_forget, self._next_resolve = Wall(now + FORGET_SECONDS), now
        self._deadlines = Deadlines()
        for jail in self.jails.values():
            jail.windows.shift(seconds)
            for active in jail.bans.values():
                if active.state is BanState.FAILED:
                    self._deadlines.add(now, jail.settings.name, active.ban.id)
                if active.ban.until is not None:
                    active.ban = replace(active.ban, until=Wall(active.ban.until + seconds))
                    self._expect_end(active.ban)
                    yield RedateBan(active.ban)

    def _ignore_answered(self, event: IgnoreAnswered, now: Wall) -> list[Command]:
        jail = self.jails.get(event.jail)
        return [] if jail is None else self._watch(jail.ignore_answered(event.key, event.is_ignored, now))

    def _recall(self, jail: str, identifier: str, now: Wall, is_everywhere: bool) -> Past | None:
        """What is known of earlier bans: by one jail, or by all together (their sum, and the last of them)."""
        own = self._past.find(jail, identifier, now, self._age)
        if not is_everywhere:
            return own
        known = [own] if own else []
        for other in dict.fromkeys((*self.jails, *self._past.jails())):
            if other != jail:
                active = self._find(other, identifier)
                past = Past.of(active.ban) if active else self._past.find(other, identifier, now, self._age)
                known += [past] if past else []
        if not known:
            return None
        return replace(max(known, key=lambda past: past.since), count=sum(past.count for past in known))

    def _watch(self, commands: Sequence[Command]) -> list[Command]:
        """Sets a deadline for the end of every ban that starts or changes."""
        for command in commands:
            if isinstance(command, (StartBan, ChangeBan)):  # of a union, each call would make a new one
                self._expect_end(command.ban)
        return list(commands)

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
        if now >= self._next_forget:
            self._next_forget = Wall(now + FORGET_SECONDS)
            self._past.sweep(now, self._age)
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
        """Ends a ban. One that ran out is remembered, one that was lifted is forgiven, with all that was before it."""
        jail = self.jails[active.ban.jail]
        del jail.bans[active.ban.id]
        if state is BanState.EXPIRED:
            self._past.learn(Past.of(active.ban))
        else:
            self._past.forget(active.ban.jail, active.ban.id)
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
                self.jails[jail].count_verified(active)

    def _ban_by_hand(self, event: BanAsked, now: Wall) -> list[Command]:
        jail = self._jail_for_hand(event.jail or MANUAL_JAIL)
        return self._watch([jail.ban_by_hand(text, event.seconds, event.reason, now) for text in event.ids])

    def _jail_for_hand(self, name: str) -> Jail:
        jail = self.jails.get(name)
        if jail is None:
            jail = self._carry_over(_bare(name), None, is_orphan=True)
        return jail

    def _unban(self, event: UnbanAsked, now: Wall) -> Iterator[Command]:
        """Lifts bans, and forgives: whatever was counted, and the bans of before (§4.7 of the dialect)."""
        wanted = None if event.is_all else Selection(event.ids)
        for jail in list(self.jails.values()):
            for active in list(jail.bans.values()):
                if wanted is None or active.ban.id in wanted:
                    yield self._end(active, now, BanState.LIFTED)
            for identifier in () if wanted is None else wanted.identifiers:
                jail.windows.close(identifier)
        if wanted is None:
            yield from map(Forgive, self._past.forget_all())
            return
        for name in self._past.jails():
            for identifier in wanted.among(self._past.ids(name)):
                self._past.forget(name, identifier)
                yield Forgive(name, identifier)

    def _restore(self, event: Restored, now: Wall) -> Iterator[Command]:
        for past in event.past:
            self._past.learn(past)
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
        yield from self._adjust(now)
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


def _bare(name: str) -> JailSettings:
    """Settings of a jail that has bans but no filter: bans by hand, or a jail that left the configuration."""
    ban = BanTimeSettings(bantime=MANUAL_BANTIME)
    return replace(JailSettings(name, FilterSettings("")), ban=ban, is_ignoreself=False)
