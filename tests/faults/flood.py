"""A flood: a process of its own that appends failures to a log, rotating it now and then, and knows what it wrote.

Hosts fail a number of times each that only depends on their number, so the test can say to the line what must come
out. Run as a program: `flood.py LOG RATE SEED`; a line on standard input ends it, and it prints what it wrote as JSON.
"""

from __future__ import annotations

import json
import os
import random
import select
import sys
import time
from collections import Counter
from pathlib import Path

ROTATE_EVERY = 2000
"""Lines between two rotations; every other one renames while lines are still written to the old file."""

PAUSE = 0.005


def host(number: int) -> str:
    """The address of one attacker: one of the four million of 100.64.0.0/10."""
    return f"100.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


class Flood:
    """Writes lines and counts them."""

    def __init__(self, log: Path, seed: int) -> None:
        self._log = log
        self._random = random.Random(seed)
        self._file = log.open("a", buffering=1)
        self._open: dict[str, int] = {}
        self._next = 0
        self._rotations = 0
        self.written: Counter[str] = Counter()

    def write(self, lines: int) -> None:
        """Appends lines of many hosts, interleaved."""
        text = "".join(self._line() for _ in range(lines))
        cut = self._random.randrange(len(text) + 1)
        self._file.write(text[:cut])
        self._file.flush()
        self._file.write(text[cut:])
        self._file.flush()
        if self.written.total() // ROTATE_EVERY > self._rotations:
            self._rotate()

    def _line(self) -> str:
        while len(self._open) < 50:
            self._open[host(self._next)] = self._random.randrange(1, 6)
            self._next += 1
        one = self._random.choice(list(self._open))
        self._open[one] -= 1
        if not self._open[one]:
            del self._open[one]
        self.written[one] += 1
        number = self.written.total()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        return f"{stamp} srv sshd[{number}]: Failed password for root from {one} port {number % 60000 + 1} ssh2\n"

    def _rotate(self) -> None:
        self._rotations += 1
        self._log.rename(self._log.with_name(f"{self._log.name}.{self._rotations}"))
        fresh = self._log.open("a", buffering=1)
        os.fchmod(fresh.fileno(), 0o644)
        if self._rotations % 2:
            self._file.write(self._line())
        self._file.close()
        self._file = fresh


def main(log: str, rate: str, seed: str) -> None:
    """Floods until a line comes in."""
    flood = Flood(Path(log), int(seed))
    each = max(1, round(float(rate) * PAUSE))
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        flood.write(each)
    print(json.dumps(flood.written))


if __name__ == "__main__":
    main(*sys.argv[1:])
