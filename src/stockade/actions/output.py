"""What a command printed, within bounds: its beginning and its end, and how much lay between.

In: bytes as they are read from a pipe. Out: lines for the log. Memory per stream never exceeds HEAD + TAIL, however
much is printed: a mistake shows at the beginning or at the end. Must not read from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

HEAD: Final = 16 * 1024
"""Bytes kept of the beginning."""

TAIL: Final = 16 * 1024
"""Bytes kept of the end. What lies between is counted and dropped."""

LINES: Final = 200
"""Lines told of one stream; of more, the first and the last half are, and the others are counted."""

LINE_CHARACTERS: Final = 2000
"""Characters told of one line; the rest is cut and marked."""


class Output:
    """One stream of one command."""

    __slots__ = ("_head", "_tail", "size")

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self.size = 0

    def take(self, data: bytes) -> None:
        """Adds what was read last."""
        self.size += len(data)
        room = HEAD - len(self._head)
        self._head += data[:room]
        self._tail += data[max(room, 0) :][-TAIL:]
        del self._tail[:-TAIL]

    @property
    def left_out(self) -> int:
        """Bytes that were dropped."""
        return self.size - len(self._head) - len(self._tail)

    def lines(self) -> Iterator[str]:
        """Every kept line, undecodable bytes replaced; a note in brackets stands for what was dropped."""
        if not self.left_out:
            yield from _told((self._head + self._tail).splitlines())
            return
        yield from _told(self._head.splitlines())
        yield f"[{self.left_out} bytes left out]"
        yield from _told(self._tail.splitlines())


def _told(lines: list[bytearray]) -> Iterator[str]:
    half = LINES // 2
    if len(lines) <= LINES:
        yield from map(_text, lines)
        return
    yield from map(_text, lines[:half])
    yield f"[{len(lines) - 2 * half} lines left out]"
    yield from map(_text, lines[-half:])


def _text(line: bytearray) -> str:
    text = line.decode("utf-8", "replace")
    return text if len(text) <= LINE_CHARACTERS else text[:LINE_CHARACTERS] + "…"
