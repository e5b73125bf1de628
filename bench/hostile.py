"""`python -m bench.hostile`: what hostile lines cost, alone and with several filters on one log.

In: nothing, or lengths in bytes. Out: a table, µs per line (the median and the worst of the rounds), verdict and
reason; exit 1 if the median of a row exceeds a millisecond. The lines are those that make backtracking engines
quadratic or worse: repeats beside each other, starts everywhere, several `.*`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from stockade._scanner import Scanner
from stockade.match.limits import Limits
from stockade.match.spec import FilterSpec, RuleSpec

NOW = 1_795_366_800.0
ROUNDS = 15
BOUND_MICROSECONDS = 1000.0
_ADDRESS = r"(?P<ip4>\d+\.\d+\.\d+\.\d+)"
_BASE = FilterSpec("sshd-like", None, (), (), (), 1, "warn", None, False, ())


def _rules(*patterns: str) -> tuple[RuleSpec, ...]:
    return tuple(RuleSpec(pattern) for pattern in patterns)


SSHD_LIKE = replace(
    _BASE,
    prefix=RuleSpec(r"^\s*(?:\S+ )?sshd(?:\[(?P<mlfid>\d+)\])?:\s+(?P<content>.+)$", literals=(b"sshd",)),
    rules=_rules(
        rf"^Failed \b(?!publickey)\S+ for (?P<v>invalid user )?(?P<user>(?(v).*?|\S+)) from {_ADDRESS}(?: ssh)?$",
        rf"^Failed publickey for (?:invalid user )?(?P<user>(?:(?! from ).)*?) from \S+(?: from \S+)* from {_ADDRESS}$",
        rf"^(?:Disconnecting: )?Too many authentication failures(?: for (?P<user>.*?))?(?:\s+\S*)*\s+from {_ADDRESS}$",
        rf"^Disconnected from (?:invalid user (?P<user>\S+) )?{_ADDRESS}:\s*(?:\s*\[\w*)*\s+\[preauth\]$",
    ),
)
"""Rules as administrators write them: repeats beside each other that fit the same text."""

CARELESS = replace(
    _BASE,
    name="careless",
    rules=_rules(
        rf"\d+x .*{_ADDRESS}",
        rf"(?:\w+\s?)+: .*{_ADDRESS}$",
        rf"a.*a.*a.*\[error\] {_ADDRESS}",
        rf"(a+)+\[error\] {_ADDRESS}",
        rf".*from .*from .*user {_ADDRESS}",
    ),
)
"""Unanchored, nested, cubic, exponential: the worst that configurations hold."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A line by its name and how it is made for a length."""

    name: str
    head: str
    pump: str
    tail: str

    def line(self, length: int) -> bytes:
        """The line, about `length` bytes long."""
        room = max(0, length - len(self.head) - len(self.tail))
        return (self.head + self.pump * (room // len(self.pump)) + self.tail).encode() + b"\n"


_SSHD = "srv sshd[1]: "
ATTACKS = (
    Attack("W3 Failed password", _SSHD + "Failed password for invalid user  from ", "a", " from !"),
    Attack("W2 Failed publickey", _SSHD + "Failed publickey for invalid user  from ", "1", " from !"),
    Attack("W17 Disconnecting", _SSHD + "Disconnecting: Too many authentication failures for ", " ", "!"),
    Attack("W19 Disconnected", _SSHD + "Disconnected from invalid user x 1.2.3.4: ", " [", "!"),
    Attack("many blanks", _SSHD + "Failed password for ", "a ", "!"),
    Attack("many froms", _SSHD + "Failed password for x", " from 1.2.3.4", " from !"),
    Attack("digits", _SSHD, "1", "!"),
    Attack("letters", _SSHD, "a", "!"),
    Attack("late letters", _SSHD + "-" * 3000, "a", "[error] !"),
    Attack("not ASCII", _SSHD + "Failed password for invalid user ", "é from ", "!"),
    Attack("not UTF-8", _SSHD, "\udcff", "!"),
)


def _bytes(attack: Attack, length: int) -> bytes:
    if "\udcff" in attack.pump:
        return attack.head.encode() + b"\xff" * (length - len(attack.head)) + b"\n"
    return attack.line(length)


def measure(filters: Sequence[FilterSpec], line: bytes, limits: Limits) -> tuple[float, float, str]:
    """Microseconds (median, worst) for one line, and what became of it."""
    scanner, times, verdict = Scanner(filters, limits), [], "missed"
    scanner.feed(b"srv sshd[1]: warm up\n" + line, NOW)
    for _ in range(ROUNDS):
        begun = time.thread_time_ns()
        batch = scanner.feed(line, NOW)
        times.append((time.thread_time_ns() - begun) / 1000)
        verdict = "/".join(sorted({odd.reason for odd in batch.odd})) or ("fail" if batch.failures else "missed")
    return median(times), max(times), verdict


def rows(lengths: Sequence[int], limits: Limits) -> Iterator[tuple[str, int, str, float, float, str]]:
    """One row for each attack, length and set of filters."""
    sets = {
        "sshd-like": (SSHD_LIKE,),
        "careless": (CARELESS,),
        "8 filters": (SSHD_LIKE, CARELESS) * 4,
    }
    for attack in ATTACKS:
        for length in lengths:
            for name, filters in sets.items():
                yield attack.name, length, name, *measure(filters, _bytes(attack, length), limits)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lengths", nargs="*", type=int, default=[200, 1000, 8000, 100_000])
    parser.add_argument("--max-line", type=int, default=Limits().max_line)
    given = parser.parse_args(arguments)
    limits = replace(Limits(), max_line=given.max_line)
    print(f"{'line':22} {'bytes':>7} {'filters':10} {'median µs':>10} {'worst µs':>10}  verdict")
    slowest = 0.0
    for name, length, filters, middle, worst, verdict in rows(given.lengths, limits):
        print(f"{name:22} {length:7} {filters:10} {middle:10.1f} {worst:10.1f}  {verdict}")
        slowest = max(slowest, middle)
    print(f"slowest median: {slowest:.0f} µs")
    return 1 if slowest > BOUND_MICROSECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
