"""What a source hands over: bytes as they were read, or entries whose times are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from stockade.model.clock import Monotonic


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive bytes of one incarnation of a byte source; may begin and end within a line.

    `position` is the offset of `data[0]`. `is_live` is False while content is read that existed before the end of the
    file was reached for the first time. `is_end` says that this incarnation is complete (rotated away and read to its
    end, or end of input): what is left without newline is a line. A new incarnation starts with another `identity`.
    `mark` is what else the source must know to go on; it goes into the cursor.
    """

    source: str
    identity: str
    position: int
    data: bytes
    is_live: bool
    is_end: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Entries:
    """Whole lines with their times (journal, syslog). `mark` is the journal cursor after the last of them.

    `is_spoofable` says that anybody could have sent them in another's name (syslog over UDP)."""

    source: str
    entries: tuple[tuple[float, bytes], ...]
    mark: str
    is_live: bool
    is_spoofable: bool = False


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source is doing, for `status`. `state` is reading|waiting|failed; `detail` says why and what to do.

    `unread` is the number of bytes known to lie ahead (None where that cannot be known)."""

    source: str
    state: str
    detail: str = ""
    position: int = 0
    unread: int | None = None


class Source(Protocol):
    """A part that watches one kind of input. Owned and driven by one thread: the daemon's loop."""

    def fileno(self) -> int:
        """A descriptor that becomes readable when `read` has something to do; -1 when only the deadline counts."""

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """When `read` must be called even if the descriptor stays quiet (polling, retry); None: never."""

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what is there without blocking, at most about 1 MiB a call; call again at once while it returns any."""

    def status(self) -> list[SourceStatus]:
        """One row per file or journal."""

    def close(self) -> None:
        """Releases every descriptor; idempotent."""
