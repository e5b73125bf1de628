"""Trial: the parts of one run of `stockade test`: opens the log, reads the filters, keeps what people want to see.

In: a path or standard input, names of filters with options, a clock. Out: the tester's rows as they come, and a tally.
Must not print.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from stockade.config import load_filter
from stockade.errors import Problem, SourceError
from stockade.match.tester import read_chunks
from stockade.model.settings import FilterSettings

MAX_TALLY = 100_000
"""Identifiers that are counted one by one; further ones are left out of the ranking."""

MAX_ODD = 10
"""Odd lines that are shown; `--json` has all."""


@contextmanager
def open_log(path: str) -> Iterator[BinaryIO]:
    """Opens a log, `-` being standard input; raises SourceError when it cannot be read."""
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below; only the opening may fail as a SourceError
    except OSError as error:
        raise SourceError(
            f"cannot read {path!r}: {error.strerror}", "give an existing log you may read, or - for standard input"
        ) from None
    with stream:
        yield stream


def read_whole(stream: BinaryIO, advance: Callable[[int], None]) -> Iterator[bytes]:
    """Yields a log's bytes and tells `advance` how many each time; raises SourceError when reading fails."""
    try:
        for chunk in read_chunks(stream):
            yield chunk
            advance(len(chunk))
    except OSError as error:
        raise SourceError(f"cannot read the log: {error.strerror}", "is it a file?") from None


def size_of(stream: BinaryIO) -> int:
    """Tells a file's size in bytes; 0 where there is none (a pipe)."""
    try:
        return os.fstat(stream.fileno()).st_size
    except OSError:
        return 0


def read_filters(
    base: Path, overrides: Sequence[Path], items: Sequence[str], options: str
) -> tuple[list[FilterSettings], list[Problem]]:
    """Reads filters such as `sshd[mode=aggressive]`, with `options` added to each one's brackets."""
    filters: list[FilterSettings] = []
    problems: list[Problem] = []
    for item in items:
        settings, found = load_filter(base, with_options(item, options), overrides=overrides)
        filters.append(settings)
        problems += found
    return filters, problems


def with_options(item: str, options: str) -> str:
    """Gives a filter's item with further bracket arguments: `sshd` and `mode=ddos` make `sshd[mode=ddos]`."""
    if not options:
        return item
    item = item.strip()
    return f"{item[:-1]}, {options}]" if item.endswith("]") else f"{item}[{options}]"


class Tally:
    """Counts failures by identifier, keeps the first odd lines, each within a bound, and the summary."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()
        self.odd: list[Mapping[str, Any]] = []
        self.summary: Mapping[str, Any] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes one row of the tester."""
        self.summary = row.get("summary", self.summary)
        if row.get("verdict") == "odd" and len(self.odd) < MAX_ODD:
            self.odd.append(row)
        name = row.get("id")
        if row.get("verdict") == "fail" and name and (len(self._failures) < MAX_TALLY or name in self._failures):
            self._failures[name] += 1

    def top(self, number: int) -> list[tuple[str, int]]:
        """Gives those with most failures, most first."""
        return self._failures.most_common(number)
