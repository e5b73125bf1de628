"""One jail at work: its windows, its ignore rules and its active bans. Owned by the core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from stockade.core.bantime import LONGEST, BanTimes, Draw, Length, needed, weight
from stockade.core.commands import (
    AlreadyBanned,
    AskIgnore,
    ChangeBan,
    Command,
    FoundBad,
    Ignored,
    NotBegun,
    Resolve,
    StartBan,
    Withheld,
)
from stockade.core.doubts import Doubts
from stockade.core.ignore import IGNORECOMMAND, IgnoreRules
from stockade.core.named import Named
from stockade.core.questions import Questions, Verdict
from stockade.core.window import Window, Windows
from stockade.model.ban import NO_FIELDS, Ban, BanOrigin, BanState, Past
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


COUNTED = ("failures", "bans", "verified", "ignored", "after_ban", "unresolved", "expired", "unasked", "doubted")
"""What a jail counts, for ever."""

LATE_STEPS: tuple[Seconds, ...] = (3.0, 60.0)
"""How long after its ban somebody may be seen before that is said louder (§4.3 of the dialect); once per step."""

Recall = Callable[[str, Wall, bool], Past | None]
"""What is known of an identifier's earlier bans at a time: by this jail, or (True) by all jails together."""


def nobody_knows(_identifier: str, _now: Wall, _everywhere: bool) -> Past | None:
    """The recall of a jail without a past."""
    return None


def no_chance() -> float:
    """A draw that always gives the least."""
    return 0.0


class ActiveBan:
    """A ban that stands, how far its effect has got, and how loudly it was said that its identifier is seen still."""

    __slots__ = ("ban", "is_counted", "said", "state", "tries")

    def __init__(self, ban: Ban, state: BanState = BanState.DECIDED, *, is_counted: bool = False) -> None:
        """`is_counted`: that it was verified has been counted (an earlier run did, as a rule, for a restored one)."""
        self.ban = ban
        self.state = state
        self.tries = 0
        self.said = 0
        self.is_counted = is_counted


class Jail:
    """Counts failures and decides bans for one jail."""

    def __init__(
        self,
        settings: JailSettings,
        *,
        is_orphan: bool = False,
        recall: Recall = nobody_knows,
        draw: Draw = no_chance,
    ) -> None:
        self.settings = settings
        self.is_orphan = is_orphan
        self.bans: dict[str, ActiveBan] = {}
        self.windows = Windows(settings.maxretry, settings.findtime, settings.maxmatches)
        self.doubts = Doubts(settings.maxretry, settings.findtime)
        self.rules = IgnoreRules(settings.ignoreip, is_ignoreself=settings.is_ignoreself)
        self.times = BanTimes(settings.ban, draw)
        self.counts = dict.fromkeys(COUNTED, 0)
        self._recall = recall
        self._questions: Questions | None = None
        if settings.ignorecommand:
            self._questions = Questions(settings.name, settings.ignorecache, settings.maxretry)
        self._is_careful = self.times.is_growing or self._questions is not None
        self._prefix = settings.prefix_v6
        self._widened: dict[str, str] = {}
        self._unresolved: dict[str, list[Failure]] = {}
        self._said: set[str] = set()

    def take_over(self, before: Jail) -> None:
        """Goes on from the same jail with earlier settings: its bans, windows, counters, and whatever waits."""
        self.bans = before.bans
        self.counts = before.counts
        self.rules.take_over(before.rules)
        self._unresolved = before._unresolved
        if self._questions is not None and before._questions is not None:
            self._questions.take_over(before._questions)
        for state in before.windows.all_states(self.settings.name):
            self.windows.restore(state)

    def take(self, found: Found, now: Wall, *, is_spoofable: bool = False) -> list[Command]:
        """Counts failures in the order given; returns the bans they lead to.

        Under attack nearly all are of identifiers that are banned already: they are passed over in one sweep.
        """
        if is_spoofable and not self.settings.is_spoofable_banned:
            return self._doubt(found)
        commands: list[Command] = []
        bans, is_widening = self.bans, self._prefix < 128
        others = found.others(bans)
        counted = 0
        for index in others:
            failure = found.failure(index)
            identifier = failure.id[:MAX_LENGTH]
            if is_widening and ":" in identifier:
                identifier = self._widen(identifier)
            if identifier not in bans:
                counted += 1
                self._count(identifier, failure, now, commands)
        self.counts["failures"] += len(found)
        self.counts["after_ban"] += len(found) - counted
        if len(others) < len(found):
            self._look_at_last(found, commands)
        return commands

    def _doubt(self, found: Found) -> list[Command]:
        """Takes failures whose lines anybody could have sent: it is only said whom they would have banned."""
        self.counts["doubted"] += len(found.ids)
        commands: list[Command] = []
        for index, text in enumerate(found.ids):
            identifier = text[:MAX_LENGTH]
            if self._prefix < 128 and ":" in identifier:
                identifier = self._widen(identifier)
            is_known = identifier in self.bans or self.rules.rule_for(identifier)
            if not is_known and self.doubts.add(identifier, found.failure(index).time):
                commands.append(Withheld(self.settings.name, identifier, self.settings.maxretry))
        return commands

    def _look_at_last(self, found: Found, commands: list[Command]) -> None:
        """Notices who goes on in spite of a ban. One look a scan, at its last failure: in a flood it is nobody in
        particular, in quiet times it is everybody."""
        last = found.failure(len(found) - 1)
        active = self.bans.get(last.id)
        if active is not None and active.said <= len(LATE_STEPS):
            late = last.time - active.ban.since
            step = 1 + sum(late >= bound for bound in LATE_STEPS)
            if step > active.said:
                active.said = step
                commands.append(AlreadyBanned(active.ban, late))

    def _count(self, identifier: str, failure: Failure, now: Wall, commands: list[Command]) -> None:
        if failure.is_name:
            commands += self._wait_for_addresses(identifier, failure)
            return
        rule = self.rules.rule_for(identifier)
        if rule:
            commands += self._ignore(identifier, rule)
        elif self._is_careful:
            self._count_carefully(identifier, failure, now, commands)
        elif self.windows.add(identifier, failure, now):
            commands += self._close_window(identifier, failure, now)

    def _count_carefully(self, identifier: str, failure: Failure, now: Wall, commands: list[Command]) -> None:
        """Counts in a jail with `ignorecommand` or `bantime.increment`."""
        if self._questions is not None:
            key = self._questions.key_of(identifier, failure)
            verdict = self._questions.consider(key, identifier, failure, now)
            if verdict is Verdict.ASK:
                commands.append(AskIgnore(self.settings.name, key, identifier, failure))
            elif verdict is Verdict.IGNORED:
                commands += self._ignore(identifier, IGNORECOMMAND)
            elif verdict is Verdict.UNASKED:
                self.counts["unasked"] += 1
            if verdict not in (Verdict.COUNTED, Verdict.UNASKED):
                return
        commands += self._count_known(identifier, failure, now)

    def _count_known(self, identifier: str, failure: Failure, now: Wall) -> Iterator[Command]:
        """Counts a failure of somebody who may have been banned before: such failures weigh more (§4.6)."""
        earlier, maxretry = 0, self.settings.maxretry
        past = self._recall(identifier, now, False) if self.times.is_growing else None
        if past is not None and failure.time > past.since:
            earlier = past.count
        is_due = self.windows.add(identifier, failure, now, needed(earlier, maxretry))
        weighs = weight(earlier, maxretry)
        if weighs > 1:
            time = Wall(failure.time)
            yield FoundBad(self.settings.name, identifier, time, earlier, weighs, is_due)
        if is_due:
            yield from self._close_window(identifier, failure, now)

    def ignore_answered(self, key: str, is_ignored: bool, now: Wall) -> list[Command]:
        """Takes an answer of `ignorecommand`: what waited for it is ignored, or counts as if it came now."""
        commands: list[Command] = []
        waiting = self._questions.answered(key, is_ignored, now) if self._questions is not None else []
        for identifier, failure in waiting:
            if is_ignored:
                commands += self._ignore(identifier, IGNORECOMMAND)
            elif identifier not in self.bans:
                commands += self._count_known(identifier, failure, now)
            else:
                self.counts["after_ban"] += 1
        return commands

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

    def is_waiting_for(self, name: str) -> bool:
        """Tells whether a failure waits for the addresses of a name."""
        return name in self._unresolved

    def resolved(self, name: str, addresses: tuple[str, ...], now: Wall) -> list[Command]:
        """Takes the addresses of a name: every failure that waited for it counts for each of them."""
        self.rules.learn(name, addresses)
        waiting = self._unresolved.pop(name, [])
        if waiting and not addresses:
            self.counts["unresolved"] += len(waiting)
        return self.take(Named([(failure, address) for failure in waiting for address in addresses]), now)

    def _close_window(self, identifier: str, last: Failure, now: Wall) -> Iterator[Command]:
        window = self.windows.close(identifier)
        if window is not None:
            yield self._ban_for(identifier, last, window, now)

    def _ban_for(self, identifier: str, last: Failure, window: Window, now: Wall) -> StartBan | NotBegun:
        """A ban runs from its last failure, so reading the same lines again gives the same end; one that would be over
        already (a backlog) is not started."""
        since = Wall(min(window.times[-1], now))
        own, previous = self._earlier(identifier, now)
        length = self._length(previous)
        ban = Ban(
            jail=self.settings.name,
            id=identifier,
            since=since,
            until=_end(since, length.seconds),
            count=own.count + 1 if own else 1,
            failures=len(window.times),
            reason=self._reason(len(window.times), last, previous, length.trouble),
        )
        is_same_again = self.times.is_growing and own is not None and since <= own.since
        if ban.is_over(now) or is_same_again:
            self.counts["expired"] += 1
            return NotBegun(self.settings.name, identifier)
        self._take_up(ban)
        maxmatches, first = self.settings.maxmatches, window.first_fields()
        matches = window.matches()[-maxmatches:] if maxmatches else ()
        fields = last.fields
        last_fields = fields if fields != first else NO_FIELDS
        return StartBan(ban, first, matches, last_fields, self._told(previous), self.times.usual)

    def _earlier(self, identifier: str, now: Wall) -> tuple[Past | None, Past | None]:
        """What this jail knows of an identifier's earlier bans, and what counts for the length of the next one."""
        own = self._recall(identifier, now, False)
        is_everywhere = self.times.is_growing and self.settings.ban.is_overalljails
        return own, self._recall(identifier, now, True) if is_everywhere else own

    def _length(self, previous: Past | None) -> Length:
        return self.times.length(previous.count if previous else 0)

    def _told(self, previous: Past | None) -> Past | None:
        return previous if self.times.is_growing else None

    def _reason(self, failures: int, last: Failure, previous: Past | None, trouble: str) -> str:
        """Why it is banned, for people."""
        within = f"{failures} failures within findtime ({self.settings.findtime:g} s)"
        known = f"; banned {previous.count} times before" if previous is not None and self.times.is_growing else ""
        more = f"; {trouble}" if trouble else ""
        rule = last.rule + 1
        return f"{within}, maxretry is {self.settings.maxretry}; the last matched failregex {rule}{known}{more}"

    def _take_up(self, ban: Ban) -> None:
        self.bans[ban.id] = ActiveBan(ban)
        self.counts["bans"] += 1

    def ban_by_hand(self, text: str, seconds: Seconds | None, reason: str, now: Wall) -> Command:
        """Bans an identifier without asking the ignore rules, as the dialect has it. `seconds` None means as long as
        the jail would. Of a ban that stands the later end wins; to shorten one it has to be lifted first."""
        identifier = canonical(text)
        self.windows.close(identifier)
        active = self.bans.get(identifier)
        if active is not None:
            return self._prolong(active, seconds, reason, now)
        own, previous = self._earlier(identifier, now)
        if seconds is not None:
            until, grown_from = _end(now, seconds), None
        else:
            until, grown_from = _end(now, self._length(previous).seconds), self._told(previous)
        count = own.count + 1 if own else 1
        ban = Ban(self.settings.name, identifier, now, until, count, origin=BanOrigin.MANUAL, reason=reason)
        self._take_up(ban)
        return StartBan(ban, previous=grown_from, usual=self.times.usual)

    def _prolong(self, active: ActiveBan, seconds: Seconds | None, reason: str, now: Wall) -> Command:
        until, before = _end(now, self.times.usual if seconds is None else seconds), active.ban
        if before.until is None or (until is not None and until <= before.until):
            return AlreadyBanned(before, now - before.since)
        reason = reason or before.reason
        return self._change(active, replace(before, until=until, origin=BanOrigin.MANUAL, reason=reason))

    def _change(self, active: ActiveBan, ban: Ban) -> ChangeBan:
        active.ban = ban
        active.state = BanState.DECIDED
        active.tries = 0
        return ChangeBan(ban)

    def shorten(self) -> Iterator[ChangeBan]:
        """Cuts bans that were found to what the present settings allow at most; those made by hand keep their end."""
        longest = self.times.longest()
        if self.is_orphan or longest < 0:
            return
        for active in self.bans.values():
            ban = active.ban
            latest = Wall(ban.since + longest)
            if ban.origin is not BanOrigin.MANUAL and (ban.until is None or ban.until > latest):
                yield self._change(active, replace(ban, until=latest))

    def exempt(self) -> Iterator[tuple[ActiveBan, str]]:
        """Bans that were found of identifiers which a rule exempts by now, each with the rule."""
        for active in self.bans.values():
            if active.ban.origin is not BanOrigin.MANUAL and (rule := self.rules.find(active.ban.id)):
                yield active, rule

    def restore(self, ban: Ban) -> None:
        """Takes up a ban of the ledger, without evidence; it counts as decided until the enforcer says more."""
        self.bans[ban.id] = ActiveBan(ban, is_counted=True)

    def count_verified(self, active: ActiveBan) -> None:
        """Counts that the kernel has confirmed a ban: once for each, however often it is blocked again."""
        self.counts["verified"] += not active.is_counted
        active.is_counted = True


def _end(since: Wall, seconds: Seconds) -> Wall | None:
    """When a ban ends; below zero never. At most a hundred years: the ledger's and the kernel's times have bounds."""
    return None if seconds < 0 else Wall(since + min(seconds, LONGEST))
