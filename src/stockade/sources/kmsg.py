"""Owns the kernel's log, /dev/kmsg, as a source: what the firewall's LOG rules write, above all.

In: a descriptor that was opened while the daemon still had the right to (CAP_SYSLOG where kernel.dmesg_restrict is
set), and a cursor. Out: `Entries`, lines as the journal shows them: `host kernel: [seconds since boot] message`. Only
the kernel's own records count: whoever may write to the device could forge others. Must not block.

Format: Documentation/ABI/testing/dev-kmsg in the kernel's sources. One record a read, `priority,sequence,microseconds
since boot,flags;message`, then lines with a blank in front, which are fields. EPIPE: records were overwritten unread.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stockade.errors import SourceError
from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor

DEVICE: Final = "/dev/kmsg"
SOURCE: Final = "kmsg"
"""The one name of the source: a machine has one kernel."""

MAX_RECORD: Final = 8192
"""Bytes of a record: the kernel gives no longer one (EINVAL for a smaller buffer)."""

MAX_RECORDS: Final = 1000
"""Records of one `read` (about 3 ms); the next call goes on."""

MAX_DIGITS: Final = 20
"""Digits of a number in a record's head; a longer one is none of the kernel's."""

MAX_OVERRUNS: Final = 8
"""Overruns in a row, in a flood, after which `read` returns; the next call goes on."""

_KERNEL_FACILITY: Final = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the kernel's log; `since_boot` in seconds."""

    facility: int
    sequence: int
    since_boot: float
    message: bytes


def parse_record(data: bytes) -> Record | None:
    """Reads a record; None for one that is damaged. What a later kernel adds to the head is ignored."""
    head, semicolon, rest = data.partition(b";")
    numbers = head.split(b",")[:3]
    if not semicolon or len(numbers) < 3 or not all(n.isdigit() and len(n) <= MAX_DIGITS for n in numbers):
        return None
    priority, sequence, microseconds = map(int, numbers)
    return Record(priority >> 3, sequence, microseconds / 1e6, rest.partition(b"\n")[0])


def open_kernel_log(path: str = DEVICE) -> int:
    """Opens the kernel's log; raises SourceError with the remedy."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(
            f"{path} cannot be opened: {error.strerror}",
            "start the daemon as root, or with CAP_SYSLOG; in a container the host's log is not to be had",
        ) from error


class KernelLog:
    """A `Source` of the kernel's log. The descriptor is its own from here on.

    `boot` names this boot: a cursor of another one is none. `booted` tells when it was, by the present clock; records
    from before `since` were read, or are too old, and are passed over.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        boot: str,
        host: str,
        booted: Callable[[], Wall],
        since: Wall,
        cursor: Cursor | None = None,
    ) -> None:
        self._descriptor = descriptor
        self._boot = boot
        self._head = host.encode("utf-8", "replace") + b" kernel: "
        self._booted = booted
        self._since = since
        self._next = _after(cursor, boot)
        self._is_live = False
        self._has_more = True
        self._lost = self._damaged = self._bytes = 0
        self._problem = ""

    # The Source protocol

    def fileno(self) -> int:
        """The device; -1 after `close`, and when it cannot be read any more."""
        return -1 if self._problem else self._descriptor

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while records lie ahead."""
        return now if self._has_more and self.fileno() >= 0 else None

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what is there."""
        booted = self._booted()
        was_live, before = self._is_live, self._next
        entries: list[tuple[float, bytes]] = []
        self._has_more = self.fileno() >= 0
        for _ in range(MAX_RECORDS if self._has_more else 0):
            data = self._record()
            if data is None:
                break
            record = parse_record(data)
            if record is None:
                self._damaged += 1
            elif self._is_new(record) and record.facility == _KERNEL_FACILITY:
                time = booted + record.since_boot
                if was_live or time >= self._since:
                    entries.append((time, b"%b[%12.6f] %b" % (self._head, record.since_boot, record.message)))
        if self._next == before:
            return []
        return [Entries(SOURCE, tuple(entries), f"{self._boot} {self._next}", was_live)]

    def status(self) -> list[SourceStatus]:
        """One row."""
        if self._problem:
            return [SourceStatus(SOURCE, "failed", self._problem, self._bytes)]
        remarks = []
        if self._lost:
            remarks.append(f"{self._lost} records were overwritten before they were read → raise log_buf_len=")
        if self._damaged:
            remarks.append(f"{self._damaged} records could not be read")
        return [SourceStatus(SOURCE, "reading", "; ".join(remarks), self._bytes)]

    def close(self) -> None:
        """Closes the device; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    # Records

    def _record(self) -> bytes | None:
        """The next record; None at the end. After an overrun the kernel goes on with the oldest record it has."""
        for _ in range(MAX_OVERRUNS):
            try:
                data = os.read(self._descriptor, MAX_RECORD)
            except BlockingIOError:
                self._is_live, self._has_more = True, False
                return None
            except BrokenPipeError:
                continue
            except OSError as error:
                self._problem = f"{DEVICE} cannot be read: {error.strerror} → restart the daemon"
                return None
            self._bytes += len(data)
            self._has_more = bool(data)
            return data or None
        return None

    def _is_new(self, record: Record) -> bool:
        """Tells whether a record was not read before; counts those between that are gone."""
        if record.sequence < self._next:
            return False
        self._lost += record.sequence - self._next if self._next else 0
        self._next = record.sequence + 1
        return True


def _after(cursor: Cursor | None, boot: str) -> int:
    """The sequence number to go on at; 0 without a cursor of this boot."""
    own, _, number = (cursor.mark if cursor else "").partition(" ")
    is_number = number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS
    return int(number) if own == boot and is_number else 0
