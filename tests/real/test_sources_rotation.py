"""A writer in another process, as fast as it can, rotating all the time, and a reader that starts again and again."""

from __future__ import annotations

import random
import select
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from stockade.model.chunk import Chunk
from stockade.model.clock import Monotonic
from stockade.model.cursor import Cursor
from stockade.model.settings import LogPath
from stockade.sources.files import LogFiles

LINES = 60_000

WRITER = """
import os, random, shutil, sys
path, style, lines, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(seed)

def shift():
    for n in range(200, 0, -1):
        if os.path.exists(f"{path}.{n}"):
            os.rename(f"{path}.{n}", f"{path}.{n + 1}")
    os.rename(path, f"{path}.1")

def wait_for_reader():
    print(flush=True)
    sys.stdin.readline()

def flip(n):
    wait_for_reader()  # a link that is turned twice between two looks leaves no trace of its first target
    os.symlink(f"real-{n}", f"{path}.tmp")
    os.rename(f"{path}.tmp", path)

if style == "link":
    os.symlink("real", path)
out = open(path, "ab", buffering=0)
reopen_at = None
for n in range(lines):
    out.write(b"%08d " % n + b"x" * chance.randrange(80) + b"\\n")
    if reopen_at == n:
        out.close()
        out = open(path, "ab", buffering=0)
        reopen_at = None
    elif reopen_at is None and chance.random() < 0.001:
        if style == "rename":
            shift()
            reopen_at = n + chance.randrange(1, 50)
        elif style == "create":
            os.rename(path, f"{path}-2026{n:08d}")
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o640))
            reopen_at = n + chance.randrange(1, 50)
        elif style == "link":
            flip(n)
            reopen_at = n + chance.randrange(1, 50)
        elif style == "copytruncate":
            shutil.copy(path, f"{path}-copy")
            wait_for_reader()  # what is unread now is destroyed
            os.truncate(path, 0)
"""


class Follower:
    """Reads, commits after each read, and sometimes is replaced by another that has only the commits."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.chance = random.Random(seed)
        self.cursors: dict[str, Cursor] = {}
        self.seen: Counter[int] = Counter()
        self.now = Monotonic(1.0)
        self.lost = 0
        self.start()

    def start(self) -> None:
        """Begins at the last commit."""
        self.pending = b""
        self.files = LogFiles([LogPath(str(self.path))], self.cursors)

    def stop(self) -> None:
        """Ends without a word, as a killed process does."""
        self.lost += self.files.statistics()["lost_bytes"]
        self.files.close()

    def read_all(self) -> None:
        """Reads until nothing is left."""
        while self.read() or self.files.deadline(self.now) == self.now:
            pass

    def read(self) -> bool:
        """Reads once; False when there was nothing."""
        select.select([self.files.fileno()], [], [], 0.001)
        self.now = Monotonic(self.now + 0.01)
        chunks = self.files.read(self.now)
        for chunk in chunks:
            assert isinstance(chunk, Chunk)
            *lines, rest = (self.pending + chunk.data).split(b"\n")
            assert not (chunk.is_end and rest), "an incarnation ended within a line"
            self.seen.update(int(line[:8]) for line in lines)
            self.pending = rest
            self.cursors[chunk.source] = Cursor(
                chunk.source, chunk.identity, chunk.position + len(chunk.data) - len(rest), chunk.mark
            )
        if self.cursors and self.chance.random() < 0.01:
            self.stop()
            self.start()
        return bool(chunks)


@pytest.mark.parametrize("style", ["rename", "create", "link", "copytruncate"])
def test_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path, style: str) -> None:
    """Whatever the rotation and whenever the reader dies, each line comes once."""
    path = tmp_path / "x.log"
    follower = Follower(path, seed=1)
    command = [sys.executable, "-c", WRITER, str(path), style, str(LINES), "2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        while writer.poll() is None:
            if not follower.read() and select.select([writer.stdout], [], [], 0)[0] and writer.stdout.read(1):
                follower.read_all()
                writer.stdin.write(b"\n")
    assert writer.returncode == 0
    follower.read_all()
    follower.stop()
    assert {n: times for n, times in follower.seen.items() if times > 1} == {}
    assert sorted(set(range(LINES)) - set(follower.seen)) == []
    assert follower.lost == 0
