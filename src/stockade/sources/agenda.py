"""Owns the two queues of the log files: tracks that may have something to read, and paths to be looked at.

In: whoever learns that something may have changed. Out: one after the other, in the order in which they came, so that
thousands of changes at once are worked off in bounded turns. Reads nothing and looks at nothing itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from stockade.sources.track import Track


class Agenda:
    """What is to be done; the bound is the number of files and patterns, for each waits at most once or twice."""

    def __init__(self) -> None:
        self._ready: deque[Track] = deque()
        self._is_ready: set[Track] = set()
        self._backlog: deque[int | str] = deque()

    def __bool__(self) -> bool:
        return bool(self._ready or self._backlog)

    @property
    def is_looking(self) -> bool:
        """Whether paths or patterns wait to be looked at."""
        return bool(self._backlog)

    def wake(self, track: Track) -> None:
        """Has a track read; one that waits already keeps its place."""
        if track not in self._is_ready:
            self._is_ready.add(track)
            self._ready.append(track)

    def next_track(self) -> Track | None:
        """Takes the track that has waited longest."""
        if not self._ready:
            return None
        track = self._ready.popleft()
        self._is_ready.discard(track)
        return track

    def look_at(self, items: Iterable[int | str]) -> None:
        """Has paths looked at, and patterns (by number) walked anew."""
        self._backlog.extend(items)

    def take_items(self, limit: int) -> list[int | str]:
        """Takes the paths and patterns that have waited longest."""
        return [self._backlog.popleft() for _ in range(min(limit, len(self._backlog)))]

    def clear(self) -> None:
        """Forgets everything."""
        self._ready.clear()
        self._is_ready.clear()
        self._backlog.clear()
