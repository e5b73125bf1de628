"""Remarks: what an operator is told about the times and bytes of a jail's lines, once a day for each kind.

Owns when each was said last. In: the scanner's notes by jail. Out: sentences. A note that was made by a hostile line
costs one sentence a day at most. Must not decide anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stockade._scanner import Note
from stockade.daemon.words import printable
from stockade.model.clock import Seconds, Wall

DAY: Seconds = 86_400.0

SHOWN = 200
"""Characters of a line that a sentence repeats."""

LATENCY: Seconds = 55 * 60.0
"""Lines that are later than this are not late: their clock or zone is wrong."""

MAX_KEPT = 10_000
"""Jails and kinds that are remembered; beyond, all are forgotten, and may be said again."""


class Remarks:
    """Says each kind of remark once a day for each jail."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], Wall] = {}

    def sentences(self, jail: str, note: Note, now: Wall) -> Iterator[str]:
        """What is to be said of a note now; nothing if it was said within a day."""
        key = (jail, note.kind)
        last = self._said.get(key)
        if last is not None and abs(now - last) < DAY:
            return
        if len(self._said) >= MAX_KEPT:
            self._said.clear()
        self._said[key] = now
        for sentence in _MEANING[note.kind](note):
            yield f"[{jail}] {sentence}"
        yield f"[{jail}] Line: {printable(note.line[:SHOWN])}"


def _undated(_: Note) -> Iterator[str]:
    yield "Found a match but no valid date/time in it; it counts as if it had just happened"
    yield "  → set datepattern, or datepattern = {NONE} if the log has no dates"


def _off(note: Note) -> Iterator[str]:
    side = "after" if note.seconds > 0 else "before"
    cause = "latency" if -LATENCY <= note.seconds < 0 else "timezone"
    yield f"Detected a log entry {abs(note.seconds):.0f} s {side} the current time; it counts as just happened"
    hint = "the log is written or delivered late" if cause == "latency" else "check logtimezone and the clocks"
    yield f"  → this looks like a {cause} problem: {hint}"


def _old(note: Note) -> Iterator[str]:
    yield f"Ignoring log entries older than findtime (this one is {-note.seconds:.0f} s old)"
    yield "  → nothing to do: they were written while nobody watched"


def _undecodable(_: Note) -> Iterator[str]:
    yield "A line has bytes that are not valid in the log's encoding; they count as U+FFFD"
    yield "  → set logencoding"


_MEANING: dict[str, Callable[[Note], Iterator[str]]] = {
    "undated": _undated,
    "off": _off,
    "old": _old,
    "undecodable": _undecodable,
}
