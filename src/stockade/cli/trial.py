"""Trial: the log of one run of `stockade test`, and what is kept of the run for people to see.

In: what the command line calls LOG (a file, `-`, `systemd-journal[…]`, or a line itself), rows of the tester.
Out: the log's bytes or entries as they come, and a tally. Must not print.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stockade.config import Trouble
from stockade.config.backends import Backend, parse_backend
from stockade.errors import SourceError, UsageError
from stockade.match.tester import Piece
from stockade.model.chunk import Entries
from stockade.model.clock import Monotonic, Wall
from stockade.model.settings import JournalSettings
from stockade.sources.journal import Journal
from stockade.sources.packed import STDIN, open_log

MAX_TALLY = 100_000
"""Identifiers that are counted one by one; further ones are left out of the ranking."""

MAX_ODD = 10
"""Odd lines that are shown; `--json` has all."""

MAX_MISSED = 20
"""Missed lines that are shown unasked: as many as people read. Of more only the number is said."""

JOURNAL = "systemd-journal"
_JOURNAL = re.compile(r"systemd-journal(\[.*\])?", re.DOTALL)
_PLACE = re.compile(r"(?:~|\.{0,2})/")


def is_journal(log: str) -> bool:
    """Tells whether LOG means the systemd journal."""
    return _JOURNAL.fullmatch(log.strip()) is not None


def is_text(log: str) -> bool:
    """Tells whether LOG is itself what is to be tested: no file of that name, and it looks like a line, not a path."""
    if log == STDIN or "\0" in log:
        return False
    is_line = "\n" in log or (any(char.isspace() for char in log) and not _PLACE.match(log))
    return is_line and not (len(log) < 4096 and "\n" not in log and Path(log).exists())


def read_log(log: str, advance: Callable[[int], None], report: Callable[[str], None]) -> Iterator[Piece]:
    """Yields a log's bytes and tells `advance` how far the file was read, `report` what is damaged.

    Raises SourceError when the log cannot be opened, or nothing of it can be read.
    """
    if is_text(log):
        yield log.encode("utf-8", "surrogateescape")
        return
    with open_log(log) as packed:
        done = 0
        for data in packed:
            yield data
            advance(packed.position - done)
            done = packed.position
        if packed.problem and not done:
            raise SourceError(f"cannot read {log!r}: {packed.problem}", "is it a file?")
        if packed.problem:
            report(packed.problem)


def read_journal(settings: JournalSettings) -> Iterator[Piece]:
    """Yields what the journal holds now, oldest first; raises SourceError when it cannot be read."""
    source = Journal(settings, Wall(0.0))
    try:
        while items := source.read(Monotonic(0.0)):
            yield from (item.entries for item in items if isinstance(item, Entries))
        for row in source.status():
            if row.state != "reading":
                raise SourceError(f"cannot read the journal: {row.detail}", "give the journal's place: journalpath=…")
    finally:
        source.close()


def size_of(log: str) -> int:
    """Tells the size of LOG in bytes where it is a file; 0 otherwise."""
    try:
        return 0 if log == STDIN or is_text(log) else Path(log).stat().st_size
    except (OSError, ValueError):
        return 0


def backend_of(log: str) -> Backend:
    """Reads `systemd-journal[journalpath=…]`; raises UsageError for what a jail's `backend` could not say."""
    try:
        return parse_backend(log.strip().replace(JOURNAL, "systemd", 1))
    except Trouble as trouble:
        raise UsageError(
            f"{trouble.message}: {trouble.value!r}",
            trouble.remedy or "write systemd-journal[journalpath=/var/log/journal]",
        ) from None


class Tally:
    """Counts failures by identifier, keeps the first odd and missed lines, each within a bound, and the summary."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()
        self.odd: list[Mapping[str, Any]] = []
        self.missed: list[Mapping[str, Any]] = []
        self.summary: Mapping[str, Any] = {}
        self.damage: list[str] = []

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes one row of the tester."""
        self.summary = row.get("summary", self.summary)
        verdict = row.get("verdict")
        if verdict == "odd" and len(self.odd) < MAX_ODD:
            self.odd.append(row)
        if verdict == "missed" and len(self.missed) <= MAX_MISSED:
            self.missed.append(row)
        name = row.get("id")
        if verdict == "fail" and name and (len(self._failures) < MAX_TALLY or name in self._failures):
            self._failures[name] += 1

    def few_missed(self) -> list[Mapping[str, Any]]:
        """Gives the missed lines if they are few enough to be read."""
        return self.missed if len(self.missed) <= MAX_MISSED else []

    def top(self, number: int) -> list[tuple[str, int]]:
        """Gives those with most failures, most first."""
        return self._failures.most_common(number)
