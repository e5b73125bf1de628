"""Owns the index of every open incarnation: by its watch and by its file, and which track reads it.

In: logs as they are opened and closed. Out: look-ups. Opens, reads and closes nothing.
"""

from __future__ import annotations

from stockade.sources.openlog import Key, OpenLog
from stockade.sources.track import Track


class Registry:
    """Open incarnations and their tracks."""

    def __init__(self) -> None:
        self._track_of: dict[OpenLog, Track] = {}
        self._by_watch: dict[int, list[Track]] = {}
        self._by_key: dict[Key, list[Track]] = {}

    def __len__(self) -> int:
        return len(self._track_of)

    def add(self, log: OpenLog, track: Track) -> None:
        """Enters a log whose watch is set."""
        self._track_of[log] = track
        self._by_key.setdefault(log.key, []).append(track)
        if log.watch is not None:
            self._by_watch.setdefault(log.watch, []).append(track)

    def remove(self, log: OpenLog) -> None:
        """Strikes a log out; unknown ones are ignored."""
        track = self._track_of.pop(log, None)
        if track is not None:
            _strike(self._by_key, log.key, track)
            if log.watch is not None:
                _strike(self._by_watch, log.watch, track)

    def is_open(self, key: Key) -> bool:
        """Tells whether some track reads the file."""
        return key in self._by_key

    def watching(self, watch: int) -> list[Track]:
        """The tracks that read what a watch belongs to."""
        return self._by_watch.get(watch, [])

    def owner(self, key: Key, track: Track) -> Track | None:
        """Another track that reads the file for every pattern that `track` stands for: reading it twice would count
        each line twice."""
        return next((t for t in self._by_key.get(key, ()) if t is not track and t.patterns >= track.patterns), None)


def _strike(index: dict[int, list[Track]] | dict[Key, list[Track]], key: int | Key, track: Track) -> None:
    tracks = index[key]  # type: ignore[index]
    tracks.remove(track)
    if not tracks:
        del index[key]  # type: ignore[arg-type]
