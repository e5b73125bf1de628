"""Owns one log by its path: the incarnations under that name, oldest first, and the order in which they are read.

In: logs opened by `files`. Out: chunks of one source, whole and in order. The rules of a rotation:

* A renamed or deleted incarnation stays the one that is read, to its end and as it grows, until a later one has
  content: then its writer has reopened. What was written before is read first, so nothing of a single writer is missed.
* After that it is *late* for `LINGER` seconds of quiet: whole lines that a slower second writer still adds are handed
  on as soon as the present incarnation stands between two lines, followed by an empty chunk of the present one, so
  that the last chunk of a `read` always tells the cursor.
* An incarnation is announced by a chunk even if that is empty, so that the cursor knows of it before it is renamed.
* A deleted one without a successor is closed after `LINGER` of quiet, to free its disk space.
* What was unread when a log was truncated is read from the copy that copytruncate made, if there is one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice

from stockade.errors import SourceError
from stockade.model.chunk import Chunk, SourceStatus
from stockade.model.clock import Monotonic, Seconds
from stockade.sources.asides import MAX_ASIDES, mark_of
from stockade.sources.openlog import Key, OpenLog, Outcome

MAX_CHUNK = 256 * 1024
"""Bytes of one chunk; a longer line comes in pieces."""

LINGER: Seconds = 300.0
"""How long a rotated-away file must be quiet before it is closed."""

MAX_QUEUE = 64
"""Incarnations waiting to be read under one name; a newer one is opened when one of them is done."""

MAX_LATE = MAX_ASIDES
"""Late incarnations kept under one name; beyond, the oldest is closed. The mark of the cursor has room for them all."""

Rescue = Callable[["Track", OpenLog], list[OpenLog]]
"""Finds the copy in which the unread rest of a truncated log is saved, opened where reading goes on, and those that
were made since; none when there are no such copies."""


@dataclass(slots=True, eq=False)
class Track:
    """One path. `queue` holds the incarnations still to be read, the newest last, and `late` those after their end.

    `target` is where a symbolic link led when its file was opened; `unread_past` a log whose beginning is to be sought
    before it is read; `skipped` how many bytes were passed over that way; `before` the identity before a truncation;
    `row` the last status, while it holds.
    """

    path: str
    patterns: frozenset[int]
    queue: deque[OpenLog] = field(default_factory=deque)
    late: deque[OpenLog] = field(default_factory=deque)
    retired: list[OpenLog] = field(default_factory=list)
    has_more: bool = False
    is_missing: bool = False
    is_tail: bool = False
    problem: SourceError | None = None
    owner: str = ""
    waits_for: Key | None = None
    target: str = ""
    unread_past: OpenLog | None = None
    truncations: int = 0
    lost: int = 0
    gone: int = 0
    skipped: int = 0
    before: str = ""
    row: SourceStatus | None = None

    @property
    def source(self) -> str:
        """The name in chunks and cursors."""
        return f"file:{self.path}"

    def adopt(self, log: OpenLog) -> None:
        """Takes an incarnation as the newest one under the path; one that was here before continues where it stood."""
        if log in self.late:
            self.late.remove(log)
        if log in self.queue:
            if log is self.queue[0] and not log.is_at_line_start:
                return  # another must not come between two halves of a line
            self.queue.remove(log)
        self.queue.append(log)

    def adopt_late(self, log: OpenLog) -> None:
        """Takes an incarnation that was late already in the last run; lines may have been added to it since."""
        self.late.append(log)

    def held(self, key: Key) -> OpenLog | None:
        """The open incarnation that is this file, if there is one."""
        return next((log for log in self.logs() if log.key == key), None)

    def has_content_of(self, other: Track) -> bool:
        """Tells whether the unread file here begins as another track's file does, or did before it was truncated."""
        identities = [log.identity for log in other.queue] + [other.before]
        return any(self.queue[0].begins_as(identity.rpartition(":")[2]) for identity in identities)

    def current_key(self) -> Key | None:
        """Which file was last seen under the path, as far as it is open."""
        return self.queue[-1].key if self.queue else None

    def logs(self) -> list[OpenLog]:
        """Every open incarnation."""
        return [*self.late, *self.queue]

    def take(self, now: Monotonic, rescue: Rescue) -> list[Chunk]:
        """Reads once: at most `MAX_CHUNK` bytes in order, then what late writers added. Afterwards `has_more` says
        whether to call again."""
        self.has_more = False
        chunks = self._take_first(now, rescue) if self.queue else []
        if self.late and not self.has_more:
            chunks += self._take_late(now)
        return chunks

    def _take_first(self, now: Monotonic, rescue: Rescue) -> list[Chunk]:
        log = self.queue[0]
        is_superseded = self._is_superseded(log)  # before the end is looked at
        data, outcome = log.take(MAX_CHUNK)
        if outcome is Outcome.REWRITTEN:
            return self._restart(log, data, now, rescue)
        if outcome is Outcome.END and is_superseded:
            return self._hand_over(log, data, now)
        self.has_more = outcome is Outcome.MORE
        if self.late and not self.has_more:
            data = data[: data.rfind(b"\n") + 1]  # stand between two lines, so that late ones can be handed on
        chunks = [self._chunk(log, data, now)] if data or not log.is_announced else []
        log.is_live = log.is_live or outcome is Outcome.END
        return chunks

    def _is_superseded(self, log: OpenLog) -> bool:
        """Tells whether the next incarnation is to be read when this one's end is reached. A deleted one does not wait
        for its successor to have content: no restart would find it again, so the cursor had better be in the next. Nor
        does a finished copy."""
        later = islice(self.queue, 1, None)
        is_over = log.is_finished or log.is_unlinked()
        return len(self.queue) > 1 and (is_over or any(other.size() > 0 for other in later))

    def _chunk(self, log: OpenLog, data: bytes, now: Monotonic, *, is_end: bool = False) -> Chunk:
        position = log.position
        log.advance(data, now)
        log.is_announced = True
        return Chunk(self.source, log.identify(), position, data, log.is_live, is_end, self._mark())

    def _mark(self) -> str:
        """How far the late incarnations were read: after a restart their late lines are not lost."""
        lasting = [log for log in self.late if not log.is_unlinked()]  # the others are gone after a restart
        return mark_of((log.identify(), log.position) for log in lasting)

    def _restart(self, log: OpenLog, data: bytes, now: Monotonic, rescue: Rescue) -> list[Chunk]:
        """Ends an incarnation that was truncated or overwritten and begins the next one in the same file; in between
        comes what a copy saved of the unread rest."""
        chunk = self._chunk(log, data, now)
        self.truncations += 1
        self.before = chunk.identity
        self.has_more = True
        copies = rescue(self, log)
        self.put_first(copies, log)
        is_continued = bool(copies) and copies[0].position == log.position
        if is_continued:
            copies[0].is_at_line_start = log.is_at_line_start
        self.lost += log.restart()
        return [chunk if is_continued else replace(chunk, is_end=True)]

    def stands_at_a_beginning(self) -> bool:
        """Tells whether nothing was taken of the newest incarnation yet, while an older one under the path is known."""
        return len(self.queue) == 1 and not self.queue[0].position and bool(self.late or self.truncations)

    def put_first(self, copies: list[OpenLog], log: OpenLog) -> None:
        """Has copies of `log` read before everything else; what is in them is not lost when it was truncated."""
        self.queue.extendleft(reversed(copies))
        log.is_announced = log.is_announced and not copies  # the cursor comes back to it
        for copy in copies:
            copy.is_finished = True
            log.learn_copy(copy)

    def _hand_over(self, log: OpenLog, data: bytes, now: Monotonic) -> list[Chunk]:
        """Goes on to the next incarnation: at its beginning or, when it is a copy of this one, at the same place."""
        self.has_more = True
        successor = self.queue[1]
        chunk = self._chunk(log, data, now)
        copied = log.copied_upto(successor) if log.is_unlinked() else 0
        if copied > successor.position:
            successor.seek(copied)
            successor.is_live = log.is_live
            successor.is_at_line_start = successor.byte_before(copied) == b"\n"
        is_line_continued = copied == log.position > 0 and copied == successor.position
        log.last_active = now
        self._become_late(self.queue.popleft())
        return [chunk if is_line_continued else replace(chunk, is_end=True)]

    def _become_late(self, log: OpenLog) -> None:
        log.is_live = True
        self.late.append(log)
        if len(self.late) > MAX_LATE:
            self.retired.append(self.late.popleft())

    def _take_late(self, now: Monotonic, *, is_last: bool = False) -> list[Chunk]:
        if self.queue and not self.queue[0].is_at_line_start:
            return []
        chunks: list[Chunk] = []
        for log in list(self.late):
            data, outcome = log.take(MAX_CHUNK)
            whole = data[: data.rfind(b"\n") + 1]
            if len(data) == MAX_CHUNK or (is_last and self._is_over(log, now)):
                whole = whole or data
            if whole:
                chunks.append(self._chunk(log, whole, now, is_end=True))
            self.has_more = self.has_more or (bool(whole) and outcome is Outcome.MORE)
            log.is_live = log.is_live or outcome is Outcome.END
            if outcome is Outcome.REWRITTEN:
                self.late.remove(log)
                self.retired.append(log)
        if chunks and self.queue:
            chunks.append(self._chunk(self.queue[0], b"", now))
        return chunks

    @staticmethod
    def _is_over(log: OpenLog, now: Monotonic) -> bool:
        return now - log.last_active >= LINGER

    def tidy(self, now: Monotonic) -> list[Chunk]:
        """Closes incarnations that have been quiet long enough; hands on what is left of them."""
        chunks = self._take_late(now, is_last=True)
        self.has_more = self.has_more or (len(self.queue) > 1 and self.queue[0].is_unlinked())
        for log in [log for log in self.late if self._is_over(log, now)]:
            self.late.remove(log)
            self.retired.append(log)
            self.has_more = True
        return chunks + (self._tidy_deleted(now) if len(self.queue) == 1 and self._is_away() else [])

    def _tidy_deleted(self, now: Monotonic) -> list[Chunk]:
        log = self.queue[0]
        if not (self._is_over(log, now) and log.is_unlinked()):
            return []
        data, outcome = log.take(MAX_CHUNK)
        if outcome is Outcome.MORE:
            return []
        self.retired.append(self.queue.popleft())
        return [self._chunk(log, data, now, is_end=True)]

    def _is_away(self) -> bool:
        """Tells whether the path leads to no file that is read here."""
        return self.is_missing or bool(self.owner)

    def is_lingering(self) -> bool:
        """Tells whether `tidy` has something to wait for."""
        return bool(self.late) or len(self.queue) > 1 or (self._is_away() and bool(self.queue))

    def status(self, unwatched: SourceError | None = None) -> SourceStatus:
        """The row of `status`; `unwatched` is why files are polled that inotify could tell of."""
        unread = sum(max(0, log.size() - log.position) for log in self.queue)
        position = self.queue[0].position if self.queue else 0
        if self.problem is not None:
            detail = f"{self.problem.message} → {self.problem.remedy}"
            return SourceStatus(self.source, "failed", detail, position, unread)
        is_waiting = self.is_missing or not self.queue
        detail = self._detail(unwatched if any(log.watch is None for log in self.logs()) else None)
        return SourceStatus(self.source, "waiting" if is_waiting else "reading", detail, position, unread)

    def _detail(self, unwatched: SourceError | None) -> str:
        parts = [f"{unwatched.message} → {unwatched.remedy}"] if unwatched is not None else []
        if self.owner:
            parts.append(f"is read as {self.owner}")
        elif self.is_missing:
            parts.append("the file is missing, it is read as soon as it appears")
        if len(self.queue) > 1:
            parts.append(f"{len(self.queue) - 1} rotations are waiting to be read")
        if self.truncations:
            parts.append(f"truncated {self.truncations} times, {self.lost} bytes are known to have been lost unread")
        if self.skipped:
            parts.append(f"the first {self.skipped} bytes were passed over, they are older than findtime")
        if self.gone:
            parts.append("the file read before the start is gone, with whatever of it was unread")
        return "; ".join(parts)

    def close(self) -> None:
        """Closes every incarnation; idempotent."""
        for log in [*self.logs(), *self.retired]:
            log.close()
        self.queue.clear()
        self.late.clear()
        self.retired.clear()
