"""Logs: the files that are replayed, and which of them are one log in several pieces.

In: paths as they were given, in any order. Out: `Log`s, grouped where their names differ only in what rotation adds
(`auth.log`, `auth.log.1`, `auth.log.2.gz`, `auth.log-20260105`). Opens nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stockade.errors import SourceError, UsageError
from stockade.model.clock import Wall
from stockade.sources.packed import STDIN, unreadable

MAX_LOGS = 4096
"""Files of one replay; more are refused. Each log, however many pieces it has, holds one descriptor at a time."""

EARLIEST = 946_684_800.0
"""2000-01-01: a file that was last written before has lost its date (archives are often made so)."""

_PACKED = re.compile(r"\.(?:gz|xz|bz2|zst)$")
_ROTATED = re.compile(r"[.-](?:\d{1,4}|\d{8}|\d{10}|\d{4}-\d\d-\d\d(?:[-_T]\d{1,8})?|old)(?=(?:\.log)?$)")


@dataclass(frozen=True, slots=True)
class Log:
    """One file, or standard input. `now` is the clock that its dates are read by: when it was last written."""

    path: str
    size: int
    now: Wall


def find_logs(paths: Iterable[str], now: Wall | None, clock: Wall) -> list[Log]:
    """Looks at each file, the same one only once; `now` replaces the clock of all, `clock` is that of standard input
    and of files without a date.

    Raises SourceError for what is not there or is no file, and UsageError for too many.
    """
    found: dict[object, Log] = {}
    for path in paths:
        if path == STDIN:
            found[STDIN] = Log(STDIN, 0, clock if now is None else now)
            continue
        facts = _facts(path)
        found.setdefault((facts.st_dev, facts.st_ino), Log(path, facts.st_size, _clock_of(facts, now, clock)))
        if len(found) > MAX_LOGS:
            raise UsageError(f"more than {MAX_LOGS} logs", "replay fewer at a time")
    return list(found.values())


def _clock_of(facts: os.stat_result, now: Wall | None, clock: Wall) -> Wall:
    if now is not None:
        return now
    return Wall(facts.st_mtime) if facts.st_mtime >= EARLIEST else clock


def _facts(path: str) -> os.stat_result:
    try:
        facts = os.stat(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if os.path.isdir(path):
        raise SourceError(f"cannot read {path!r}: it is a directory", f"give the logs in it: {path.rstrip('/')}/…")
    return facts


def log_name(path: str) -> str:
    """The absolute path of the log that a file is a piece of: without what rotation and compression add."""
    if path == STDIN:
        return STDIN
    place = Path(os.path.abspath(path))
    return str(place.with_name(_ROTATED.sub("", _PACKED.sub("", place.name), count=1) or place.name))


def pieces(logs: Iterable[Log]) -> dict[str, list[Log]]:
    """Groups files by the log they are pieces of, in the order given."""
    grouped: dict[str, list[Log]] = {}
    for log in logs:
        grouped.setdefault(log_name(log.path), []).append(log)
    return grouped
