"""Summary: what a replay amounts to, jail by jail.

In: failures and bans as they come, the core's counters, the scanners' counts. Out: frozen values for the report.
Bounded: what an attacker could make many of is counted up to a number, and the rest is left out of rankings only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from stockade.model.ban import Ban
from stockade.model.clock import Wall
from stockade.model.failure import Failure
from stockade.model.identifier import widen_v6
from stockade.model.settings import JailSettings
from stockade.replay.moments import Counts
from stockade.sources.packed import PackedLog

MAX_TALLY = 100_000
"""Identifiers, and users, that are counted one by one for each jail; further ones are missing from the rankings, and
`ids` stays at that number."""

MAX_WIDENED = 65_536
"""Remembered IPv6 networks of addresses; the one longest unused is computed again."""

TOP = 10
"""Places of a ranking."""


@dataclass(slots=True)
class LogReport:
    """How far one file was read: bytes of the file, bytes of the log in it, and what kept it from being read whole."""

    path: str
    position: int = 0
    bytes: int = 0
    format: str = ""
    problem: str = ""

    def take(self, packed: PackedLog, number: int) -> None:
        """Notes that `number` more bytes of the log were read."""
        self.position, self.format, self.problem = packed.position, packed.format, packed.problem
        self.bytes += number


@dataclass(frozen=True, slots=True)
class JailSummary:
    """What one jail did. `lines` were read for it, `matched` hit one of its expressions; `after_ban` failures came from
    those it had banned; `ids` is how many identifiers failed; `users` are (name, failures)."""

    jail: str
    lines: int
    matched: int
    failures: int
    ignored: int
    after_ban: int
    unresolved: int
    odd: int
    bans: int
    banned: int
    ids: int
    offenders: tuple[tuple[str, int, int], ...]
    users: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a replay did. `first` and `last` are the times of the first and the last failure."""

    jails: tuple[JailSummary, ...]
    logs: tuple[LogReport, ...]
    lines: int
    first: Wall | None
    last: Wall | None

    @property
    def failures(self) -> int:
        """Failures of all jails: the attack."""
        return sum(jail.failures for jail in self.jails)

    @property
    def after_ban(self) -> int:
        """Failures that a ban would have kept away."""
        return sum(jail.after_ban for jail in self.jails)

    @property
    def bans(self) -> int:
        """Bans of all jails."""
        return sum(jail.bans for jail in self.jails)

    @property
    def problems(self) -> tuple[LogReport, ...]:
        """The logs that could not be read to their end."""
        return tuple(log for log in self.logs if log.problem)


@dataclass(slots=True)
class _Ranking:
    """Who failed in one jail, as whom, and who was banned how often."""

    failures: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    bans: Counter[str] = field(default_factory=Counter)


class Tally:
    """Counts while a replay runs."""

    def __init__(self, jails: Sequence[JailSettings]) -> None:
        self._rankings = {jail.name: _Ranking() for jail in jails}
        self._prefixes = {jail.name: jail.prefix_v6 for jail in jails}
        self._widen = lru_cache(MAX_WIDENED)(widen_v6)
        self._first: Wall | None = None
        self._last: Wall | None = None

    def count(self, jail: str, ids: Sequence[str], failures: Sequence[Failure], now: Wall) -> None:
        """Counts the failures of one jail at one instant."""
        if self._first is None:
            self._first = now
        self._last = now
        ranking, prefix = self._rankings[jail], self._prefixes[jail]
        for identifier, failure in zip(ids, failures, strict=True):
            is_wide = prefix < 128 and ":" in identifier
            _add(ranking.failures, self._widen(identifier, prefix) if is_wide else identifier)
            user = failure.fields.get("user")
            if user:
                _add(ranking.users, user)

    def started(self, ban: Ban) -> Ban:
        """Counts a ban, and gives it back."""
        _add(self._rankings[ban.jail].bans, ban.id)
        return ban

    def summary(
        self,
        counters: Mapping[str, int],
        scans: Mapping[str, Counts],
        readers: Mapping[str, Sequence[str]],
        logs: Sequence[LogReport],
    ) -> Summary:
        """Joins what was counted here with the core's `counters` and the scanners' counts by log."""
        jails = tuple(
            self._jail(name, counters, [scan for log, scan in scans.items() if name in readers[log]])
            for name in self._rankings
        )
        lines = sum(scan.lines for scan in scans.values())
        return Summary(jails, tuple(logs), lines, self._first, self._last)

    def _jail(self, name: str, counters: Mapping[str, int], scans: Sequence[Counts]) -> JailSummary:
        ranking = self._rankings[name]

        def core(what: str) -> int:
            return counters.get(f"{name}.{what}", 0)

        return JailSummary(
            jail=name,
            lines=sum(scan.lines for scan in scans),
            matched=sum(scan.matched[name] for scan in scans),
            failures=core("failures"),
            ignored=core("ignored"),
            after_ban=core("after_ban"),
            unresolved=core("unresolved"),
            odd=sum(scan.odd[name] for scan in scans),
            bans=core("bans"),
            banned=len(ranking.bans),
            ids=len(ranking.failures),
            offenders=tuple((each, number, ranking.bans[each]) for each, number in ranking.failures.most_common(TOP)),
            users=tuple(ranking.users.most_common(TOP)),
        )


def _add(counter: Counter[str], name: str) -> None:
    if name in counter or len(counter) < MAX_TALLY:
        counter[name] += 1
