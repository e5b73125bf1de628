"""Makes lines of a container's log file: cuts it into records and joins the pieces of long lines.

Owns what is unfinished: the last record, and a line of each stream. In: chunks of one file, as `LogFiles` gives them.
Out: `Entries` whose mark tells where reading goes on: at the first record of an unfinished line. After a crash in the
middle of a line of many pieces, what another stream said meanwhile is read again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from stockade.model.chunk import Chunk, Entries
from stockade.model.cursor import Cursor
from stockade.sources.containers.records import Piece

MAX_LINE = 131_073
"""Bytes of one joined line, one more than the scanner reads: what follows is dropped, and the scanner reports it."""

MAX_RECORD = 1024 * 1024
"""Bytes of one record; what has no newline within is dropped up to the next one, and counted as damaged."""

MAX_STREAMS = 4
"""Streams with an unfinished line; there are two. A piece of a further one is damaged."""

ReadPiece = Callable[[bytes], Piece | None]


@dataclass(slots=True)
class _Line:
    """The beginning of a line; `position` is that of its first record."""

    position: int
    time: float
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, text: bytes) -> None:
        kept = text[: MAX_LINE - self.size]
        self.parts.append(kept)
        self.size += len(kept)


class Joiner:
    """One file's records. `damaged` counts those that could not be read."""

    def __init__(self, source: str, read_piece: ReadPiece) -> None:
        self._source = source
        self._read_piece = read_piece
        self._record = b""
        self._is_dropping = False
        self._begun: dict[str, _Line] = {}
        self._at = 0
        self.damaged = 0

    def entries(self, chunk: Chunk) -> Entries | None:
        """The lines that end in a chunk; None when there are none and nothing else changes."""
        if not self._record and not self._is_dropping:
            self._at = chunk.position
        found: list[tuple[float, bytes]] = []
        *records, rest = (self._record + chunk.data).split(b"\n")
        for record in records:
            self._take(record, found)
            self._at += len(record) + 1
        self._keep(rest)
        position = min([self._at, *(line.position for line in self._begun.values())])
        if chunk.is_end:
            position = chunk.position + len(chunk.data)
            self._end()
        mark = mark_of(chunk.identity, position, chunk.mark)
        return Entries(self._source, tuple(found), mark, chunk.is_live) if found or records or chunk.is_end else None

    def _keep(self, rest: bytes) -> None:
        self._record = rest
        if len(rest) > MAX_RECORD:
            self._record, self._is_dropping = b"", True
            self._at += len(rest)

    def _take(self, record: bytes, found: list[tuple[float, bytes]]) -> None:
        if self._is_dropping:
            self._is_dropping = False
            self.damaged += 1
            return
        piece = self._read_piece(record)
        if piece is None or (piece.stream not in self._begun and len(self._begun) == MAX_STREAMS):
            self.damaged += 1
            return
        if piece.is_whole and piece.stream not in self._begun:
            found.append((piece.time, piece.text[:MAX_LINE]))
            return
        line = self._begun.setdefault(piece.stream, _Line(self._at, piece.time))
        line.add(piece.text)
        if piece.is_whole:
            del self._begun[piece.stream]
            found.append((line.time, b"".join(line.parts)))

    def _end(self) -> None:
        """The file has ended. A record without newline is none; a line goes on, for engines rotate between two pieces,
        too: the next file is read from its beginning."""
        self.damaged += bool(self._record) or self._is_dropping
        self._record, self._is_dropping = b"", False
        for line in self._begun.values():
            line.position = 0


def mark_of(identity: str, position: int, mark: str) -> str:
    """The mark of entries that were read from a file up to a position."""
    return f"{identity} {position} {mark}".rstrip(" ")


def cursor_of(mark: str, path: str) -> Cursor | None:
    """The file's cursor that `mark_of` wrote; None for another text."""
    identity, _, rest = mark.partition(" ")
    position, _, own = rest.partition(" ")
    if not position.isdecimal() or not position.isascii() or len(position) > 19:
        return None
    return Cursor(f"file:{path}", identity, int(position), own)
