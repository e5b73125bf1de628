"""fail2ban's estimate of failures beside exact windows: how often, and which way, their verdicts differ.

In: the command line. Out: a table for docs/decisions/0003. Both rules see the same failures, host by host, up to the
first ban; attack traffic is what the scanner finds in the benchmark's corpus. Deterministic; touches nothing.

The estimate (§4.1 of the dialect) keeps a counter, the time of the first failure and that of the last. When the first
one has left findtime, the counter is scaled by findtime over the time it was counted in, and rounded. A host that was
silent for findtime is forgotten.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.corpus import blocks, corpus
from bench.stockade_path import Machinery
from stockade.core.window import Windows
from stockade.model.clock import Wall

FINDTIME = 600.0
HOST = "host"


class Estimate:
    """The counter of one host."""

    def __init__(self, findtime: float, *, is_forgetting: bool = True) -> None:
        """`is_forgetting=False` leaves out the clean-up of silent hosts, which runs beside the counting."""
        self._findtime = findtime
        self._is_forgetting = is_forgetting
        self.retry = 0
        self._first = self._last = 0.0

    def add(self, time: float) -> int:
        """Counts a failure; gives the estimated number within findtime."""
        if self._is_forgetting and self.retry and self._last <= time - self._findtime:
            self.retry = 0
        if not self.retry:
            self._first = self._last = time
        elif time > self._last:
            if self._first < time - self._findtime:
                self.retry = round(self.retry / (time - self._first) * self._findtime)
                self._first = time - self._findtime
            self._last = time
        self.retry += 1
        return self.retry


@dataclass(frozen=True, slots=True)
class Failed:
    """A failure as windows want it."""

    time: float
    id: str = HOST
    ip: str = ""
    is_name: bool = False
    rule: int = 0

    @property
    def fields(self) -> dict[str, str]:
        """None were captured."""
        return {}

    @property
    def matches(self) -> list[str]:
        """No line is kept."""
        return []


def first_bans(times: Iterable[float], maxretry: int) -> tuple[float | None, float | None]:
    """When exact windows and the estimate ban a host that fails at these (rising) times; None: never."""
    windows, estimate = Windows(maxretry, FINDTIME, 0), Estimate(FINDTIME)
    exact: float | None = None
    estimated: float | None = None
    for time in times:
        if exact is None and windows.add(HOST, Failed(time), Wall(time)):
            exact = time
        if estimated is None and estimate.add(time) >= maxretry:
            estimated = time
    return exact, estimated


def verdict(exact: float | None, estimated: float | None) -> str:
    """How two bans of one host relate."""
    if exact == estimated:
        return "neither" if exact is None else "same"
    if estimated is None or exact is None:
        return "only exact" if estimated is None else "only estimate"
    return "exact first" if exact < estimated else "estimate first"


def constant(rng: random.Random, rate: float) -> Iterator[float]:
    """One failure after another at a steady pace, ten hours long; `rate` is failures per findtime."""
    return (number * FINDTIME / rate + rng.random() for number in range(int(60 * rate)))


def poisson(rng: random.Random, rate: float) -> Iterator[float]:
    """Failures at random moments, ten hours long."""
    time = 0.0
    while (time := time + rng.expovariate(rate / FINDTIME)) < 60 * FINDTIME:
        yield time


def bursts(rng: random.Random, rate: float) -> Iterator[float]:
    """One to four tries within seconds, then a pause: a person or a script that gives up and returns."""
    time = 0.0
    while time < 60 * FINDTIME:
        size = rng.randrange(1, 5)
        yield from (time + 3.0 * number for number in range(size))
        time += 3.0 * size + rng.expovariate(rate / FINDTIME / 2.5)


def attack(lines: int) -> list[list[float]]:
    """The failures of every host in the benchmark's attack, as the scanner finds them."""
    log = corpus("attack", lines)
    machinery = Machinery("sshd")
    hosts: dict[str, list[float]] = {}
    with log.path.open("rb") as file:
        for size, time in blocks(log.path, log.lines):
            for event in machinery.scan(file.read(size), time):
                for index, identifier in enumerate(event.found.ids):
                    hosts.setdefault(identifier, []).append(event.found.failure(index).time)
    return [sorted(times) for times in hosts.values()]


Pattern = Callable[[random.Random, float], Iterable[float]]
PATTERNS: tuple[tuple[str, Pattern], ...] = (("steady", constant), ("at random", poisson), ("in bursts", bursts))
RATES = (0.5, 0.8, 1.2, 2.0)
"""Failures within findtime on average, as a share of maxretry: the edge lies at 1."""


def compare(hosts: Iterable[Sequence[float]], maxretry: int) -> Counter[str]:
    """Counts the verdicts over many hosts."""
    return Counter(verdict(*first_bans(times, maxretry)) for times in hosts)


def rows(lines: int, count: int, maxretry: int) -> Iterator[tuple[str, Counter[str]]]:
    """Every kind of traffic with its verdicts."""
    if lines:
        yield f"attack corpus, {lines:,} lines", compare(attack(lines), maxretry)
    for name, pattern in PATTERNS:
        for share in RATES:
            rng = random.Random(f"{name} {share}")
            hosts = [sorted(pattern(rng, share * maxretry)) for _ in range(count)]
            yield f"{name}, {share:g} · maxretry", compare(hosts, maxretry)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=200_000, help="lines of attack traffic (0: none)")
    parser.add_argument("--hosts", type=int, default=2000, help="hosts of each random pattern")
    parser.add_argument("--maxretry", type=int, default=5)
    options = parser.parse_args()
    columns = ("same", "neither", "exact first", "estimate first", "only exact", "only estimate")
    table = Table("traffic", *columns)
    for name, found in rows(options.lines, options.hosts, options.maxretry):
        total = max(1, found.total())
        table.add_row(name, *(f"{100 * found[column] / total:.1f} %" for column in columns))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
