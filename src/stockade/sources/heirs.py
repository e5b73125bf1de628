"""Owns who waits for whom: paths whose file is read under another name, and the cursors that are kept for them.

A pattern that means rotated files, too (`auth.log*`), leads to one file by two names. It is read once, under the name
it had first; the cursor of the other one is told how far, so that after a restart neither name reads it again. In:
tracks and what was read. Out: chunks without bytes that set those cursors. Opens and reads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from stockade.model.chunk import Chunk
from stockade.sources.openlog import Key, OpenLog
from stockade.sources.registry import Registry
from stockade.sources.track import Track


class Heirs:
    """The waiting paths, by the file they wait for."""

    def __init__(self, tracks: Mapping[str, Track], registry: Registry) -> None:
        self._tracks = tracks
        self._registry = registry
        self._waiting: dict[Key, set[str]] = {}

    def wait(self, track: Track, key: Key, owner: Track) -> list[Chunk]:
        """Has a path wait until `owner` has finished with its file."""
        track.owner, track.waits_for = owner.source, key
        self._waiting.setdefault(key, set()).add(track.path)
        return self._tell(track.path, owner, key)

    def stop_waiting(self, track: Track) -> None:
        """The path leads to something else now, or to nothing."""
        if track.waits_for is not None:
            self._waiting.get(track.waits_for, set()).discard(track.path)
        track.owner, track.waits_for = "", None

    def release(self, log: OpenLog) -> list[str]:
        """The paths that waited for a file that is closed now."""
        return sorted(self._waiting.pop(log.key, ()))

    def chunks(self, track: Track) -> list[Chunk]:
        """Empty chunks for the paths that files of `track` have now: their cursors tell how far those were read, while
        the cursor of the path they were read under has gone on to the next file."""
        chunks: list[Chunk] = []
        for log in track.logs():
            if log.key in self._waiting and log.told_position != log.position:
                log.told_position = log.position
                for path in sorted(self._waiting[log.key]):
                    chunks += self._tell(path, track, log.key)
        owner = self._registry.owner(track.waits_for, track) if track.waits_for is not None else None
        if owner is not None:  # its own chunks have moved its cursor off the file that has its path now
            chunks += self._tell(track.path, owner, track.waits_for)
        return chunks

    def _tell(self, path: str, owner: Track, key: Key | None) -> list[Chunk]:
        """The chunk that sets the cursor of `path` to a file that `owner` reads; none while one of the two stands
        within a line, because the position would be off by its beginning."""
        heir = self._tracks.get(path)
        log = next((log for log in owner.logs() if log.key == key), None)
        is_within = heir is not None and heir.queue and not heir.queue[0].is_at_line_start
        if log is None or is_within or not (log.is_at_line_start or log in owner.late):
            return []
        return [Chunk(f"file:{path}", log.identify(), log.position, b"", log.is_live)]
