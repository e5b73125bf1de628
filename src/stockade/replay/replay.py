"""Replay: runs the daemon's scanner and core over finished logs and tells who would have been banned, and when.

In: a plan, the zone, what is known of the machine, how names of ignore rules are resolved. Out: each ban as it is
decided, and at any time a summary of what was read so far. The core's clock is the time that the logs tell: it goes
from failure to failure, bans end and windows close between them, nothing waits. Must not print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from stockade.core import Core
from stockade.core.commands import Command, Resolve, StartBan
from stockade.core.events import Failures, IgnoreFile, OwnAddresses, Resolved, Tick
from stockade.match.compile import surroundings
from stockade.model.ban import Ban
from stockade.model.clock import Wall
from stockade.model.failure import Failure, Listed
from stockade.replay.logs import Log
from stockade.replay.moments import PROBE, LogScan, Moment, Span, Surrounding, first_times, merged
from stockade.replay.plan import Plan
from stockade.replay.summary import LogReport, Summary, Tally
from stockade.sources.packed import open_log

MAX_NAMES = 1000
"""Host names of ignore rules that are resolved; further ones stay unknown, and ignore nobody."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a replay assumes. `facts` is what the daemon would learn of the machine at its start; `resolve` gives the
    addresses of a name."""

    zone: tzinfo
    facts: tuple[OwnAddresses | IgnoreFile, ...] = ()
    span: Span = field(default_factory=Span)
    resolve: Callable[[str], tuple[str, ...]] = lambda name: ()


class Replay:
    """One run over the logs of a plan. Raises ExpressionError for a filter that does not compile."""

    def __init__(
        self, plan: Plan, conditions: Conditions, *, advance: Callable[[int], None] = lambda number: None
    ) -> None:
        """`advance` is told how many bytes of the files were read."""
        self._plan = plan
        self._conditions = conditions
        self._advance = advance
        made_at = max((log.now for mine in plan.logs.values() for log in mine), default=Wall(0.0))
        around = Surrounding(conditions.zone, surroundings(made_at, conditions.zone), made_at)
        self._around = around
        self._scans = {name: LogScan(plan.jails_of(name), around) for name in plan.logs}
        self._core = Core(plan.settings, Wall(0.0))
        self._tally = Tally(plan.settings.jails)
        self._reports: list[LogReport] = []
        self._names: dict[str, tuple[str, ...]] = {}

    def run(self) -> Iterator[Ban]:
        """Yields every ban with its evidence when it is decided, in the order of the logs' time."""
        for fact in self._conditions.facts:
            yield from self._bans(self._core.handle(fact, Wall(0.0)), Wall(0.0))
        for moment in merged([self._moments(name, logs) for name, logs in self._plan.logs.items()]):
            yield from self._take(moment)

    def summary(self) -> Summary:
        """Tells what was read, found and decided so far."""
        scans = {name: scan.counts() for name, scan in self._scans.items()}
        return self._tally.summary(self._core.statistics(), scans, self._plan.readers, self._reports)

    # Reading

    def _moments(self, name: str, logs: Sequence[Log]) -> Iterator[Moment]:
        """Reads the pieces of one log, oldest first, through its scanner: sessions go on from piece to piece."""
        scan, span = self._scans[name], self._conditions.span
        for log in self._in_order(name, logs):
            with open_log(log.path) as packed:
                report = LogReport(log.path)
                self._reports.append(report)
                done = 0
                for data in packed:
                    yield from scan.feed(data, log.now, span)
                    report.take(packed, len(data))
                    self._advance(packed.position - done)
                    done = packed.position
                report.take(packed, 0)
            yield from scan.finish(log.now, span)

    def _in_order(self, name: str, logs: Sequence[Log]) -> Sequence[Log]:
        """Sorts the pieces of a log by the first time in each."""
        if len(logs) < 2:
            return logs
        heads = ((_head(log.path), log.now) for log in logs)
        times = first_times(heads, self._plan.jails_of(name), self._around)
        return [
            log for _, _, log in sorted(zip(times, [log.now for log in logs], logs, strict=True), key=lambda e: e[:2])
        ]

    # Deciding

    def _take(self, moment: Moment) -> Iterator[Ban]:
        now = moment.time
        if self._core.deadline() <= now:
            yield from self._bans(self._core.handle(Tick(), now), now)
        for jail, failures in moment.failures.items():
            found = _Group(failures)
            self._tally.count(jail, found.ids, failures, now)
            yield from self._bans(self._core.handle(Failures(jail, found), now), now)

    def _bans(self, commands: Sequence[Command], now: Wall) -> Iterator[Ban]:
        """Answers what the core asks and gives the bans it starts."""
        for command in commands:
            match command:
                case StartBan():
                    yield self._tally.started(_whole(command))
                case Resolve(name):
                    yield from self._bans(self._core.handle(Resolved(name, self._addresses(name)), now), now)
                case _:
                    pass  # nothing is enforced, and ends of bans show in what follows them

    def _addresses(self, name: str) -> tuple[str, ...]:
        """The addresses of an ignore rule's name, looked up once. Names that logs hold are not looked up: they belong
        to attackers, are many, and may mean something else today."""
        if name not in self._names:
            wanted = any(name in jail.rules.names for jail in self._core.jails.values())
            if not wanted or len(self._names) >= MAX_NAMES:
                return ()
            self._names[name] = self._conditions.resolve(name)
        return self._names[name]


class _Group(Listed):
    """The failures of one jail at one instant."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__([failure.id for failure in failures])
        self._failures = failures

    def failure(self, index: int, /) -> Failure:
        """See `Found`."""
        return self._failures[index]


def _whole(command: StartBan) -> Ban:
    """A ban with its evidence."""
    return replace(command.ban, fields=command.fields, last_fields=command.last_fields, matches=command.matches)


def _head(path: str) -> bytes:
    with open_log(path) as packed:
        return next(iter(packed), b"")[:PROBE]
