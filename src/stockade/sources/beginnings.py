"""Decides where the reading of a file begins that was just opened.

In: the cursors of the last run and what was read in this one. Out: the incarnations to read, each at its position. In
this order: a file that is known goes on where it was left, under whatever name (a cursor is honoured for `tail`, too:
what was written while the daemon restarted is not skipped); a file that follows the cursor's one is read after its
rest; a copy of the cursor's file goes on at the same place; else from the start or, for `tail`, from the end.
"""

from __future__ import annotations

from collections.abc import Mapping

from stockade.model.cursor import Cursor
from stockade.sources.identity import Identity
from stockade.sources.openlog import OpenLog
from stockade.sources.positions import Positions
from stockade.sources.predecessors import Directories, find_predecessors
from stockade.sources.track import Track


class Beginnings:
    """Positions to begin at. Each cursor is used once, for the first file opened under its path."""

    def __init__(self, cursors: Mapping[str, Cursor]) -> None:
        self.positions = Positions(cursors.values())
        self._cursors = dict(cursors)

    def paths(self) -> list[str]:
        """Paths whose cursors have not been used."""
        return [source.removeprefix("file:") for source in self._cursors if source.startswith("file:/")]

    def older(self, track: Track, directories: Directories) -> list[OpenLog]:
        """What is left to be read of a path that has no file now."""
        cursor = self._cursors.get(track.source)
        logs = find_predecessors(track.path, cursor, directories) if cursor else []
        if logs:
            del self._cursors[track.source]
        return [self._at_known(log) for log in logs]

    def logs(self, track: Track, log: OpenLog, directories: Directories) -> list[OpenLog]:
        """The incarnations to read for a path whose file was opened as `log`, in order."""
        cursor = self._cursors.pop(track.source, None)
        is_tail, track.is_tail = track.is_tail, False
        if self.positions.find(log) is not None:
            return [self._at_known(log)]
        if cursor is not None:
            if _is_copy(log, cursor):
                log.seek(cursor.position)
                return [log]
            older = find_predecessors(track.path, cursor, directories)
            if older:
                return [*map(self._at_known, older), log]
            track.gone += cursor.position > 0
        if is_tail:
            log.seek_end()
        return [log]

    def _at_known(self, log: OpenLog) -> OpenLog:
        position = self.positions.find(log)
        if position is not None:
            log.seek(position)
        return log


def _is_copy(log: OpenLog, cursor: Cursor) -> bool:
    """Tells whether a file with another inode holds what was read up to the cursor: it begins the same way, is long
    enough, and a line ends where the cursor stands."""
    identity = Identity.parse(cursor.identity)
    return (
        identity is not None
        and log.is_called(identity.fingerprint)
        and log.size() >= cursor.position
        and log.byte_before(cursor.position) == b"\n"
    )
