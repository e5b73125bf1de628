"""Decides where the reading of a file begins that was just opened.

In: the cursors of the last run and what was read in this one. Out: the incarnations to read, each at its position. In
this order: a file that is known goes on where it was left, under whatever name (a cursor is honoured for `tail`, too:
what was written while the daemon restarted is not skipped); a file that follows the cursor's one is read after its
rest; a copy of the cursor's file goes on at the same place; else from the start or, for `tail`, from the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stockade.model.cursor import Cursor
from stockade.sources.asides import asides_of
from stockade.sources.identity import Identity
from stockade.sources.openlog import OpenLog
from stockade.sources.positions import Positions
from stockade.sources.predecessors import Directories, find_late, find_predecessors
from stockade.sources.track import Track


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is to be read of a path, in order. `late` was read to its end before and may have grown since. `is_unread`
    says that nothing is known of the last log's past: its beginning may be sought by time."""

    logs: list[OpenLog]
    late: list[OpenLog] = field(default_factory=list)
    is_unread: bool = False

    def close(self) -> None:
        """Lets go of what cannot be read after all."""
        for log in [*self.logs, *self.late]:
            log.close()


class Beginnings:
    """Positions to begin at. Each cursor is used once, for the first file opened under its path."""

    def __init__(self, cursors: Mapping[str, Cursor]) -> None:
        self.positions = Positions(cursors.values())
        for cursor in cursors.values():
            for aside in asides_of(cursor.mark):
                self.positions.learn(str(aside.identity), aside.position)
        self._cursors = dict(cursors)

    def paths(self) -> list[str]:
        """Paths whose cursors have not been used."""
        return [source.removeprefix("file:") for source in self._cursors if source.startswith("file:/")]

    def of_missing(self, track: Track, directories: Directories) -> Beginning:
        """What is left to be read of a path that has no file now."""
        cursor = self._cursors.get(track.source)
        logs = find_predecessors(track.path, cursor, directories) if cursor else []
        if cursor is None or not logs:
            return Beginning([])
        del self._cursors[track.source]
        return Beginning([self._at_known(log) for log in logs], self._late(track, cursor, directories))

    def of(self, track: Track, log: OpenLog, directories: Directories) -> Beginning:
        """What is to be read of a path whose file was opened as `log`. Raises OSError when that cannot be found out."""
        cursor = self._cursors.pop(track.source, None)
        is_tail, track.is_tail = track.is_tail, False
        late = self._late(track, cursor, directories) if cursor is not None else []
        copied = cursor.position if cursor is not None and _is_copy(log, cursor) else None
        known = max((place for place in (copied, self.positions.find(log)) if place is not None), default=None)
        if known is not None:  # of a file that was saved anew again and again, the inode may be an old one's
            log.seek(known)
            return Beginning([log], late)
        if cursor is not None:
            older = find_predecessors(track.path, cursor, directories)
            if older:
                return Beginning([*map(self._at_known, older), log], late)
            track.gone += cursor.position > 0
        if is_tail:
            log.seek_end()
        return Beginning([log], late, is_unread=not is_tail)

    def _late(self, track: Track, cursor: Cursor, directories: Directories) -> list[OpenLog]:
        logs = (find_late(track.path, aside, directories) for aside in asides_of(cursor.mark))
        return [self._at_known(log) for log in logs if log is not None]

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
