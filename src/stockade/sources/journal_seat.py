"""Owns the place in the journal up to which was read, and finds it again when files came, went or were opened anew.

In: an open journal, entries as they are read. Out: the cursor to commit, whether an entry was read before, and how much
was deleted unread. Must not open or close anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from stockade.model.clock import Monotonic, Seconds, Wall
from stockade.sources.journal_position import Position, parse
from stockade.sources.journal_recent import Entry, Recent
from stockade.sources.libsystemd import Handle


@dataclass(frozen=True, slots=True)
class Gap:
    """A time whose entries were deleted before they were read. It is an upper bound: how much of it had been read while
    nothing matched is not known after a restart."""

    begin: Wall
    end: Wall

    @property
    def seconds(self) -> Seconds:
        """How long it is."""
        return self.end - self.begin

    def __str__(self) -> str:
        return (
            f"entries from {_shown(self.begin)} to {_shown(self.end)} UTC ({self.seconds:.0f} s) were deleted before "
            "they were read → give the journal more room: SystemMaxUse= in journald.conf"
        )


class JournalSeat:
    """Where reading stands; see the module's docstring."""

    def __init__(self, since: Wall, mark: str) -> None:
        """Begins after the cursor `mark`, or at `since` when that is later or `mark` is none."""
        self._since = since
        position = parse(mark)
        self._position = position if position and position.realtime >= since * 1e6 else None
        self._complete = 0
        self._recent = Recent()
        self.mark = mark if self._position else ""
        self.is_on_unread = False
        """Whether the reader stands on an entry that has not been read: it must not go to the next one first."""

    def take(self, handle: Handle) -> None:
        """Goes behind the last entry that was read; a little further back when some are remembered, see `Recent`. Where
        an entry is gone, to the first one after it."""
        self.is_on_unread = False
        back = self._recent.rewind()
        if not self._find(handle, self.mark if back is None else back):
            handle.call("sd_journal_seek_realtime_usec", max(0, int(self._since * 1e6)))

    def gap(self, handle: Handle) -> Gap | None:
        """What was deleted before it was read: the journal begins later than we left it. None for nothing."""
        if self._position is None:
            return None
        oldest, _ = handle.span()
        known = max(self._position.realtime, self._complete)
        return Gap(Wall(known / 1e6), Wall(oldest / 1e6)) if oldest > known else None

    def is_known(self, entry: Entry) -> bool:
        """Tells whether an entry was read before; each reading of it is told once."""
        return self._recent.is_known(entry)

    def reached(self, handle: Handle, entries: Sequence[Entry], now: Monotonic) -> None:
        """Takes note of entries that were read, up to the present one. The mark never goes back, so that a late entry
        from a new file does not make a restart count others twice."""
        before = self.mark
        with suppress(OSError):  # the file of the present entry was found damaged; the next batch has a cursor again
            mark = handle.cursor()
            position = parse(mark)
            is_again = self._recent.is_replaying
            if position and (self._position is None or not is_again or position.is_after(self._position)):
                self.mark, self._position = mark, position
        self._recent.add(entries, before, now)

    def reached_end(self) -> None:
        """Nothing lies ahead: what comes now is new."""
        self._recent.finish()

    def note_completeness(self, handle: Handle) -> None:
        """Everything that is in the journal now has been read."""
        self._complete = handle.span()[1]

    def _find(self, handle: Handle, mark: str) -> bool:
        """Seeks a cursor; False when it is none, or cannot say what is new."""
        wanted = parse(mark)
        if wanted is None:
            return False
        handle.call("sd_journal_seek_cursor", mark.encode("ascii"))
        if handle.next():
            found = parse(handle.cursor())
            self.is_on_unread = found is None or not wanted.is_same(found)
            return True
        newest = _newest(handle)
        if newest is not None and newest.is_of_a_slower_clock(wanted):
            return False
        handle.call("sd_journal_seek_cursor", mark.encode("ascii"))
        return True


def _newest(handle: Handle) -> Position | None:
    handle.call("sd_journal_seek_tail")
    return parse(handle.cursor()) if handle.call("sd_journal_previous") else None


def _shown(at: Wall) -> str:
    """A time as text; a damaged file may say one that no calendar has."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"{at:.0f}"
