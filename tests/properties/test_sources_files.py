"""Whatever happens to a log, whenever the reader restarts: every line comes once, save what was destroyed unread."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import BinaryIO

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from stockade.model.chunk import Chunk
from stockade.model.clock import Monotonic
from stockade.model.cursor import Cursor
from stockade.model.settings import LogPath
from stockade.sources.files import LogFiles

KEPT = 5
"""Rotations that are kept; the oldest is deleted."""


class Rotations(RuleBasedStateMachine):
    """A log daemon, logrotate and a reader that is killed after any read, in one process."""

    suffix = ""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="stockade-"))
        self.path = self.directory / "auth.log"
        self.now = Monotonic(100.0)
        self.cursors: dict[str, Cursor] = {}
        self.pending: dict[str, bytes] = {}
        self.seen: Counter[bytes] = Counter()
        self.number = 0
        self.contents: dict[int, list[bytes]] = {}  # lines by inode of files that still exist or are open
        self.excused: set[bytes] = set()
        self.writer: BinaryIO = self.path.open("ab", buffering=0)
        self.reader = self.start()
        self.lost_bytes = 0

    def start(self) -> LogFiles:
        """A new life of the reader, from the committed cursors."""
        self.pending = {}
        return LogFiles([LogPath(f"{self.path}{self.suffix}")], dict(self.cursors))

    @initialize(lines=st.integers(0, 3))
    def begin(self, lines: int) -> None:
        """A log that may hold something already, and the first read, without which nothing is known of it."""
        self.write(lines, 10)
        self.read_once()

    @rule(lines=st.integers(1, 5), width=st.sampled_from([0, 10, 100, 300_000]))
    def write(self, lines: int, width: int) -> None:
        """Whole lines."""
        for _ in range(lines):
            self.number += 1
            line = b"%06d " % self.number + b"x" * width
            self.lines_of_writer().append(line)
            self.writer.write(line + b"\n")

    @rule(read=st.booleans())
    def write_in_two_pieces(self, read: bool) -> None:
        """A line whose end comes later."""
        self.number += 1
        line = b"%06d in two pieces" % self.number
        self.lines_of_writer().append(line)
        self.writer.write(line[:9])
        if read:
            self.read_once()
        self.writer.write(line[9:] + b"\n")

    def lines_of_writer(self) -> list[bytes]:
        return self.contents.setdefault(os.fstat(self.writer.fileno()).st_ino, [])

    @rule()
    def rename(self) -> None:
        """logrotate's first half; the daemon still writes to the renamed file."""
        if not self.path.exists():
            return
        oldest = Path(f"{self.path}.{KEPT}")
        is_full = oldest.exists()
        if is_full:
            self.read_all()  # when the file of the cursor is gone nothing tells which rotations are unread
            self.destroy(oldest.stat().st_ino)
            oldest.unlink()
        for number in range(KEPT - 1, 0, -1):
            if Path(f"{self.path}.{number}").exists():
                Path(f"{self.path}.{number}").rename(f"{self.path}.{number + 1}")
        self.path.rename(f"{self.path}.1")
        if is_full:
            self.wait(10.0)
            self.read_all()

    @rule()
    def reopen(self) -> None:
        """logrotate's second half: the daemon opens the path again, which makes the file."""
        self.writer.close()
        self.writer = self.path.open("ab", buffering=0)
        self.contents.setdefault(os.fstat(self.writer.fileno()).st_ino, [])

    @rule()
    def rotate(self) -> None:
        """Both at once."""
        self.rename()
        self.reopen()

    @rule()
    def delete(self) -> None:
        """The log is deleted and made again; what nobody had read may be gone, and the cursor's file with it."""
        if self.path.exists():
            self.destroy(self.path.stat().st_ino)
            self.path.unlink()
        self.reopen()
        self.read_all()

    @rule()
    def copytruncate(self) -> None:
        """The log is emptied in place."""
        if not self.path.exists():
            return
        inode = self.path.stat().st_ino
        self.destroy(inode)
        os.truncate(self.path, 0)
        self.contents[inode] = []

    def destroy(self, inode: int) -> None:
        """Nobody can be blamed for lines that go before they were read."""
        self.excused |= {line for line in self.contents.pop(inode, []) if not self.seen[line]}

    @rule()
    def read_once(self) -> None:
        """One call of `read`, and its commit."""
        for chunk in self.reader.read(self.now):
            assert isinstance(chunk, Chunk)
            *lines, rest = (self.pending.get(chunk.source, b"") + chunk.data).split(b"\n")
            if chunk.is_end and rest:
                lines, rest = [*lines, rest], b""
            self.seen.update(lines)
            self.pending[chunk.source] = rest
            position = chunk.position + len(chunk.data) - len(rest)
            self.cursors[chunk.source] = Cursor(chunk.source, chunk.identity, position, chunk.mark)

    @rule()
    def read_all(self) -> None:
        """As the daemon does when it is idle."""
        for _ in range(200):
            self.read_once()
            if self.reader.deadline(self.now) != self.now:
                return
        raise AssertionError("the reader never comes to rest")

    @rule()
    def kill(self) -> None:
        """The reader dies and starts again from the last commit."""
        self.reader.close()
        self.reader = self.start()

    @rule(seconds=st.sampled_from([1.0, 10.0, 400.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now = Monotonic(self.now + seconds)

    def teardown(self) -> None:
        """The balance."""
        try:
            for _ in range(20):
                self.read_all()
                self.now = Monotonic(self.now + 100.0)
            self.check()
        finally:
            self.reader.close()
            self.writer.close()
            shutil.rmtree(self.directory)

    def check(self) -> None:
        """Every line once, but for the excused ones, and nothing that nobody wrote."""
        written = {line for lines in self.contents.values() for line in lines}
        twice = [line[:20] for line, times in self.seen.items() if times > 1 and line]
        assert not twice
        assert not {line[:20] for line in written - self.excused if not self.seen[line]}


class RotationsOfOneName(Rotations):
    """The pattern means the log alone."""


class RotationsOfAllNames(Rotations):
    """The pattern means the rotated files, too."""

    suffix = "*"


QUICK = settings(
    derandomize=True,
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
TestRotationsOfOneName = RotationsOfOneName.TestCase
TestRotationsOfOneName.settings = QUICK
TestRotationsOfAllNames = RotationsOfAllNames.TestCase
TestRotationsOfAllNames.settings = QUICK
