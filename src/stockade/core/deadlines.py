"""Deadlines of bans: a heap with lazy deletion. Wrong or outdated entries are harmless; the core looks again."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from stockade.model.clock import Wall


class Deadlines:
    """Remembers when to look at which ban again."""

    def __init__(self) -> None:
        self._heap: list[tuple[Wall, str, str]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, at: Wall, jail: str, identifier: str) -> None:
        """Sets a deadline; several for one ban are fine."""
        heappush(self._heap, (at, jail, identifier))

    def first(self) -> Wall | None:
        """The earliest deadline, if there is any."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: Wall) -> Iterator[tuple[str, str]]:
        """Takes away and yields every (jail, identifier) whose deadline has passed."""
        while self._heap and self._heap[0][0] <= now:
            _, jail, identifier = heappop(self._heap)
            yield jail, identifier

    def keep(self, wanted: set[tuple[str, str]]) -> None:
        """Drops the deadlines of bans that are gone; called when the heap has outgrown the bans."""
        self._heap = [item for item in self._heap if item[1:] in wanted]
        heapify(self._heap)
