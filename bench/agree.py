"""Whether both sides did the same work: who failed how often in each jail, by our engine and by fail2ban's.

In (arguments, when run): a log, how many of its lines to read, how many it has, a configuration tree, its filters
(joined by commas). Out: one JSON object, jail → identifier → failures. Nothing is timed here.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

Failed = Mapping[str, Mapping[str, int]]
"""Failures by identifier, by jail."""

BLOCK_LINES = 100
"""Lines between two settings of the clock; `peer.py` has the same."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One jail: failures and identifiers on both sides, and the first identifier they disagree about ("": none)."""

    jail: str
    ours: int
    theirs: int
    identifiers: int
    differs_at: str


def compared(ours: Failed, theirs: Failed) -> list[Agreement]:
    """Compares jail by jail, in the order of `theirs`."""
    return [_jail(name, ours.get(name, {}), those) for name, those in theirs.items()]


def _jail(name: str, ours: Mapping[str, int], theirs: Mapping[str, int]) -> Agreement:
    everyone = sorted(set(ours) | set(theirs))
    differs_at = next((each for each in everyone if ours.get(each) != theirs.get(each)), "")
    return Agreement(name, sum(ours.values()), sum(theirs.values()), len(everyone), differs_at)


def main() -> None:
    """Prints who failed by our engine."""
    from bench.corpus import moment  # noqa: PLC0415 - `compared` needs neither
    from bench.stockade_path import Machinery  # noqa: PLC0415

    path, count, lines = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    items = sys.argv[5].split(",")
    machinery = Machinery(items, Path(sys.argv[4]))
    failed: dict[str, Counter[str]] = {item: Counter() for item in items}
    with path.open("rb") as log:
        for begin in range(0, count, BLOCK_LINES):
            block = b"".join(islice(log, min(BLOCK_LINES, count - begin)))
            for event in machinery.take(block, moment(begin + BLOCK_LINES - 1, lines)):
                failed[event.jail].update(event.found.ids)
    print(json.dumps(failed))


if __name__ == "__main__":
    main()
