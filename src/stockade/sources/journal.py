"""Owns one reader of the systemd journal: its position, and what it says about itself.

In: where the journal is and which entries are wanted, a cursor or the time to begin at. Out: `Entries`, whole lines
with their times. A journal that is not there yet is waited for; one that fails, or goes on without telling, is opened
again at the last entry. Must not block.
"""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import closing, suppress

from stockade.errors import SourceError
from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import JournalSettings
from stockade.sources.journal_line import line_of, time_of
from stockade.sources.journal_place import Identity, JournalPlace
from stockade.sources.journal_seat import Gap, JournalSeat
from stockade.sources.journal_wanted import Wanted
from stockade.sources.libsystemd import INVALIDATE, Handle, Library
from stockade.sources.timer import Timer

MAX_ENTRIES, MAX_BYTES = 250, 1024 * 1024
"""Entries (3 ms of work) and bytes after which `read` returns; the next call goes on."""

RETRY_SECONDS = 2.0
"""Between attempts to open a journal that is missing or has failed."""

AUDIT_SECONDS = 10.0
"""Between looks at the journal although its descriptor is quiet: a reader must not go blind unnoticed."""

POLL_SECONDS = 1.0
"""The same where the kernel grants no inotify."""

_MOVED = SourceError("this machine has another number (/etc/machine-id) now, and another journal", "restart stockade")
"""A machine gets another number when an image is set up; the library goes on with the old one until the end."""


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
        self._wanted = Wanted(settings)
        self._source = journal_name(settings)
        self._library = library or Library()
        self._place = place or JournalPlace(settings)
        self._seat = JournalSeat(since, cursor.mark if cursor else "")
        self._machine = self._place.machine()
        self._epoll = select.epoll()
        self._handle: Handle | None = None
        self._files: frozenset[Identity] = frozenset()
        self._problem: SourceError | None = None
        self._gap: Gap | None = None
        self._is_live = self._is_told = self._is_blind = False
        self._has_more = True
        self._retry, self._audit, self._poll = Timer(RETRY_SECONDS), Timer(AUDIT_SECONDS), Timer(POLL_SECONDS)
        self._counts = dict.fromkeys(("entries", "opened", "failed", "blind", "damaged", "gaps"), 0)
        self._open()

    # The Source protocol

    def fileno(self) -> int:
        """A descriptor that stays the same even when the journal is opened again; -1 after `close`."""
        return -1 if self._epoll.closed else self._epoll.fileno()

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while entries lie ahead, else the next audit or attempt to open, or what the library asks for."""
        if self._has_more:
            return now
        due = [timer.due for timer in (self._retry, self._audit, self._poll) if timer.due is not None]
        # Asking also asks for inotify, which fails where there is none: then it is polled anyway.
        if self._handle is not None and self._is_told and (timeout := self._handle.timeout()) is not None:
            due.append(Monotonic(max(now, timeout)))
        return min(due, default=None)

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what is there."""
        is_open = self._handle is not None
        if self._retry.is_due(now, is_wanted=not is_open):
            self._open()
        is_due = self._audit.is_due(now, is_wanted=is_open)
        is_due = self._poll.is_due(now, is_wanted=is_open and not self._is_told) or is_due
        taken: Entries | None = None
        try:
            taken = self._take(now)
            if not self._has_more:
                self._hear()
            if is_due and not self._has_more:
                self._look_after_itself()
        except OSError as error:
            self._fail(error)
        return [] if taken is None else [taken]

    def status(self) -> list[SourceStatus]:
        """One row."""
        if self._problem is not None:
            state = "failed" if self._handle is None or self._is_blind else "reading"
            return [SourceStatus(self._source, state, _advice(self._problem))]
        if self._handle is None:
            return [SourceStatus(self._source, "waiting", self._place.missing())]
        if (mistake := self._wanted.mistake()) is not None:
            return [SourceStatus(self._source, "failed", _advice(mistake))]
        return [SourceStatus(self._source, "reading", "; ".join(self._remarks()))]

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
        """Counts since the start. `blind`: how often the journal had new files of which the library did not tell;
        `damaged`: entries that could not be read; `gaps`: times that were deleted before they were read."""
        return dict(self._counts)

    # Opening

    def _open(self, *, is_complete: bool = False) -> None:
        """Opens the journal, or leaves it to the next attempt; goes on after the last entry that was read. Unless all
        that was there has just been read (`is_complete`), something may have been deleted unread."""
        self._drop()
        self._examine()
        self._files = self._place.identities()
        if not self._files:
            return
        try:
            self._handle = self._place.open(self._library)
            self._prepare(self._handle)
            gap = None if is_complete else self._seat.gap(self._handle)
        except OSError as error:
            self._fail(error)
            return
        if gap is not None:
            self._gap = gap
            self._counts["gaps"] += 1

    def _prepare(self, handle: Handle) -> None:
        self._watch(handle)
        self._wanted.apply(handle)
        self._compare()
        self._seat.take(handle)
        self._has_more = True
        self._counts["opened"] += 1

    def _watch(self, handle: Handle) -> None:
        """Asks to be told of news. Without inotify (its limits are low and shared) the journal is polled, and so are
        files that were named: the library never tells of further ones."""
        self._is_told = not self._place.is_by_name
        try:
            self._epoll.register(handle.call("sd_journal_get_fd"), select.EPOLLIN)
        except OSError:
            self._is_told = False

    def _drop(self) -> None:
        if self._handle is not None:
            self._handle.close()  # closes the descriptor, which leaves the epoll with it
            self._handle = None
        self._has_more = False

    def _fail(self, error: OSError) -> None:
        self._counts["failed"] += 1
        self._is_live = False
        self._drop()
        self._problem = SourceError(
            f"the journal cannot be read: {error.strerror}", f"it is tried again every {RETRY_SECONDS:.0f} s"
        )

    def _examine(self) -> None:
        """Looks for what keeps the library from reading without its saying so."""
        has_moved = self._machine != self._place.machine()
        self._problem = _MOVED if has_moved else self._place.problem()
        self._is_blind = has_moved or (self._problem is not None and not self._place.is_readable())

    # Reading

    def _take(self, now: Monotonic) -> Entries | None:
        """Reads on. Only when all known files are read to their end is news of files heard: a file that was deleted
        meanwhile is still open until then, and nothing in it is lost."""
        self._has_more = False
        if self._handle is None:
            return None
        entries = self._batch(self._handle, now)
        was_live, self._is_live = self._is_live, self._is_live or not self._has_more
        if not self._has_more:
            self._seat.reached_end()
        return Entries(self._source, tuple(entries), self._seat.mark, was_live) if entries else None

    def _batch(self, handle: Handle, now: Monotonic) -> list[tuple[float, bytes]]:
        """The next entries; `_has_more` tells whether a bound ended them. What was read before does not count: it is
        bounded by what is remembered."""
        entries: list[tuple[float, bytes]] = []
        size = 0
        is_known = self._seat.is_known
        for entry in self._entries(handle):
            if is_known(entry):
                continue
            entries.append(entry)
            size += len(entry[1])
            if len(entries) >= MAX_ENTRIES or size >= MAX_BYTES:
                self._has_more = True
                break
        if entries:
            self._seat.reached(handle, entries, now)
            self._wanted.is_found = True
            self._counts["entries"] += len(entries)
        return entries

    def _entries(self, handle: Handle) -> Iterator[tuple[float, bytes]]:
        """Every entry from here; one that is damaged is passed over, because opening again would meet it again."""
        seat = self._seat
        while seat.is_on_unread or handle.next():
            seat.is_on_unread = False
            try:
                yield time_of(handle), line_of(handle)
            except OSError:
                self._counts["damaged"] += 1

    # Not going blind

    def _hear(self) -> None:
        """Hears the news, after which there may be more to read. For new files the journal is opened again: it may have
        told of one that went, and not know of the directory in which others came."""
        if self._handle is None or self._handle.call("sd_journal_process") != INVALIDATE:
            return
        files = self._place.identities()
        if files - self._files:
            self._open(is_complete=True)
        else:
            self._files = files
            self._seat.take(self._handle)
            self._has_more = True

    def _look_after_itself(self) -> None:
        """Opens the journal again when there are files of which the library has not told."""
        files = self._place.identities()
        self._hear()
        if self._handle is None or self._has_more:
            return
        if files != self._files:
            self._counts["blind"] += self._is_told
            self._open()
            return
        self._examine()
        self._compare()
        self._seat.note_completeness(self._handle)

    def _compare(self) -> None:
        """While no entry was ever found, looks for what the matches may have meant; damaged files may keep it from
        that, and from nothing else."""
        if self._wanted.is_found:
            return
        with suppress(OSError), closing(self._place.open_newest(self._library)) as newest:
            self._wanted.compare(newest)

    def _remarks(self) -> Iterator[str]:
        if not self._is_live:
            yield "entries from before the start"
        if self._gap is not None:
            yield str(self._gap)
        if self._counts["damaged"]:
            yield f"{self._counts['damaged']} damaged entries were passed over → run journalctl --verify"
        if not self._is_told and not self._place.is_by_name:
            yield "the kernel grants no inotify, so it is polled → raise fs.inotify.max_user_instances"
        yield from self._wanted.remarks()


def _advice(problem: SourceError) -> str:
    return f"{problem.message} → {problem.remedy}"
