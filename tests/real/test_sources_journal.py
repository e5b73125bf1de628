"""The journal as a source, with real journal files that systemd-journal-remote writes and libsystemd reads."""

from __future__ import annotations

import os
import random
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockade.errors import SourceError
from stockade.model.chunk import Entries
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import JournalSettings
from stockade.sources.journal import AUDIT_SECONDS, POLL_SECONDS, RETRY_SECONDS, Journal, journal_name
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


def test_where_a_machines_journal_lies(tmp_path: Path) -> None:
    """This machine's journal may lie in either root, in its own directory; other machines' and namespaces' are others'.
    A file is the same under another name."""
    mine, other = "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdee"
    roots = (str(tmp_path / "var"), str(tmp_path / "run"))
    number = tmp_path / "machine-id"
    number.write_text(f"{mine}\n")
    place = JournalPlace(JournalSettings(), roots, str(number))
    assert (place.identities(), place.files()) == (frozenset(), [])
    for name in (mine, other, f"{mine}.web"):
        (tmp_path / "run" / name).mkdir(parents=True)
        (tmp_path / "run" / name / "system.journal").touch()
    assert place.files() == [f"{tmp_path}/run/{mine}/system.journal"]
    known = place.identities()
    (tmp_path / "run" / mine / "system.journal").rename(tmp_path / "run" / mine / "system@1.journal~")
    assert place.identities() == known
    web = JournalPlace(JournalSettings(namespace="web"), roots, str(number))
    assert web.files() == [f"{tmp_path}/run/{mine}.web/system.journal"]
    everything = JournalPlace(JournalSettings(flags=0), roots, str(number))
    assert len(everything.files()) == 2


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


def test_named_files_that_come_later(opened: list[Journal], tmp_path: Path) -> None:
    """The library never tells of files that come after it was given names; they are looked for, and read once."""
    write(tmp_path / "a.journal", *numbered(0, 2))
    (tmp_path / "empty.journal").touch()
    journal = Journal(JournalSettings(files=(f"{tmp_path}/*.journal",)), Wall(0.0))
    opened.append(journal)
    assert [line[-1:] for batch in journal.read(Monotonic(1.0)) for _, line in batch.entries] == [b"0", b"1"]  # type: ignore[union-attr]
    write(tmp_path / "b.journal", *numbered(2, 4))
    journal.read(Monotonic(1.0))
    deadline = journal.deadline(Monotonic(1.0))
    assert deadline is not None
    assert deadline <= 1.0 + POLL_SECONDS
    journal.read(deadline)
    assert [line[-1:] for batch in journal.read(deadline) for _, line in batch.entries] == [b"2", b"3"]  # type: ignore[union-attr]
    assert journal.statistics()["blind"] == 0


def test_entry_that_comes_before_what_was_read(opened: list[Journal], tmp_path: Path) -> None:
    """A user's first entry stands in a file of its own, and may be older than what was read of the others."""
    write(tmp_path / "system.journal", *numbered(0, 5), exported(9, "number 9"))
    reader = Reader(opened, tmp_path)
    assert reader.numbers() == [0, 1, 2, 3, 4, 9]
    mark = reader.cursor()
    write(tmp_path / "user-1000.journal", exported(7, "number 7"), exported(8, "number 8"))
    assert reader.numbers() == [7, 8]
    assert reader.cursor() == mark
    write(tmp_path / "system.journal", exported(10, "number 10"))
    assert reader.numbers() == [10]
    assert Reader(opened, tmp_path, cursor=reader.cursor()).numbers() == []


def test_reader_that_is_not_told(opened: list[Journal], tmp_path: Path) -> None:
    """Where the library goes on watching what is no longer the journal, the journal is opened again within seconds."""
    write(tmp_path / "a/system.journal", *numbered(0, 3))
    write(tmp_path / "b/system.journal", *numbered(3, 6))
    (tmp_path / "journal").symlink_to("a")
    reader = Reader(opened, tmp_path / "journal")
    assert reader.numbers() == [0, 1, 2]
    (tmp_path / "journal").unlink()
    (tmp_path / "journal").symlink_to("b")
    assert reader.numbers() == []
    reader.now = Monotonic(reader.now + AUDIT_SECONDS)
    assert reader.numbers() == [3, 4, 5]
    assert reader.journal.statistics()["blind"] == 1


def test_deleted_before_it_was_read(opened: list[Journal], tmp_path: Path) -> None:
    """What a vacuum took while nobody read is said, with the time that is missing."""
    write(tmp_path / "1.journal", *numbered(0, 10))
    first = Reader(opened, tmp_path)
    first.read()
    write(tmp_path / "2.journal", *numbered(100, 110))
    assert Reader(opened, tmp_path, cursor=first.cursor()).journal.statistics()["gaps"] == 0
    (tmp_path / "1.journal").unlink()
    late = Reader(opened, tmp_path, cursor=first.cursor())
    assert late.numbers() == list(range(100, 110))
    assert late.journal.statistics()["gaps"] == 1
    detail = late.journal.status()[0].detail
    assert "(91 s) were deleted before they were read" in detail
    assert "SystemMaxUse" in detail


def test_deleted_after_it_was_read(opened: list[Journal], tmp_path: Path) -> None:
    """A vacuum behind a reader that is up to date is no loss, however old the last entry that it wanted."""
    write(tmp_path / "1.journal", *numbered(0, 10))
    write(tmp_path / "2.journal", *[exported(n, f"{n}", _SYSTEMD_UNIT="other.service") for n in range(100, 200)])
    write(tmp_path / "3.journal", *[exported(n, f"{n}", _SYSTEMD_UNIT="other.service") for n in range(200, 210)])
    reader = Reader(opened, tmp_path, ("_SYSTEMD_UNIT=ssh.service", "_HOSTNAME=web1"))
    assert reader.numbers() == list(range(10))
    reader.now = Monotonic(reader.now + AUDIT_SECONDS)
    reader.read()
    (tmp_path / "1.journal").unlink()
    (tmp_path / "2.journal").unlink()
    write(tmp_path / "4.journal", *numbered(210, 212))
    assert reader.numbers() == [210, 211]
    assert reader.journal.statistics()["gaps"] == 0


def test_several_messages_in_one_entry(opened: list[Journal], tmp_path: Path) -> None:
    """A program that speaks the journal's protocol may repeat a field: messages are joined by blanks, of other fields
    the first counts. A thousand fields are no reason to stop."""
    write(
        tmp_path / "x.journal",
        exported(1, "one", repeated=b"MESSAGE=two\nSYSLOG_IDENTIFIER=a\n", SYSLOG_IDENTIFIER="b"),
        exported(2, "x", repeated=b"".join(b"F%d=x\n" % number for number in range(900))),
        exported(3, "one", _TRANSPORT="syslog"),
    )
    joined, many, plain = Reader(opened, tmp_path).read()
    assert sorted(joined.partition(b": ")[2].split()) == [b"one", b"two"]
    assert (many, plain) == (b"web1 sshd: x", b"web1 sshd: one")


def test_clock_that_went_back(opened: list[Journal], tmp_path: Path) -> None:
    """After a start without a clock the journal may be of an earlier time than the cursor: it is read nevertheless."""
    write(tmp_path / "a/system.journal", *numbered(1000, 1003))
    first = Reader(opened, tmp_path / "a")
    first.read()
    boot = {"_BOOT_ID": "0123456789abcdef0123456789abcd00"}
    write(tmp_path / "b/system.journal", *(exported(n, f"number {n}", **boot) for n in range(3)))
    assert Reader(opened, tmp_path / "b", cursor=first.cursor()).numbers() == [0, 1, 2]


def test_clock_that_went_back_within_a_file(opened: list[Journal], tmp_path: Path) -> None:
    """Within one journal the entries' numbers count, not their times."""
    write(tmp_path / "system.journal", *numbered(100, 103))
    reader = Reader(opened, tmp_path)
    assert reader.numbers() == [100, 101, 102]
    write(tmp_path / "system.journal", *numbered(0, 3))
    assert reader.numbers() == [0, 1, 2]
    assert Reader(opened, tmp_path, cursor=reader.cursor()).numbers() == []


@pytest.mark.parametrize("seed", range(6))
def test_damage_anywhere(opened: list[Journal], tmp_path: Path, seed: int) -> None:
    """Whatever a disk or an attacker puts into a file: reading ends, other files are read whole, and nothing twice."""
    choose = random.Random(seed)
    write(tmp_path / "good.journal", *numbered(0, 50))
    write(tmp_path / "bad.journal", *numbered(50, 500))
    data = bytearray((tmp_path / "bad.journal").read_bytes())
    for _ in range(choose.choice((1, 30, 3000))):
        data[choose.randrange(300, len(data))] = choose.randrange(256)
    (tmp_path / "bad.journal").write_bytes(data)
    reader = Reader(opened, tmp_path)
    lines = reader.read()
    assert {b"web1 sshd: number %d" % number for number in range(50)} <= set(lines)
    assert len(lines) <= 500
    assert reader.journal.status()[0].state == "reading"


def test_machine_that_got_another_number(opened: list[Journal], tmp_path: Path) -> None:
    """The library never notices; the operator is told."""
    number = tmp_path / "machine-id"
    number.write_text("0123456789abcdef0123456789abcdef\n")
    write(tmp_path / "j/x.journal", *numbered(0, 3))
    settings = JournalSettings(path=str(tmp_path / "j"))
    reader = Reader(opened, tmp_path / "j", place=JournalPlace(settings, machine_id=str(number)))
    reader.read()
    number.write_text("0123456789abcdef0123456789abcdee\n")
    reader.now = Monotonic(reader.now + AUDIT_SECONDS)
    reader.read()
    (row,) = reader.journal.status()
    assert (row.state, "restart stockade" in row.detail) == ("failed", True)


UNTOLD = """
import sys
from stockade.model.clock import Monotonic, Wall
from stockade.model.settings import JournalSettings
from stockade.sources.journal import Journal
journal = Journal(JournalSettings(path=sys.argv[1]), Wall(0.0))
now = Monotonic(1.0)
for line in sys.stdin:
    now = journal.deadline(now) or now
    lines = [text for _ in range(3) for batch in journal.read(now) for _, text in batch.entries]
    print(len(lines), now, journal.status()[0].detail, flush=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to forbid inotify")
def test_without_inotify_the_journal_is_polled(tmp_path: Path) -> None:
    """The kernel's limit on inotify is low and shared: when it is used up, news is found by looking."""
    forbid = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "-", sys.executable, "-c", UNTOLD]
    write(tmp_path / "system.journal", *numbered(0, 3))
    reader = subprocess.Popen(
        [*command, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    try:
        for name, first in (("system", 0), ("system", 3), ("user-1000", 6), ("user-1000", 9)):
            if first:
                write(tmp_path / f"{name}.journal", *numbered(first, first + 3))
            print("read", file=reader.stdin, flush=True)
            said = reader.stdout.readline()
            assert said.startswith("3 "), said
            assert "max_user_instances" in said
    finally:
        _, errors = reader.communicate(timeout=20)
    assert reader.returncode == 0, errors


SESSIONS = [
    {"_SYSTEMD_UNIT": "ssh.service", "_COMM": "sshd-session", "SYSLOG_IDENTIFIER": "sshd-session"},
    {"_SYSTEMD_UNIT": "sshd.service", "_COMM": "sshd", "SYSLOG_IDENTIFIER": "sshd"},
    {"_SYSTEMD_UNIT": "ssh@3-192.0.2.1:22-192.0.2.2:5.service", "_COMM": "sshd-auth", "SYSLOG_IDENTIFIER": ""},
    {"_SYSTEMD_UNIT": "", "_COMM": "", "SYSLOG_IDENTIFIER": "sshd-session"},
    {"_SYSTEMD_UNIT": "ssh.service", "_COMM": "renamed", "SYSLOG_IDENTIFIER": "renamed"},
]


@pytest.mark.parametrize(
    "configured",
    [
        (("_SYSTEMD_UNIT=sshd.service",), ("_COMM=sshd",)),
        (("_SYSTEMD_UNIT=ssh.service",),),
        (("SYSLOG_IDENTIFIER=sshd", "_UID=0"),),
        (("_COMM=sshd-session",),),
    ],
)
def test_sshd_under_every_name(opened: list[Journal], tmp_path: Path, configured: tuple[tuple[str, ...], ...]) -> None:
    """Whichever name of sshd an old configuration gives, its connections are found under all of them, and nobody but
    root can write a line that passes for one of those that were added."""
    entries = [exported(n, f"number {n}", _UID="0", **fields) for n, fields in enumerate(SESSIONS)]
    forged = exported(
        9, "number 9", _UID="1000", _SYSTEMD_UNIT="user@1000.service", _COMM="x", SYSLOG_IDENTIFIER="sshd"
    )
    write(tmp_path / "x.journal", *entries, forged)
    reader = Reader(opened, tmp_path, *configured)
    assert reader.numbers() == [0, 1, 2, 3, 4]
    assert "read under all of them" in reader.journal.status()[0].detail


def test_match_that_never_found_anything(opened: list[Journal], tmp_path: Path) -> None:
    """A jail whose match finds nothing, while a service of a similar name logs, is no running jail; the row says by
    which name it logs. The first entry puts that right."""
    write(tmp_path / "x.journal", exported(1, "number 1", _SYSTEMD_UNIT="dovecot-imap.service"))
    reader = Reader(opened, tmp_path, ("_SYSTEMD_UNIT=dovecot.service",))
    assert reader.numbers() == []
    (row,) = reader.journal.status()
    assert row.state == "failed"
    assert "_SYSTEMD_UNIT=dovecot.service → set journalmatch to" in row.detail
    assert "_SYSTEMD_UNIT=dovecot-imap.service" in row.detail
    write(tmp_path / "x.journal", exported(2, "number 2", _SYSTEMD_UNIT="dovecot.service"))
    assert reader.numbers() == [2]
    assert reader.journal.status()[0].state == "reading"


def test_match_of_a_service_that_was_never_there(opened: list[Journal], tmp_path: Path) -> None:
    """Nothing found and nothing alike is no mistake yet: the row says what to compare."""
    write(tmp_path / "x.journal", *numbered(0, 3))
    reader = Reader(opened, tmp_path, ("_SYSTEMD_UNIT=dovecot.service",))
    reader.read()
    (row,) = reader.journal.status()
    assert (row.state, "no such entry yet" in row.detail) == ("reading", True)


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
        (row,) = reader.journal.status()
        assert (row.state, "systemd-journal" in row.detail) == ("failed", True)
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
