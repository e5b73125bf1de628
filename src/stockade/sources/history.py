"""Finds where the reading of a big log begins whose past was never read: before the first line that can still count.

In: a log, and the owner's answer to one question about some of its lines. Out: a position. Bisects over offsets, a few
dozen small reads for any size. Knows no dates: what is old is the owner's business (his date engine, his findtime).

In doubt more is read, never less: a place without dates counts as recent, so an undated tail is read from its
beginning and a log without dates from its start; and a log that is not in the order of its dates is read whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from stockade.model.settings import LogPath

IsOld = Callable[[Sequence[LogPath], bytes], bool | None]
"""Tells of some whole lines of a log that these patterns mean whether the first dated one is too old to count for
anybody, now and with some tolerance for lines out of order; None when none of them has a date."""

MIN_SOUGHT = 1024 * 1024
"""Bytes from which on a log is worth searching; a smaller one is read in a few milliseconds."""

MARGIN = 256 * 1024
"""Bytes before the place found at which reading begins, so that records of several lines are whole."""

PROBE_BYTES = (16 * 1024, 128 * 1024)
"""What is looked at in one place: a little and, if no line in it has a date, more; then the place counts as undated."""

MAX_PROBES = 64
"""Places looked at for one log. 47 halvings take 2^63 bytes to less than a probe; the bound is for what cannot be."""

SAMPLES = 8
"""Places looked at before the one found, to see that everything there is old."""


def beginning(descriptor: int, size: int, is_old: Callable[[bytes], bool | None]) -> int:
    """The offset of a line before which every line is too old to count; 0 where that is not certain.

    `is_old` is asked of whole lines. Raises OSError when the log cannot be read.
    """
    if size < MIN_SOUGHT:
        return 0
    low = _last_old(descriptor, size, is_old)
    if low <= MARGIN or not _is_ordered(descriptor, low, is_old):
        return 0
    return _line_start(descriptor, low - MARGIN)


def _last_old(descriptor: int, size: int, is_old: Callable[[bytes], bool | None]) -> int:
    """A place that is old while the place that was looked at next after it is not; 0 when none is old."""
    low, high = 0, size
    for _ in range(MAX_PROBES):
        if high - low <= PROBE_BYTES[0]:
            break
        middle = (low + high) // 2
        if _look(descriptor, middle, is_old) is True:
            low = middle
        else:
            high = middle
    return low


def _is_ordered(descriptor: int, end: int, is_old: Callable[[bytes], bool | None]) -> bool:
    """Tells whether no sample before `end` is recent: a clock that was set back would hide lines from a bisection."""
    return all(_look(descriptor, end * n // SAMPLES, is_old) is not False for n in range(SAMPLES))


def _look(descriptor: int, offset: int, is_old: Callable[[bytes], bool | None]) -> bool | None:
    """Asks of the lines that begin at or after an offset."""
    answer = None
    for size in PROBE_BYTES:
        data = os.pread(descriptor, size, offset)
        begin = data.find(b"\n") + 1 if offset else 0
        lines = data[begin : data.rfind(b"\n") + 1]
        answer = is_old(lines) if lines and (begin or not offset) else None
        if answer is not None or len(data) < size:
            break
    return answer


def _line_start(descriptor: int, offset: int) -> int:
    """The first beginning of a line after an offset, within MARGIN; 0 when a line is longer than that."""
    found = os.pread(descriptor, MARGIN, offset).find(b"\n")
    return offset + found + 1 if found >= 0 else 0
