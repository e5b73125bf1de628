"""Portions: what sources have read and the daemon has not yet looked at, handed out in pieces.

A turn of the loop is to be short, so that clients, the enforcer and other logs are served while one log floods. In:
chunks and entries, by the source that gave them. Out: pieces in their order. Holds at most one `read` of each source:
nobody reads on before that is used up, and so memory does not grow with what is unread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from stockade.model.chunk import Chunk, Entries, Source

PIECE_BYTES = 32 * 1024
"""Bytes of a chunk that are looked at without looking at the clock: some 300 lines, a millisecond in a flood."""


class Portions:
    """What waits, by source; see the module's docstring."""

    def __init__(self) -> None:
        self._waiting: dict[Source, deque[Chunk | Entries]] = {}

    def add(self, source: Source, items: Iterable[Chunk | Entries]) -> None:
        """Takes what a source has read, when what it read before is used up."""
        pieces = deque(piece for item in items for piece in _pieces(item))
        if pieces:
            self._waiting[source] = pieces

    def has(self, source: Source) -> bool:
        """Whether something of a source waits: then it must not read on."""
        return source in self._waiting

    def take(self, source: Source) -> Chunk | Entries | None:
        """The next piece of a source; None when it has none."""
        waiting = self._waiting.get(source)
        if waiting is None:
            return None
        piece = waiting.popleft()
        if not waiting:
            del self._waiting[source]
        return piece

    def take_all(self) -> Iterator[Chunk | Entries]:
        """Everything that waits, source by source: before sources are closed that could not give it again."""
        while self._waiting:
            source = next(iter(self._waiting))
            while (piece := self.take(source)) is not None:
                yield piece


def _pieces(item: Chunk | Entries) -> Iterator[Chunk | Entries]:
    """A chunk in pieces; they may end within a line, as chunks may. Entries are few and stay together."""
    if isinstance(item, Entries) or len(item.data) <= PIECE_BYTES:
        yield item
        return
    for start in range(0, len(item.data), PIECE_BYTES):
        data = item.data[start : start + PIECE_BYTES]
        is_last = start + PIECE_BYTES >= len(item.data)
        yield replace(item, position=item.position + start, data=data, is_end=item.is_end and is_last)
