"""The funnel: how many lines of a jail's logs got how far, from read to banned and verified.

Owns what the scanners have counted for each jail, over reloads and, through the ledger, over restarts. In: scanners'
statistics, now and then; out: counts by jail. What happens to a failure afterwards the core counts itself. Costs
nothing for each line: the scanners count anyway, and are asked when their progress is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stockade.match.line_scanner import LineScanner

SCANNED = ("lines", "candidates", "dated", "matched")
"""What scanners count, under these names in the ledger: `<jail>.<name>`."""

STAGES = ("read", "candidate", "dated", "matched", "address", "not ignored", "counted", "banned", "verified")
"""The way of a line. Only candidates, lines that hold a literal of the filter, have their date looked for."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """Counts of one scanner or jail. `looked_at` and `dated` of a scanner count a line once for each of its filters."""

    lines: int = 0
    candidates: int = 0
    dated: int = 0
    matched: int = 0


class Meter:
    """Reads what one scanner has counted since it was asked last, for each of its jails.

    Jails that share a scanner share its lines and candidates: those of any of them. Matches are each jail's own.
    """

    __slots__ = ("_jails", "_rules", "_scanner", "_seen")

    def __init__(self, scanner: LineScanner, jails: Sequence[str]) -> None:
        self._scanner = scanner
        self._jails = jails
        self._seen: Mapping[str, int] = {}
        self._rules: list[tuple[str, ...]] = []

    def read(self, *, is_timed: bool = False) -> tuple[list[tuple[str, Scanned]], int, int]:
        """New counts by jail; how many dates were looked for; how many were found. `is_timed`: the lines come with
        their times (journal), so that none is without."""
        now = self._scanner.statistics()
        if len(self._jails) > 1 and not self._rules:
            self._rules = [tuple(k for k in now if k.startswith(f"rule_{n}_")) for n in range(len(self._jails))]
        before, self._seen = self._seen, now

        def new(*names: str) -> int:
            return sum(now[name] - before.get(name, 0) for name in names)

        lines, candidates = new("lines"), new("candidates")
        looked_for, found = (0, 0) if is_timed else (new("dated", "undated"), new("dated"))
        dated = candidates if is_timed else min(candidates, found)
        hits = [new(*keys) for keys in self._rules] if self._rules else [new("matched")]
        counts = [(jail, Scanned(lines, candidates, dated, n)) for jail, n in zip(self._jails, hits, strict=True)]
        return counts, looked_for, found


@dataclass(slots=True)
class Tallies:
    """Counts of every jail since the ledger began."""

    _counts: dict[str, list[int]] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)

    def restore(self, jail: str, counters: Mapping[str, int]) -> None:
        """Goes on where the last run stopped, for a jail that has counted nothing yet."""
        if jail not in self._counts:
            self._counts[jail] = [counters.get(f"{jail}.{name}", 0) for name in SCANNED]

    def add(self, jail: str, more: Scanned) -> None:
        """Adds what a scanner counted."""
        counts = self._counts.setdefault(jail, [0] * len(SCANNED))
        for index, name in enumerate(SCANNED):
            counts[index] += getattr(more, name)
        self._changed.add(jail)

    def of(self, jail: str) -> Scanned:
        """The counts of one jail."""
        return Scanned(*self._counts.get(jail, ()))

    def take_changed(self) -> dict[str, int]:
        """What the ledger does not have yet, by counter name."""
        changed, self._changed = self._changed, set()
        return {
            f"{jail}.{name}": count for jail in changed for name, count in zip(SCANNED, self._counts[jail], strict=True)
        }


def funnel(scanned: Scanned, core: Mapping[str, int]) -> dict[str, int]:
    """A jail's counts by stage, in the order of `STAGES`.

    A stage never exceeds the one before, with two exceptions: one line may hold failures of several addresses, and
    bans may be made by hand. `core` holds the counts of `core.jail`.
    """
    address = core["failures"] - core["unresolved"]
    not_ignored = address - core["ignored"]
    counted = not_ignored - core["after_ban"] - core["unasked"] - core.get("doubted", 0)
    numbers = (scanned.lines, scanned.candidates, scanned.dated, scanned.matched, address, not_ignored, counted)
    return dict(zip(STAGES, (*(max(0, n) for n in numbers), core["bans"], core["verified"]), strict=True))
