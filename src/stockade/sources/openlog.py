"""Owns one open incarnation of a log file: its descriptor, how far it was read and who it is.

In: a path, once. Out: bytes, and whether the file was rewritten under us. The descriptor keeps the incarnation readable
after it was renamed or deleted. Must not block (regular files only), look at other files or decide when it is over.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from enum import Enum

from stockade.errors import SourceError
from stockade.model.clock import Monotonic
from stockade.sources.identity import HEAD_BYTES, Identity, fingerprint, is_fingerprint_of

CUT_BYTES = 4096
"""A file that shrank but keeps at least this much and its old head was cut short: what is left has been read already.
Below, new content that begins like the old one cannot be told from it, and is read from the start."""

TAIL_BYTES = 256
"""What is remembered of the bytes before the position, to know a copy by."""

_COMPARED_BYTES = 65536
"""How much before the position must be equal for a file to count as a copy of another."""

Key = tuple[int, int]
"""Device and inode."""


class Outcome(Enum):
    """What `OpenLog.take` met."""

    MORE = "more lies ahead"
    END = "the end was reached"
    REWRITTEN = "truncated or overwritten: what follows is another incarnation"


class OpenLog:
    """A regular file being read. `position` is the offset of the next byte to take. `is_copy` marks a copy of what was
    read already, which is left aside, `is_finished` one that is read because nobody will write to it any more."""

    __slots__ = (
        "_descriptor",
        "_fingerprint",
        "_head",
        "_is_untouched",
        "_saved",
        "_seen_size",
        "_tail",
        "identity",
        "is_announced",
        "is_at_line_start",
        "is_copy",
        "is_finished",
        "is_live",
        "key",
        "last_active",
        "position",
        "told_position",
        "watch",
    )

    def __init__(self, descriptor: int, status: os.stat_result) -> None:
        self._descriptor = descriptor
        self.key: Key = (status.st_dev, status.st_ino)
        self.watch: int | None = None
        self.is_copy = False
        self.is_finished = False
        self.last_active = Monotonic(0.0)
        self._begin(status.st_size)

    @classmethod
    def open(cls, path: str) -> OpenLog:
        """Opens a file for reading from its beginning; raises SourceError, with the remedy, when it must not or cannot
        be read. A pipe or device is refused before it is opened: opening alone can have effects."""
        try:
            _require_regular(path, os.stat(path))
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
            try:
                status = os.fstat(descriptor)
                _require_regular(path, status)
                return cls(descriptor, status)
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise explain(path, error) from error

    def _begin(self, size: int) -> None:
        """Takes the file as it is now for a new incarnation, unread."""
        self._head = os.pread(self._descriptor, HEAD_BYTES, 0)
        self._seen_size = size
        self._tail = b""
        self._saved = 0
        self.position = 0
        self._is_untouched = True
        self.is_announced = False
        self.told_position = -1
        self.is_live = size == 0
        self.is_at_line_start = True
        self._fingerprint = ""
        self.identity = ""
        self._identify()

    def _identify(self) -> None:
        self._fingerprint = fingerprint(self._head)
        self.identity = str(Identity(*self.key, self._fingerprint))

    def is_called(self, known_fingerprint: str) -> bool:
        """Tells whether a fingerprint, perhaps made when the file was shorter, is this file's."""
        return is_fingerprint_of(known_fingerprint, self._head)

    def size(self) -> int:
        """How long the file is now."""
        return os.fstat(self._descriptor).st_size

    def is_unlinked(self) -> bool:
        """Tells whether the file has no name left."""
        return os.fstat(self._descriptor).st_nlink == 0

    def fileno(self) -> int:
        """The descriptor, for the watch."""
        return self._descriptor

    def seek(self, position: int) -> None:
        """Goes on at a position read up to earlier; in a file that is shorter by now, as `take` would."""
        size = self.size()
        if position <= size:
            self.position = position
        else:
            self.position = size if size >= CUT_BYTES else 0
        self.is_live = self.is_live or self.position == size
        self._is_untouched = False
        self._learn_tail()

    def pass_over(self, position: int) -> None:
        """Begins at a later line than the first; everything before it is left aside."""
        self.position = position
        self._is_untouched = False
        self._learn_tail()

    def _learn_tail(self) -> None:
        start = max(0, self.position - TAIL_BYTES)
        self._tail = os.pread(self._descriptor, self.position - start, start)

    def seek_end(self) -> None:
        """Leaves aside what is there."""
        self.position = self.size()
        self.is_live = True
        self._is_untouched = False
        self._learn_tail()
        if self.position:
            self.is_at_line_start = os.pread(self._descriptor, 1, self.position - 1) == b"\n"

    def take(self, limit: int) -> tuple[bytes, Outcome]:
        """Reads at most `limit` bytes at the position, without moving it.

        The head is compared *after* the bytes were read: were they read from rewritten content, the head shows it.
        Only a file that has not grown back beyond them proves that they are still the old ones.
        """
        size = self.size()
        wanted = min(limit, size - self.position)
        data = os.pread(self._descriptor, wanted, self.position) if wanted > 0 else b""
        head = os.pread(self._descriptor, HEAD_BYTES, 0)
        if wanted < 0 or not head.startswith(self._head):
            return (data if data and self.size() < self.position + len(data) else b""), Outcome.REWRITTEN
        self._head = head
        self._seen_size = size
        if self._is_untouched and data:
            data = self._skip_hole(data)
        return data, Outcome.MORE if self.position + len(data) < size else Outcome.END

    def _skip_hole(self, data: bytes) -> bytes:
        """Moves over zeros at the beginning: a writer that does not append leaves a hole after copytruncate."""
        rest = data.lstrip(b"\0")
        self.position += len(data) - len(rest)
        self._is_untouched = not rest
        if not rest:
            with suppress(OSError):  # nothing but hole ahead: the zeros are read, there is no faster way
                self.position = max(self.position, os.lseek(self._descriptor, self.position, os.SEEK_DATA))
        return rest

    def advance(self, data: bytes, now: Monotonic) -> None:
        """Moves the position over bytes that were handed on."""
        if data:
            self.position += len(data)
            self._tail = (self._tail + data)[-TAIL_BYTES:]
            self.is_at_line_start = data.endswith(b"\n")
            self.last_active = now

    def identify(self) -> str:
        """The identity to hand on with the next bytes; it becomes more precise while the file is short."""
        if not self._fingerprint.startswith(f"{HEAD_BYTES}-"):
            self._identify()
        return self.identity

    def learn_copy(self, copy: OpenLog) -> None:
        """Remembers how much of what stood here last is saved in a copy that is going to be read."""
        if self.was_begun_as(copy):
            self._saved = max(self._saved, copy.size())

    def restart(self) -> int:
        """Begins anew after a rewrite: at the start, or at the end of a file that was only cut short.

        Returns how many bytes are known to have been there that were neither read nor saved in a copy; what came and
        went unseen cannot be known.
        """
        lost = max(0, self._seen_size - max(self.position, self._saved))
        size = os.fstat(self._descriptor).st_size
        old_head = self._head
        self._begin(size)
        if size >= CUT_BYTES and self._head == old_head:
            self.seek_end()
        return lost

    def copied_upto(self, copy: OpenLog) -> int:
        """How many of the bytes that were taken here stand in `copy` at the same place; 0 when it is no copy.

        A file with fewer bytes than were taken counts only when a whole page agrees: a short new log may well begin
        like the one before.
        """
        common = min(self.position, copy.size())
        if not common or (common < self.position and common < CUT_BYTES):
            return 0
        length = min(common, _COMPARED_BYTES)
        offset = common - length
        own, other = (os.pread(log.fileno(), length, offset) for log in (self, copy))
        heads = (os.pread(log.fileno(), min(common, HEAD_BYTES), 0) for log in (self, copy))
        return common if own == other and len(set(heads)) == 1 else 0

    def is_continued_by(self, copy: OpenLog) -> bool:
        """Tells whether `copy` holds what this log held before it was rewritten: it begins the same way, and the last
        bytes that were taken here stand there at the same place. Without any such bytes it is not known."""
        if not self._tail or copy.size() < self.position or not self.was_begun_as(copy):
            return False
        start = self.position - len(self._tail)
        return os.pread(copy.fileno(), len(self._tail), start) == self._tail

    def was_copied_to(self, copy: OpenLog) -> bool:
        """Tells whether `copy` may hold what this log held before it was rewritten, all of which was taken already."""
        return 0 < copy.size() <= self.position and self.was_begun_as(copy)

    def was_begun_as(self, copy: OpenLog) -> bool:
        """Tells whether `copy` begins as this log did when it was looked at last."""
        return copy.is_called(self._fingerprint)

    def begins_like(self, other: OpenLog) -> bool:
        """Tells whether what `other` holds so far stands at the beginning here: a copy of this content is being made or
        was made, and the content is still here to be read. An empty one may be the beginning of such a copy."""
        head = os.pread(other.fileno(), HEAD_BYTES, 0)
        return not head or os.pread(self._descriptor, HEAD_BYTES, 0).startswith(head)

    def begins_as(self, known_fingerprint: str) -> bool:
        """`is_called` of the file as it is on disk now."""
        return is_fingerprint_of(known_fingerprint, os.pread(self._descriptor, HEAD_BYTES, 0))

    def byte_before(self, position: int) -> bytes:
        """The byte in front of a position; b"" at the start or beyond the end."""
        return os.pread(self._descriptor, 1, position - 1) if position > 0 else b""

    def close(self) -> None:
        """Gives the descriptor back; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _require_regular(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(
            f"{path} is {_KINDS.get(stat.S_IFMT(status.st_mode), 'not a file')}, only regular files are read as logs",
            "let logpath name a regular file",
        )


_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


def explain(path: str, error: OSError) -> SourceError:
    """Turns what the kernel said about a path into a message with a remedy."""
    remedies = {
        errno.EACCES: f"let the user of the daemon read it: its group, or setfacl -m u:{os.geteuid()}:r (and x on the "
        "directories above)",
        errno.EMFILE: "raise LimitNOFILE of the service (ulimit -n)",
        errno.ENFILE: "raise the sysctl fs.file-max",
        errno.ELOOP: "mend the symbolic link, it leads in a circle",
    }
    reason = error.strerror or str(error)
    return SourceError(f"{path} cannot be read: {reason}", remedies.get(error.errno or 0, "it is tried again"))
