"""Moments: what the scanners find in one log, or in several, in the order of the logs' own time.

In: bytes of logs, the jails that read them. Out: `Moment`s, each the failures of one instant by jail. Keeps one piece
of each log in memory, whatever their size: logs are merged as they are read, never sorted.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from math import inf
from typing import Any

from stockade._scanner import Failure
from stockade.match.compile import Surroundings
from stockade.match.engine import FilterUse, open_scanner
from stockade.match.line_scanner import Batch, LineScanner
from stockade.model.clock import Wall
from stockade.model.failure import Failure as Counted
from stockade.model.settings import JailSettings

PROBE = 1 << 16
"""Bytes of a piece in which its first date is looked for."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Failures of one instant of one log, by jail, in line order. `time` never goes back within a log."""

    time: Wall
    failures: dict[str, list[Counted]]


@dataclass(frozen=True, slots=True)
class Span:
    """The times between which failures count; lines outside are read, for the sessions they belong to. No log can know
    of times after `latest`: such a line counts for the last known time, or it would send the clock of the others away.
    """

    since: float = -inf
    until: float = inf
    latest: float = inf


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What all scanners of one replay have in common: the zone of dates without one, and what is costly to make."""

    zone: tzinfo
    shared: Surroundings
    made_at: Wall


@dataclass(slots=True)
class Counts:
    """What one log gave, for the summary; by jail where it matters."""

    lines: int = 0
    matched: Counter[str] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)


class LogScan:
    """The scanners of one log. One serves all jails in one pass; jails with another encoding have one of their own."""

    def __init__(self, jails: Sequence[JailSettings], surrounding: Surrounding) -> None:
        readings = dict.fromkeys(jail.filter.reading for jail in jails)
        groups = [[jail for jail in jails if jail.filter.reading == reading] for reading in readings]
        self._readers = [(_scanner(group, surrounding), [jail.name for jail in group]) for group in groups]
        self._odd: Counter[str] = Counter()
        self._probe = partial(first_times, jails=jails, surrounding=surrounding)
        self._clock = Wall(-inf)

    def feed(self, data: bytes, now: Wall, span: Span) -> Iterator[Moment]:
        """Scans the next bytes."""
        if self._clock == -inf:
            (first,) = self._probe([(data, now)])
            self._clock = Wall(min(first, span.latest))
        batches = [(reader.feed(data, now, is_live=False), jails) for reader, jails in self._readers]
        return self._moments(batches, now, span)

    def finish(self, now: Wall, span: Span) -> Iterator[Moment]:
        """Takes what is left without newline as a line: a piece has ended."""
        batches = [(reader.finish(now, is_live=False), jails) for reader, jails in self._readers]
        return self._moments(batches, now, span)

    def _moments(self, batches: Sequence[tuple[Batch, list[str]]], now: Wall, span: Span) -> Iterator[Moment]:
        for batch, jails in batches:
            for odd in batch.odd:
                self._odd[jails[odd.filter]] += 1
        found = [(jails[failure.filter], failure) for batch, jails in batches for failure in batch.failures]
        if len(batches) > 1:
            found.sort(key=lambda each: each[1].time)
        return self._grouped(found, now, span)

    def _grouped(self, found: Sequence[tuple[str, Failure]], now: Wall, span: Span) -> Iterator[Moment]:
        """Joins failures that follow each other at one time: most of an attack falls into few seconds."""
        failures: dict[str, list[Counted]] = {}
        for jail, failure in found:
            # What has no time, and follows no line that has, is given the file's clock: the end of the log. Its last
            # known time is nearer.
            is_unknown = failure.time > span.latest or (failure.logged is None and failure.time >= now)
            time = self._clock if is_unknown else failure.time
            if not span.since <= time <= span.until:
                continue
            if time > self._clock:
                if failures:
                    yield Moment(self._clock, failures)
                    failures = {}
                self._clock = Wall(time)
            failures.setdefault(jail, []).append(failure if time == failure.time else _At(failure, time))
        if failures:
            yield Moment(self._clock, failures)

    def counts(self) -> Counts:
        """What was read so far. Of odd lines at most 100 in one piece are told apart by jail."""
        statistics = [(reader.statistics(), jails) for reader, jails in self._readers]
        counts = Counts(max((each["lines"] for each, _ in statistics), default=0), odd=self._odd)
        for each, jails in statistics:
            for name, hits in each.items():
                if name.startswith("rule_"):
                    counts.matched[jails[int(name.split("_")[1])]] += hits
        return counts


def first_times(
    heads: Iterable[tuple[bytes, Wall]], jails: Sequence[JailSettings], surrounding: Surrounding
) -> list[Wall]:
    """Tells the time of the first dated line in each piece's beginning; the piece's `now` where there is none."""
    scanner = _scanner(jails[:1], surrounding, is_explaining=True)
    return [_first_time(scanner, head[:PROBE], now) for head, now in heads]


def _first_time(scanner: LineScanner, head: bytes, now: Wall) -> Wall:
    verdicts = [*scanner.feed(head, now, is_live=False).verdicts, *scanner.finish(now, is_live=False).verdicts]
    times = (verdict.time for verdict in verdicts if verdict.time is not None)
    return next((Wall(time) for time in times if time != now), now)  # undated lines are given `now`


def merged(streams: Sequence[Iterator[Moment]]) -> Iterator[Moment]:
    """Merges the moments of several logs in time order."""
    return streams[0] if len(streams) == 1 else heapq.merge(*streams, key=lambda moment: moment.time)


def _scanner(jails: Sequence[JailSettings], around: Surrounding, *, is_explaining: bool = False) -> LineScanner:
    """Opens a scanner as the daemon does, except that no line is too old: finished logs always are."""
    uses = [FilterUse(jail.filter) for jail in jails]
    return open_scanner(
        uses, now=around.made_at, local_zone=around.zone, shared=around.shared, is_explaining=is_explaining
    )


class _At:
    """A failure that happened at another time than the scanner, which knows one clock, had to give it."""

    __slots__ = ("_failure", "time")

    def __init__(self, failure: Counted, time: float) -> None:
        self._failure = failure
        self.time = time

    def __getattr__(self, name: str) -> Any:
        return getattr(self._failure, name)
