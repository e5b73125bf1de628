"""The kernel's log as a source, over a socket that gives one record a read, as the device does."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stockade.errors import SourceError
from stockade.model.chunk import Entries
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.sources.kmsg import DEVICE, MAX_RECORDS, KernelLog, Record, open_kernel_log, parse_record

NOW = Monotonic(1.0)
BOOTED = Wall(1_700_000_000.0)
DROP = "IN=eth0 OUT= MAC=02:42 SRC=203.0.113.7 DST=192.0.2.1 LEN=40 PROTO=TCP SPT=4001 DPT=23"


@dataclass
class Kernel:
    """What writes the records; each gets the next sequence number."""

    end: socket.socket
    sequence: int = 100
    logs: list[KernelLog] = field(default_factory=list)

    def write(self, message: str, seconds: float = 5.25, priority: int = 4, gap: int = 0) -> None:
        """One record, after `gap` others that nobody could read."""
        self.sequence += 1 + gap
        head = f"{priority},{self.sequence},{int(seconds * 1e6)},-"
        self.end.send(f"{head};{message}\n SUBSYSTEM=net\n DEVICE=n2\n".encode("latin-1"))


@pytest.fixture
def kernel() -> Iterator[tuple[Kernel, socket.socket]]:
    """A writer, and the end to read from."""
    writer, reader = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    writer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    reader.setblocking(False)
    with writer, reader:
        yield Kernel(writer), reader


def opened(reader: socket.socket, cursor: str = "", since: float = 0.0, boot: str = "boot-1") -> KernelLog:
    """A source over a duplicate of the end."""
    return KernelLog(
        os.dup(reader.fileno()),
        boot=boot,
        host="fw1",
        booted=lambda: BOOTED,
        since=Wall(since),
        cursor=Cursor("kmsg", mark=cursor) if cursor else None,
    )


def test_a_record_becomes_a_line_as_the_journal_shows_it(kernel: tuple[Kernel, socket.socket]) -> None:
    """Host, kernel, seconds since boot, message; fields behind it are no part of it; the time is boot plus those."""
    writer, reader = kernel
    writer.write(DROP)
    log = opened(reader)
    assert log.deadline(NOW) == NOW
    assert log.read(NOW) == [
        Entries("kmsg", ((BOOTED + 5.25, f"fw1 kernel: [    5.250000] {DROP}".encode()),), "boot-1 102", False)
    ]
    assert (log.read(NOW), log.deadline(NOW), log.status()[0].state) == ([], None, "reading")
    writer.write("live")
    (item,) = log.read(NOW)
    assert isinstance(item, Entries)
    assert item.is_live
    log.close()
    log.close()
    assert log.fileno() == -1


def test_only_the_kernel_speaks(kernel: tuple[Kernel, socket.socket]) -> None:
    """What programs write to the device (facility 1 and above) could forge firewall lines: passed over, but read."""
    writer, reader = kernel
    for facility in (1, 3, 4, 17):
        writer.write("SRC=10.0.0.1", priority=facility * 8 + 4)
    log = opened(reader)
    assert log.read(NOW) == [Entries("kmsg", (), "boot-1 105", False)]
    log.close()


def test_a_restart_goes_on_within_one_boot(kernel: tuple[Kernel, socket.socket]) -> None:
    """Records read before are passed over; after a reboot the numbers begin anew and mean nothing."""
    writer, reader = kernel
    for number in range(3):
        writer.write(f"m{number}")
    log = opened(reader, "boot-1 103")
    (item,) = log.read(NOW)
    assert isinstance(item, Entries)
    assert [line[-2:] for _, line in item.entries] == [b"m2"]
    log.close()
    writer.write("m3")
    log = opened(reader, "boot-0 999")
    assert len(log.read(NOW)) == 1
    log.close()


@pytest.mark.parametrize("mark", ["boot-1", "boot-1 x", "boot-1 -5", "boot-1 " + "9" * 30, "\u0661", "boot-1 \u0661"])
def test_a_damaged_cursor_is_none(kernel: tuple[Kernel, socket.socket], mark: str) -> None:
    """Whatever the ledger holds, the log is read."""
    writer, reader = kernel
    writer.write("m")
    log = opened(reader, mark)
    assert len(log.read(NOW)) == 1
    log.close()


def test_overwritten_records_are_counted_and_said(kernel: tuple[Kernel, socket.socket]) -> None:
    """A flood that the buffer could not hold shows as a gap in the numbers, over a restart as well."""
    writer, reader = kernel
    writer.write("a")
    log = opened(reader, "boot-1 51")
    writer.write("b", gap=49)
    log.read(NOW)
    assert "99 records were overwritten before they were read → raise log_buf_len=" in log.status()[0].detail
    log.close()


def test_history_before_findtime_is_passed_over(kernel: tuple[Kernel, socket.socket]) -> None:
    """Of what lies in the buffer only what can still count; live records count whatever their time."""
    writer, reader = kernel
    writer.write("old", seconds=10)
    writer.write("recent", seconds=100)
    log = opened(reader, since=BOOTED + 50)
    (item,) = log.read(NOW)
    assert isinstance(item, Entries)
    assert [line[-6:] for _, line in item.entries] == [b"recent"]
    assert log.read(NOW) == []
    writer.write("after a suspend", seconds=11)
    assert len(log.read(NOW)) == 1
    log.close()


def test_a_flood_is_read_in_pieces(kernel: tuple[Kernel, socket.socket]) -> None:
    """One turn takes a bounded number of records; the rest waits for the next."""
    writer, reader = kernel
    log = opened(reader)
    sent = 0
    writer.end.setblocking(False)
    try:
        while sent < MAX_RECORDS + 10:
            writer.write("x")
            sent += 1
    except BlockingIOError:
        pass
    total = 0
    while items := log.read(NOW):
        (item,) = items
        assert isinstance(item, Entries)
        assert len(item.entries) <= MAX_RECORDS
        total += len(item.entries)
    assert total == sent
    log.close()


def test_a_descriptor_that_fails_is_said(tmp_path: Path) -> None:
    """The device may be taken away; the daemon goes on without."""
    log = KernelLog(os.open(tmp_path, os.O_RDONLY), boot="b", host="h", booted=lambda: BOOTED, since=Wall(0.0))
    assert log.read(NOW) == []
    (row,) = log.status()
    assert (row.state, "Is a directory → restart the daemon" in row.detail) == ("failed", True)
    assert (log.fileno(), log.deadline(NOW), log.read(NOW)) == (-1, None, [])
    log.close()


def test_a_device_that_cannot_be_opened_has_a_remedy(tmp_path: Path) -> None:
    """In a container there is none, or it may not be read."""
    with pytest.raises(SourceError, match="CAP_SYSLOG"):
        open_kernel_log(str(tmp_path / "kmsg"))


@pytest.mark.parametrize(
    ("data", "record"),
    [
        (b"6,339,5140900,-;NET: up\n", Record(0, 339, 5.1409, b"NET: up")),
        (b"30,340,5690716,-,caller=T1;udevd[80]: starting\n", Record(3, 340, 5.690716, b"udevd[80]: starting")),
        (b"4,1,0,c;a;b\n K=v\n", Record(0, 1, 0.0, b"a;b")),
        (b"4,1,0,-;", Record(0, 1, 0.0, b"")),
        (b"4,1,0;x", Record(0, 1, 0.0, b"x")),
        (b"4,1;x", None),
        (b"4,-1,0,-;x", None),
        (b"4," + b"9" * 21 + b",0,-;x", None),
        (b"no head", None),
        (b"", None),
        (b"\xff,\xff,\xff,-;x", None),
    ],
)
def test_the_format_of_records(data: bytes, record: Record | None) -> None:
    """As Documentation/ABI/testing/dev-kmsg describes it, with what later kernels add; the rest is damaged."""
    assert parse_record(data) == record


def test_the_real_device() -> None:
    """Every record that this machine's kernel holds can be read."""
    try:
        descriptor = open_kernel_log()
    except SourceError as error:
        pytest.skip(str(error))
    log = KernelLog(descriptor, boot="b", host="h", booted=lambda: BOOTED, since=Wall(0.0))
    for _ in range(1000):
        if not log.read(NOW):
            break
    (row,) = log.status()
    assert (row.source, row.state, "could not be read" in row.detail) == ("kmsg", "reading", False), DEVICE
    log.close()
