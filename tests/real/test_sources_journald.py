"""The journal as a source under a real systemd-journald that rotates, vacuums, dies and starts again underneath."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockade.model.chunk import Entries
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import JournalSettings
from stockade.sources.journal import Journal
from tests.real.journald import Journald, missing_part
from tests.real.journals import is_missing

ROOT = Path(__file__).resolve().parents[2]
LACKS = missing_part() or is_missing()
pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(LACKS), reason=LACKS or "-")]

ENTRIES = 50_000 if os.environ.get("STOCKADE_SOAK") else 8_000


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path."""
    path = Path(tempfile.mkdtemp(prefix="jd", dir="/tmp"))
    yield path
    shutil.rmtree(path)


class Reader:
    """Reads a journal as the daemon does, and is killed and started again as the daemon is."""

    def __init__(self, settings: JournalSettings) -> None:
        self._settings = settings
        self._mark = ""
        self.seen: Counter[int] = Counter()
        self.journal = self._open()

    def _open(self) -> Journal:
        return Journal(self._settings, Wall(0.0), Cursor("journal:", mark=self._mark))

    def restart(self) -> None:
        """What is left of the old reader is its cursor."""
        self.journal.close()
        self.journal = self._open()

    def read(self) -> None:
        """Reads what is there."""
        while True:
            now = Monotonic(time.monotonic())
            batches = [batch for batch in self.journal.read(now) if isinstance(batch, Entries)]
            for batch in batches:
                self._mark = batch.mark
                self.seen.update(int(line.split()[-1]) for _, line in batch.entries if b"number" in line)
            if not batches and self.journal.deadline(now) != now:
                return

    def read_until(self, count: int) -> None:
        """Reads until so many different entries were seen; waits for the journal, 20 s at most."""
        deadline = time.monotonic() + 20
        self.read()
        while len(self.seen) < count and time.monotonic() < deadline:
            select.select([self.journal.fileno()], [], [], 0.25)
            self.read()


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_or_read_twice(place: Path, seed: int) -> None:
    """Entries of two users in files that journald rotates and deletes underneath, while journald is ended, killed and
    started again, and so is the reader: every entry once."""
    choose = random.Random(seed)
    with Journald(place) as journald:
        reader = Reader(JournalSettings(matches=(("SYSLOG_IDENTIFIER=sshd",),), path=str(journald.lasting)))
        sent = 0
        deleted: set[str] = set()
        known: set[str] = set()
        while sent < ENTRIES:
            for _ in range(min(choose.randrange(1, 800), ENTRIES - sent)):
                journald.send(f"number {sent}", user=choose.choice((0, 0, 1000)))
                sent += 1
            match choose.randrange(8):
                case 0:
                    journald.rotate()
                case 1:
                    journald.sync()
                    journald.stop(choose.choice((signal.SIGTERM, signal.SIGKILL)))
                    reader.read()
                    journald.start()
                case 2:
                    reader.restart()
            reader.read()
            files = {path.name for path in journald.lasting.glob("*/*@*")}
            deleted |= known - files
            known |= files
        journald.sync()
        reader.read_until(sent)
        assert sorted(set(range(sent)) - set(reader.seen)) == []
        assert [number for number, times in reader.seen.items() if times > 1] == []
        assert len(known) > 3
        assert deleted or ENTRIES < 20_000
        assert reader.journal.statistics()["gaps"] == 0
        reader.journal.close()


IN_NAMESPACE = """
import json, sys
from stockade.model.settings import JournalSettings
from tests.real.test_sources_journald import Reader
reader = Reader(JournalSettings(matches=(("SYSLOG_IDENTIFIER=sshd",),)))
for line in sys.stdin:
    if line == "restart\\n":
        reader.restart()
        continue
    reader.read_until(int(line))
    print(json.dumps(sorted(reader.seen.elements())), flush=True)
"""


@pytest.mark.parametrize("is_restarted", [False, True])
def test_the_journal_becomes_lasting(place: Path, is_restarted: bool) -> None:
    """`journalctl --flush` moves the journal from /run to /var/log, where every entry has a new number: what was read
    is not read again, neither by the running reader nor by one that starts with its cursor."""
    with Journald(place, storage="auto") as journald:
        command = journald.inside([sys.executable, "-c", IN_NAMESPACE])
        environment, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
        reader = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)
        assert reader.stdin is not None
        assert reader.stdout is not None
        try:
            for number in range(300):
                journald.send(f"number {number}")
            print(300, file=reader.stdin, flush=True)
            assert reader.stdout.readline() == f"{list(range(300))}\n"
            journald.sync()
            journald.flush()
            if is_restarted:
                print("restart", file=reader.stdin, flush=True)
            for number in range(300, 310):
                journald.send(f"number {number}")
            print(310, file=reader.stdin, flush=True)
            assert reader.stdout.readline() == f"{list(range(310))}\n"
        finally:
            said, _ = reader.communicate(timeout=20)
            assert reader.returncode == 0, said
