"""Owns what is known of files that are not open: how far each incarnation was read, under whatever name.

In: cursors at the start, later every incarnation that is closed. Out: the position of a file just opened. With it a
rotated file that another pattern means as well (`auth.log*`) is not read twice.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from stockade.model.cursor import Cursor
from stockade.sources.identity import Identity
from stockade.sources.openlog import OpenLog

MAX_KNOWN = 65_536
"""Incarnations remembered; beyond, the one that was closed longest ago is forgotten (its file would be read again)."""


class Positions:
    """Positions by inode and fingerprint."""

    def __init__(self, cursors: Iterable[Cursor]) -> None:
        self._known: OrderedDict[int, list[tuple[str, int]]] = OrderedDict()
        for cursor in cursors:
            self.learn(cursor.identity, cursor.position)

    def learn(self, identity: str, position: int) -> None:
        """Remembers that an incarnation was read up to `position`; one without a complete line has nothing to tell."""
        parsed = Identity.parse(identity)
        if parsed is None or parsed.fingerprint.startswith("0-"):
            return
        entries = self._known.setdefault(parsed.inode, [])
        entries[:] = [(text, at) for text, at in entries if text != parsed.fingerprint or at > position][-3:]
        entries.append((parsed.fingerprint, position))
        self._known.move_to_end(parsed.inode)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def find(self, log: OpenLog) -> int | None:
        """How far a file was read when it was last open; None when it is not known."""
        entries = self._known.get(log.key[1], ())
        return max((position for text, position in entries if log.is_called(text)), default=None)
