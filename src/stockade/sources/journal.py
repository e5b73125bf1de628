"""Owns one reader of the systemd journal: its matches, its position, and what it says about itself.

In: where the journal is and which entries are wanted, a cursor or the time to begin at. Out: `Entries`, whole lines
with their times. A journal that is not there yet is waited for; one that fails is opened again at the last entry.
Must not block.
"""

from __future__ import annotations

import re
import select
from contextlib import suppress

from stockade.errors import SourceError
from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import JournalSettings
from stockade.sources.journal_line import MAX_FIELD, line_of, time_of
from stockade.sources.journal_place import JournalPlace
from stockade.sources.libsystemd import INVALIDATE, Handle, Library
from stockade.sources.timer import Timer

MAX_ENTRIES, MAX_BYTES = 250, 1024 * 1024
"""Entries (5 ms of work) and bytes after which `read` returns; the next call goes on."""

RETRY_SECONDS = 2.0
"""Between attempts to open a journal that is missing or has failed."""

AUDIT_SECONDS = 10.0
"""Between looks at the journal although its descriptor is quiet: a reader must not go blind unnoticed."""

_MATCH = re.compile(r"[A-Z0-9_]{1,64}=.*", re.DOTALL)
_CURSOR_TIME = re.compile(r";t=([0-9a-f]{1,16})(?:;|$)")


def journal_name(settings: JournalSettings) -> str:
    """The name of the source that serves every jail with equal settings: `journal:<place and matches>`."""
    place = settings.path or " ".join(settings.files) or (settings.namespace and f"namespace={settings.namespace}")
    flags = "" if settings.flags is None else f"flags={settings.flags}"
    matches = " + ".join(" ".join(group) for group in settings.matches)
    return "journal:" + " ".join(part for part in (place, flags, matches) if part)


class Journal:
    """A `Source` of the entries that one or more jails with equal `JournalSettings` want.

    It begins after the cursor, or at `since` (the caller's now minus findtime) when that is later or there is none.
    What is read before the end was reached is history. Raises SourceError for a malformed match or a missing library.
    """

    def __init__(
        self,
        settings: JournalSettings,
        since: Wall,
        cursor: Cursor | None = None,
        *,
        library: Library | None = None,
        place: JournalPlace | None = None,
    ) -> None:
        for match in (match for group in settings.matches for match in group):
            _check_match(match)
        self._settings = settings
        self._source = journal_name(settings)
        self._library = library or Library()
        self._place = place or JournalPlace(settings)
        self._since = since
        self._mark = cursor.mark if cursor and _time_of_cursor(cursor.mark) >= since else ""
        self._epoll = select.epoll()
        self._handle: Handle | None = None
        self._directories: tuple[str, ...] = ()
        self._problem: SourceError | None = None
        self._is_live = self._is_on_unread = False
        self._has_more = True
        self._retry, self._audit = Timer(RETRY_SECONDS), Timer(AUDIT_SECONDS)
        self._counts = {"entries": 0, "opened": 0, "failed": 0}
        self._open()

    # The Source protocol

    def fileno(self) -> int:
        """A descriptor that stays the same even when the journal is opened again; -1 after `close`."""
        return -1 if self._epoll.closed else self._epoll.fileno()

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while entries lie ahead, else the next audit or attempt to open, or what the library asks for."""
        if self._has_more:
            return now
        due = [timer.due for timer in (self._retry, self._audit) if timer.due is not None]
        if self._handle is not None and (timeout := self._handle.timeout()) is not None:
            due.append(Monotonic(max(now, timeout)))
        return min(due, default=None)

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what is there."""
        is_due = self._retry.is_due(now, is_wanted=self._handle is None)
        is_due = self._audit.is_due(now, is_wanted=self._handle is not None) or is_due
        if is_due and (self._handle is None or self._place.directories() != self._directories):
            self._open()
        try:
            taken = self._take()
        except OSError as error:
            self._fail(error)
            taken = None
        return [taken] if taken is not None else []

    def status(self) -> list[SourceStatus]:
        """One row."""
        if self._problem is not None:
            state = "failed" if self._handle is None else "reading"
            return [SourceStatus(self._source, state, f"{self._problem.message} → {self._problem.remedy}")]
        if self._handle is None:
            return [SourceStatus(self._source, "waiting", self._place.missing())]
        return [SourceStatus(self._source, "reading", "" if self._is_live else "entries from before the start")]

    def close(self) -> None:
        """Releases every descriptor; idempotent."""
        self._drop()
        self._has_more = False
        self._epoll.close()

    # For the owner

    @property
    def source(self) -> str:
        """The name in entries and cursors."""
        return self._source

    def statistics(self) -> dict[str, int]:
        """Counts since the start."""
        return dict(self._counts)

    # Opening

    def _open(self) -> None:
        """Opens the journal, or leaves it to the next attempt; goes on after the last entry that was read."""
        self._drop()
        self._directories = self._place.directories()
        self._problem = self._place.problem()
        if not self._place.files():
            return
        try:
            self._handle = self._place.open(self._library)
            self._prepare(self._handle)
        except OSError as error:
            self._fail(error)

    def _prepare(self, handle: Handle) -> None:
        handle.call("sd_journal_set_data_threshold", MAX_FIELD + 256)
        for number, group in enumerate(self._settings.matches):
            if number:
                handle.call("sd_journal_add_disjunction")
            for match in group:
                data = match.encode("utf-8", "surrogateescape")
                handle.call("sd_journal_add_match", data, len(data))
        self._epoll.register(handle.call("sd_journal_get_fd"), select.EPOLLIN)
        self._seat(handle)
        self._is_live, self._has_more = False, True
        self._counts["opened"] += 1

    def _drop(self) -> None:
        if self._handle is not None:
            self._handle.close()  # closes the descriptor, which leaves the epoll with it
            self._handle = None
        self._has_more = False

    def _fail(self, error: OSError) -> None:
        self._counts["failed"] += 1
        self._drop()
        self._problem = SourceError(f"the journal cannot be read: {error.strerror}", "it is opened again")

    def _seat(self, handle: Handle) -> None:
        """Goes behind the last entry that was read; when that is gone, to the first one after it."""
        self._is_on_unread = False
        with suppress(OSError):  # a damaged cursor is no cursor
            if self._mark:
                handle.call("sd_journal_seek_cursor", self._mark.encode("ascii", "replace"))
                self._is_on_unread = handle.next() and not handle.is_at(self._mark)
                return
        handle.call("sd_journal_seek_realtime_usec", max(0, int(self._since * 1e6)))

    # Reading

    def _take(self) -> Entries | None:
        handle = self._handle
        self._has_more = False
        if handle is None:
            return None
        if handle.call("sd_journal_process") == INVALIDATE:
            self._seat(handle)
        entries: list[tuple[float, bytes]] = []
        size = 0
        while len(entries) < MAX_ENTRIES and size < MAX_BYTES:
            if not self._is_on_unread and not handle.next():
                break
            self._is_on_unread = False
            line = line_of(handle)
            size += len(line)
            entries.append((time_of(handle), line))
            self._mark = handle.cursor()
        else:
            self._has_more = True
        was_live, self._is_live = self._is_live, self._is_live or not self._has_more
        self._counts["entries"] += len(entries)
        return Entries(self._source, tuple(entries), self._mark, was_live) if entries else None


def _check_match(match: str) -> None:
    if not _MATCH.fullmatch(match):
        raise SourceError(
            f"journalmatch {match!r} is not of the form FIELD=value",
            "write for example _SYSTEMD_UNIT=sshd.service, with the field in capitals",
        )


def _time_of_cursor(mark: str) -> float:
    """When the entry of a cursor was received, in seconds; -1 for what is no cursor."""
    found = _CURSOR_TIME.search(mark)
    return int(found.group(1), 16) / 1e6 if found else -1.0
