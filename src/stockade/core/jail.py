"""One jail at work: its windows, its ignore rules and its active bans. Owned by the core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stockade.core.commands import Command, Ignored, Resolve, StartBan
from stockade.core.ignore import IgnoreRules
from stockade.core.window import Window, Windows
from stockade.model.ban import Ban, BanOrigin, BanState
from stockade.model.clock import Seconds, Wall
from stockade.model.failure import Failure, Found
from stockade.model.identifier import MAX_LENGTH, canonical, widen_v6
from stockade.model.settings import JailSettings

MAX_UNRESOLVED = 1024
"""Failures waiting for the address of a host name, per jail. Beyond it they are dropped, and counted."""

MAX_WIDENED = 65_536
"""Remembered IPv6 networks of addresses. At the bound all are forgotten and computed again."""

MAX_SAID = 4096
"""Identifiers whose exemption was said. At the bound they are forgotten, and may be said again."""


class ActiveBan:
    """A ban that stands, and how far its effect has got."""

    __slots__ = ("ban", "state", "tries")

    def __init__(self, ban: Ban, state: BanState = BanState.DECIDED) -> None:
        self.ban = ban
        self.state = state
        self.tries = 0


class Jail:
    """Counts failures and decides bans for one jail."""

    def __init__(self, settings: JailSettings, *, is_orphan: bool = False) -> None:
        self.settings = settings
        self.is_orphan = is_orphan
        self.bans: dict[str, ActiveBan] = {}
        self.windows = Windows(settings.maxretry, settings.findtime, settings.maxmatches)
        self.rules = IgnoreRules(settings.ignoreip, is_ignoreself=settings.is_ignoreself)
        self.counts = {"failures": 0, "bans": 0, "ignored": 0, "after_ban": 0, "unresolved": 0, "expired": 0}
        self._prefix = settings.prefix_v6
        self._widened: dict[str, str] = {}
        self._unresolved: dict[str, list[Failure]] = {}
        self._said: set[str] = set()

    def take(self, found: Found, now: Wall) -> list[Command]:
        """Counts failures in the order given; returns the bans they lead to.

        Under attack nearly all are of identifiers that are banned already: they are passed over in one sweep.
        """
        commands: list[Command] = []
        ids, bans, is_widening = found.ids, self.bans, self._prefix < 128
        others = [index for index, identifier in enumerate(ids) if identifier not in bans]
        counted = 0
        for index in others:
            identifier = ids[index][:MAX_LENGTH]
            if is_widening and ":" in identifier:
                identifier = self._widen(identifier)
            if identifier not in bans:
                counted += 1
                self._count(identifier, found.failure(index), now, commands)
        self.counts["failures"] += len(ids)
        self.counts["after_ban"] += len(ids) - counted
        return commands

    def _count(self, identifier: str, failure: Failure, now: Wall, commands: list[Command]) -> None:
        if failure.is_name:
            commands += self._wait_for_addresses(identifier, failure)
            return
        rule = self.rules.rule_for(identifier)
        if rule:
            commands += self._ignore(identifier, rule)
        elif self.windows.add(identifier, failure, now):
            window = self.windows.close(identifier)
            if window is not None:
                commands += self._ban_for(identifier, failure, window, now)

    def _ignore(self, identifier: str, rule: str) -> Iterator[Command]:
        self.counts["ignored"] += 1
        if len(self._said) >= MAX_SAID:
            self._said.clear()
        if identifier not in self._said:
            self._said.add(identifier)
            yield Ignored(self.settings.name, identifier, rule)

    def _widen(self, identifier: str) -> str:
        network = self._widened.get(identifier)
        if network is None:
            if len(self._widened) >= MAX_WIDENED:
                self._widened.clear()
            network = self._widened[identifier] = widen_v6(identifier, self._prefix)
        return network

    def _wait_for_addresses(self, name: str, failure: Failure) -> Iterator[Command]:
        waiting = self._unresolved.get(name)
        if waiting is None:
            if len(self._unresolved) >= MAX_UNRESOLVED:
                self.counts["unresolved"] += 1
                return
            waiting = self._unresolved[name] = []
            yield Resolve(name)
        if len(waiting) < self.settings.maxretry:
            waiting.append(failure)

    def resolved(self, name: str, addresses: tuple[str, ...], now: Wall) -> list[Command]:
        """Takes the addresses of a name: every failure that waited for it counts for each of them."""
        self.rules.learn(name, addresses)
        waiting = self._unresolved.pop(name, [])
        if waiting and not addresses:
            self.counts["unresolved"] += len(waiting)
        return self.take(_Named([(failure, address) for failure in waiting for address in addresses]), now)

    def _ban_for(self, identifier: str, last: Failure, window: Window, now: Wall) -> Iterator[Command]:
        """A ban runs from its last failure, so reading the same lines again gives the same end; one that would be over
        already (a backlog) is not started."""
        since = Wall(min(window.times[-1], now))
        ban = Ban(
            jail=self.settings.name,
            id=identifier,
            since=since,
            until=self.end_of_ban(since, None),
            failures=len(window.times),
            reason=self._reason(len(window.times), last),
        )
        if ban.is_over(now):
            self.counts["expired"] += 1
            return
        self._take_up(ban)
        maxmatches = self.settings.maxmatches
        yield StartBan(ban, window.first_fields(), window.matches()[-maxmatches:] if maxmatches else ())

    def _reason(self, failures: int, last: Failure) -> str:
        """Why it is banned, for people."""
        within = f"{failures} failures within findtime ({self.settings.findtime:g} s)"
        return f"{within}, maxretry is {self.settings.maxretry}; the last matched failregex {last.rule + 1}"

    def end_of_ban(self, now: Wall, seconds: Seconds | None) -> Wall | None:
        """When a ban that begins now ends: after `seconds`, or after the jail's bantime; None for never."""
        duration = self.settings.ban.bantime if seconds is None else seconds
        return None if duration < 0 else Wall(now + duration)

    def _take_up(self, ban: Ban) -> None:
        self.bans[ban.id] = ActiveBan(ban)
        self.counts["bans"] += 1

    def ban_by_hand(self, text: str, seconds: Seconds | None, reason: str, now: Wall) -> StartBan:
        """Bans an identifier without asking the ignore rules, as the dialect has it; a standing ban is replaced."""
        identifier = canonical(text)
        self.windows.close(identifier)
        until = self.end_of_ban(now, seconds)
        ban = Ban(self.settings.name, identifier, now, until, origin=BanOrigin.MANUAL, reason=reason)
        self._take_up(ban)
        return StartBan(ban)

    def restore(self, ban: Ban) -> None:
        """Takes up a ban of the ledger, without evidence; it counts as decided until the enforcer says more."""
        self.bans[ban.id] = ActiveBan(ban)


class _Named:
    """Failures of a host name, once for each of its addresses."""

    def __init__(self, pairs: Sequence[tuple[Failure, str]]) -> None:
        self._pairs = pairs
        self.ids = [address for _, address in pairs]

    def failure(self, index: int, /) -> Failure:
        """See `Found`."""
        return _AtAddress(*self._pairs[index])


class _AtAddress:
    """A failure whose host name turned out to be this address."""

    __slots__ = ("_failure", "id")

    ip = ""
    is_name = False

    def __init__(self, failure: Failure, address: str) -> None:
        self._failure = failure
        self.id = address

    @property
    def time(self) -> float:
        return self._failure.time

    @property
    def rule(self) -> int:
        return self._failure.rule

    @property
    def fields(self) -> dict[str, str]:
        return self._failure.fields

    @property
    def matches(self) -> list[str]:
        return self._failure.matches
