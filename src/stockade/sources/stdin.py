"""Owns standard input, or any descriptor somebody hands over, as a source: a pipe, a terminal, a file.

In: a descriptor. Out: chunks of one source, the last one with `is_end`. It never blocks as long as nobody else reads
the same pipe; the descriptor's own flags are left alone, because they are shared with whoever opened it.
"""

from __future__ import annotations

import os
import select

from stockade.errors import SourceError
from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic

MAX_CHUNK = 256 * 1024
"""Bytes of one chunk."""

MAX_CHUNKS = 4
"""Chunks of one `read`; the next call goes on."""


class Stdin:
    """A `Source` of whatever comes through a descriptor, which stays the caller's to close.

    `is_live` says whether lines are taken to happen as they arrive (a pipe from a running program) or to be history.
    """

    def __init__(self, descriptor: int = 0, *, source: str = "stdin", is_live: bool = True) -> None:
        self._descriptor = descriptor
        self._source = source
        self._is_live = is_live
        self._position = 0
        self._is_open = True
        self._problem = ""
        try:
            self._is_pollable = _is_pollable(descriptor)
        except OSError as error:
            raise SourceError(f"{source} cannot be read: {error.strerror}", "connect it to a pipe or a file") from error
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def fileno(self) -> int:
        """The descriptor; -1 at the end, and for a file, which is always readable."""
        return self._descriptor if self._is_open and self._is_pollable else -1

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once for a file that is not at its end; never for anything else."""
        return now if self._is_open and not self._is_pollable else None

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what is there; the chunk at the end is empty."""
        chunks: list[Chunk | Entries] = []
        while self._is_open and len(chunks) < MAX_CHUNKS and self._poll.poll(0):
            try:
                data = os.read(self._descriptor, MAX_CHUNK)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                data, self._problem = b"", f"{error.strerror}; the rest is not read"
            self._is_open = bool(data)
            chunks.append(Chunk(self._source, "", self._position, data, self._is_live, is_end=not data))
            self._position += len(data)
        return chunks

    def status(self) -> list[SourceStatus]:
        """One row."""
        state = "failed" if self._problem else "reading" if self._is_open else "waiting"
        detail = self._problem or ("" if self._is_open else "the end was reached, nothing more will come")
        return [SourceStatus(self._source, state, detail, self._position)]

    def close(self) -> None:
        """Stops reading; idempotent."""
        self._is_open = False


def _is_pollable(descriptor: int) -> bool:
    """Tells whether the descriptor can be waited for; regular files and /dev/null cannot."""
    with select.epoll() as epoll:
        try:
            epoll.register(descriptor, select.EPOLLIN)
        except PermissionError:
            return False
    return True
