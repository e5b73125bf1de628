"""The journal as a source, with real journal files that systemd-journal-remote writes and libsystemd reads."""

from __future__ import annotations

import os
import select
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockade.errors import SourceError
from stockade.model.chunk import Entries
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import JournalSettings
from stockade.sources.journal import AUDIT_SECONDS, RETRY_SECONDS, Journal, journal_name
from stockade.sources.journal_line import MAX_FIELD
from stockade.sources.journal_place import JournalPlace
from stockade.sources.libsystemd import Library
from tests.real.journals import START, exported, is_missing, write

pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(is_missing()), reason=is_missing() or "-")]


def numbered(first: int, last: int) -> list[bytes]:
    """Entries whose messages are their numbers."""
    return [exported(n, f"number {n}") for n in range(first, last)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[list[Journal]]:
    """Closes what a test opens."""
    journals: list[Journal] = []
    yield journals
    for journal in journals:
        journal.close()
        journal.close()


class Reader:
    """Drives a journal as the daemon does."""

    def __init__(self, opened: list[Journal], path: Path, *matches: tuple[str, ...], **options: object) -> None:
        self.now = Monotonic(100.0)
        since = Wall(float(str(options.pop("since", 0.0))))
        self.journal = Journal(JournalSettings(matches=matches, path=str(path)), since, **options)  # type: ignore[arg-type]
        opened.append(self.journal)
        self.batches: list[Entries] = []

    def read(self) -> list[bytes]:
        """The new lines."""
        new: list[Entries] = []
        while True:
            batch = [b for b in self.journal.read(self.now) if isinstance(b, Entries)]
            new += batch
            if not batch and self.journal.deadline(self.now) != self.now:
                break
        self.batches += new
        return [line for batch in new for _, line in batch.entries]

    def numbers(self) -> list[int]:
        """The new lines' numbers."""
        return [int(line.split()[-1]) for line in self.read()]

    def cursor(self) -> Cursor:
        """Where it stands."""
        return Cursor(self.journal.source, mark=self.batches[-1].mark)


@pytest.mark.parametrize(
    ("fields", "message", "line"),
    [
        ({"SYSLOG_IDENTIFIER": "sshd", "SYSLOG_PID": "42", "_PID": "7"}, "Failed", b"web1 sshd[42]: Failed"),
        ({"_PID": "0007"}, "Failed", b"web1 sshd[7]: Failed"),
        ({"SYSLOG_PID": "a b"}, "Failed", b"web1 sshd[a b]: Failed"),
        ({"_COMM": "", "_PID": "7"}, "Failed", b"web1 Failed"),
        ({"_HOSTNAME": ""}, "Failed", b"sshd: Failed"),
        ({"SYSLOG_IDENTIFIER": "kernel"}, "IN=eth0", b"web1 kernel: [    5.000000] IN=eth0"),
        (
            {"SYSLOG_IDENTIFIER": "kernel", "_SOURCE_MONOTONIC_TIMESTAMP": "1234567"},
            "x",
            b"web1 kernel: [    1.234567] x",
        ),
        ({}, "two\nlines", b"web1 sshd: two\\nlines"),
        ({}, b"\xff\x00\x01 bytes", b"web1 sshd: \xff\x00\x01 bytes"),
        ({"_PID": "9" * 30}, "x", b"web1 sshd[" + b"9" * 30 + b"]: x"),
    ],
)
def test_line_of_an_entry(
    opened: list[Journal], tmp_path: Path, fields: dict[str, str], message: str | bytes, line: bytes
) -> None:
    """Host, identifier, process and message stand as the dialect says, and missing parts are left out."""
    write(tmp_path / "x.journal", exported(5, message, **fields))
    assert Reader(opened, tmp_path).read() == [line]


def test_time_is_the_senders_where_there_is_one(opened: list[Journal], tmp_path: Path) -> None:
    """The trusted source time counts, else the time of reception; nonsense is no time."""
    stamp = str(int((START - 3.5) * 1e6))
    texts = [exported(n, "x", _SOURCE_REALTIME_TIMESTAMP=text) for n, text in enumerate([stamp, "", "x", "9" * 40])]
    write(tmp_path / "x.journal", *texts)
    reader = Reader(opened, tmp_path)
    reader.read()
    assert [time - START for time, _ in reader.batches[0].entries] == [-3.5, 1.0, 2.0, 3.0]


def test_long_message_is_cut(opened: list[Journal], tmp_path: Path) -> None:
    """A field is bounded, compressed or not."""
    write(tmp_path / "x.journal", exported(1, "x" * 300_000), exported(2, os.urandom(200_000).hex()))
    lines = Reader(opened, tmp_path).read()
    assert [len(line) for line in lines] == [len(b"web1 sshd: ") + MAX_FIELD] * 2


def test_matches(opened: list[Journal], tmp_path: Path) -> None:
    """Within a group different fields are AND-ed and equal ones OR-ed; groups are OR-ed."""
    units = [("a", "1"), ("a", "2"), ("b", "1"), ("c", "3")]
    entries = [exported(n, f"{n}", _SYSTEMD_UNIT=unit, _UID=uid) for n, (unit, uid) in enumerate(units)]
    write(tmp_path / "x.journal", *entries)
    both = ("_SYSTEMD_UNIT=a", "_SYSTEMD_UNIT=b", "_UID=1")
    assert Reader(opened, tmp_path, both).numbers() == [0, 2]
    assert Reader(opened, tmp_path, both, ("_UID=3",)).numbers() == [0, 2, 3]
    assert Reader(opened, tmp_path).numbers() == [0, 1, 2, 3]


def test_history_then_live(opened: list[Journal], tmp_path: Path) -> None:
    """What is there is history, in bounded batches; what comes after the end was reached is live, and wakes us."""
    write(tmp_path / "x.journal", *numbered(0, 600))
    reader = Reader(opened, tmp_path)
    assert reader.numbers() == list(range(600))
    assert {batch.is_live for batch in reader.batches} == {False}
    assert max(len(batch.entries) for batch in reader.batches) <= 1000
    assert select.select([reader.journal.fileno()], [], [], 0)[0] == []
    write(tmp_path / "x.journal", *numbered(600, 603))
    assert select.select([reader.journal.fileno()], [], [], 5)[0]
    assert reader.numbers() == [600, 601, 602]
    assert reader.batches[-1].is_live


def test_cursor_continues(opened: list[Journal], tmp_path: Path) -> None:
    """A restart goes on after the last entry that was read."""
    write(tmp_path / "x.journal", *numbered(0, 10))
    first = Reader(opened, tmp_path)
    first.read()
    write(tmp_path / "x.journal", *numbered(10, 13))
    assert Reader(opened, tmp_path, cursor=first.cursor()).numbers() == [10, 11, 12]


def test_cursor_whose_entry_is_gone(opened: list[Journal], tmp_path: Path) -> None:
    """After a vacuum the first entry after the cursor's is next, and it is not skipped."""
    write(tmp_path / "old.journal", *numbered(0, 10))
    first = Reader(opened, tmp_path)
    first.read()
    write(tmp_path / "new.journal", *numbered(10, 13))
    (tmp_path / "old.journal").unlink()
    assert Reader(opened, tmp_path, cursor=first.cursor()).numbers() == [10, 11, 12]


@pytest.mark.parametrize("mark", ["", "x", "s=;i=;t=", "s=1;t=ffffffffffffffff", "\0", ";t=6479931c7a1d8"])
def test_damaged_cursor_begins_at_since(opened: list[Journal], tmp_path: Path, mark: str) -> None:
    """A cursor that makes no sense is no reason not to read."""
    write(tmp_path / "x.journal", *numbered(0, 5))
    assert Reader(opened, tmp_path, cursor=Cursor("journal:", mark=mark)).numbers() == [0, 1, 2, 3, 4]


def test_since(opened: list[Journal], tmp_path: Path) -> None:
    """Without a cursor reading begins at the given time, and so it does with one that is older."""
    write(tmp_path / "x.journal", *numbered(0, 10))
    first = Reader(opened, tmp_path, since=START + 8)
    assert first.numbers() == [8, 9]
    write(tmp_path / "x.journal", *numbered(10, 100))
    assert Reader(opened, tmp_path, since=START + 97, cursor=first.cursor()).numbers() == [97, 98, 99]


def test_rotation_and_vacuum_underneath(opened: list[Journal], tmp_path: Path) -> None:
    """Files that are renamed, begun and deleted while we read: every entry once."""
    reader = Reader(opened, tmp_path)
    got: list[int] = []
    for turn in range(8):
        write(tmp_path / "system.journal", *numbered(turn * 100, turn * 100 + 50))
        got += reader.numbers() if turn % 2 else []
        write(tmp_path / "system.journal", *numbered(turn * 100 + 50, turn * 100 + 100))
        (tmp_path / "system.journal").rename(tmp_path / f"system@{turn}.journal")
        reader.now = Monotonic(reader.now + 11)
        got += reader.numbers()
        if turn > 3:
            (tmp_path / f"system@{turn - 3}.journal").unlink()
    assert got == list(range(800))
    assert len(os.listdir("/proc/self/fd")) < 60


def test_missing_journal_is_waited_for(opened: list[Journal], tmp_path: Path) -> None:
    """A journal that does not exist is a row that waits, and is read when it appears."""
    reader = Reader(opened, tmp_path / "later")
    assert reader.read() == []
    assert reader.journal.status()[0].state == "waiting"
    assert reader.journal.deadline(reader.now) == reader.now + RETRY_SECONDS
    descriptor = reader.journal.fileno()
    write(tmp_path / "later/x.journal", *numbered(0, 3))
    reader.now = Monotonic(reader.now + RETRY_SECONDS)
    assert reader.numbers() == [0, 1, 2]
    assert reader.journal.status()[0].state == "reading"
    assert reader.journal.fileno() == descriptor


def test_directory_that_appears_later_is_read(opened: list[Journal], tmp_path: Path) -> None:
    """journald moves from one directory to another during boot: a new one opens the journal again, and nothing comes
    twice."""
    run, var = "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdee"
    write(tmp_path / run / "system.journal", *numbered(0, 3))
    reader = Reader(opened, tmp_path)
    assert reader.numbers() == [0, 1, 2]
    write(tmp_path / var / "system.journal", *numbered(3, 6))
    reader.now = Monotonic(reader.now + AUDIT_SECONDS)
    assert reader.numbers() == [3, 4, 5]
    assert reader.journal.statistics()["opened"] == 2


def test_roots_that_exist(tmp_path: Path) -> None:
    """This machine's journal may lie in either root; what is there is noticed."""
    roots = (str(tmp_path / "var"), str(tmp_path / "run"))
    place = JournalPlace(JournalSettings(), roots)
    assert (place.directories(), place.files()) == ((), [])
    write(tmp_path / "run/id/system.journal", *numbered(0, 1))
    assert place.directories() == (f"{tmp_path}/run", f"{tmp_path}/run/id/")
    assert place.files() == [f"{tmp_path}/run/id/system.journal"]


def test_damaged_file_does_not_stop_the_others(opened: list[Journal], tmp_path: Path) -> None:
    """A journal file with rubbish in it costs at most its own entries."""
    write(tmp_path / "good.journal", *numbered(0, 5))
    (tmp_path / "empty.journal").touch()
    (tmp_path / "bad.journal").write_bytes(os.urandom(10_000))
    data = bytearray((tmp_path / "good.journal").read_bytes())
    data[4000:] = os.urandom(len(data) - 4000)
    (tmp_path / "worse.journal").write_bytes(data)
    assert set(Reader(opened, tmp_path).numbers()) >= set(range(5))


def test_files_by_glob(opened: list[Journal], tmp_path: Path) -> None:
    """`journalfiles` names files, with shell globs."""
    write(tmp_path / "a.journal", *numbered(0, 2))
    write(tmp_path / "b.journal", *numbered(2, 4))
    journal = Journal(JournalSettings(files=(f"{tmp_path}/a*",)), Wall(0.0))
    opened.append(journal)
    (batch,) = journal.read(Monotonic(1.0))
    assert isinstance(batch, Entries)
    assert len(batch.entries) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_unreadable_journal_is_reported(opened: list[Journal], tmp_path: Path) -> None:
    """The library passes over files that it may not read; the status does not."""
    directory = Path("/tmp") / f"stockade-journal-{os.getpid()}"
    write(directory / "system.journal", *numbered(0, 2))
    directory.chmod(0o755)
    (directory / "system.journal").chmod(0o600)
    os.seteuid(65534)
    try:
        reader = Reader(opened, directory)
        assert reader.read() == []
        assert "systemd-journal" in reader.journal.status()[0].detail
    finally:
        os.seteuid(0)
        shutil.rmtree(directory)


@pytest.mark.parametrize("match", ["", "sshd", "unit=x", "=x", "A" * 65 + "=x"])
def test_malformed_match_is_refused(match: str) -> None:
    """A match that the library would not take is named with a remedy."""
    with pytest.raises(SourceError, match="FIELD=value"):
        Journal(JournalSettings(matches=((match,),)), Wall(0.0))


def test_missing_library_names_the_package() -> None:
    """Without libsystemd the remedy is the package to install."""
    with pytest.raises(SourceError) as raised:
        Library("libnot-there.so.0")
    assert "libsystemd0" in raised.value.remedy


def test_names() -> None:
    """Jails with equal settings share a source, others do not."""
    assert journal_name(JournalSettings(matches=(("A=1", "B=2"), ("C=3",)))) == "journal:A=1 B=2 + C=3"
    assert journal_name(JournalSettings(path="/x", flags=4)) == "journal:/x flags=4"
    assert journal_name(JournalSettings(namespace="n")) == "journal:namespace=n"
