"""Reads the journal's own cursors: which entry one names, and which of two comes later.

In: the text of a cursor (systemd.journal-fields(7) calls it opaque, its parts have not changed since 2012). Out: a
`Position`, or None for any other text. Touches no journal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CHARS = 400
"""A longer text is no cursor; a real one has about 130 characters."""

_CURSOR = re.compile(
    r"s=([0-9a-f]{32});i=([0-9a-f]{1,16});b=([0-9a-f]{32});m=([0-9a-f]{1,16});t=([0-9a-f]{1,16});x=([0-9a-f]{1,16})"
)


@dataclass(frozen=True, slots=True)
class Position:
    """One entry. `writer` numbers its entries in `number`; `boot` and `monotonic`, `realtime` (µs) say when it came,
    `checksum` is of its content."""

    writer: str
    number: int
    boot: str
    monotonic: int
    realtime: int
    checksum: int

    def is_same(self, other: Position) -> bool:
        """Tells whether both name one entry, perhaps in two files: journald copies entries with their times and
        content, but numbers them anew, when it moves from /run to /var."""
        if self.writer == other.writer:
            return self.number == other.number
        return (self.boot, self.monotonic, self.realtime, self.checksum) == (
            other.boot,
            other.monotonic,
            other.realtime,
            other.checksum,
        )

    def is_after(self, other: Position) -> bool:
        """Tells whether this entry comes later in the journal's own order."""
        if self.writer == other.writer:
            return self.number > other.number
        if self.boot == other.boot:
            return self.monotonic > other.monotonic
        return self.realtime > other.realtime

    def is_of_a_slower_clock(self, mark: Position) -> bool:
        """Tells whether this newest entry of a journal shows that the clock ran backwards since `mark` was written, and
        that nothing but the clock could tell which of the two came later."""
        return self.writer != mark.writer and self.boot != mark.boot and self.realtime < mark.realtime


def parse(mark: str) -> Position | None:
    """Reads a cursor; None for what is none."""
    found = _CURSOR.fullmatch(mark) if len(mark) <= MAX_CHARS else None
    if found is None:
        return None
    writer, number, boot, monotonic, realtime, checksum = found.groups()
    return Position(writer, int(number, 16), boot, int(monotonic, 16), int(realtime, 16), int(checksum, 16))
