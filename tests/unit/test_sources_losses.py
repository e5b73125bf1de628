"""Where lines could get lost without a word: each story ends with the lines read, or with the loss said."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from stockade.model.chunk import Chunk
from stockade.model.saying import Level
from stockade.model.settings import LogPath
from stockade.sources import rounds, track
from stockade.sources.asides import MAX_ASIDES, asides_of, mark_of
from stockade.sources.series import between
from tests.sources_help import Reader, append, closing


@pytest.fixture
def make() -> Iterator[type[Reader]]:
    """Makes readers and closes them."""
    with closing() as made:
        yield made


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "auth.log"


def turn(link: Path, target: str) -> None:
    """Turns a symbolic link at once."""
    os.symlink(target, f"{link}.new")
    os.replace(f"{link}.new", link)


def copytruncate(log: Path, number: int = 1) -> None:
    """What logrotate does with `copytruncate`; the older copies have moved on."""
    for old in range(number - 1, 0, -1):
        Path(f"{log}.{old}").rename(f"{log}.{old + 1}")
    shutil.copyfile(log, f"{log}.1")
    os.truncate(log, 0)


# Truncation


def test_unread_rest_is_read_from_the_copy(make: type[Reader], log: Path) -> None:
    """What was written before the copy was made and read too late stands in the copy; a line begun before goes on."""
    log.write_bytes(b"one\ntw")
    reader = make(log)
    reader.read()
    append(log, b"o\nthree\n")
    copytruncate(log)
    append(log, b"four\n")
    assert reader.text(log) == b"one two three four"
    assert reader.source.statistics()["lost_bytes"] == 0


def test_several_copies_between_two_looks(make: type[Reader], log: Path) -> None:
    """Of a log that was filled, copied and truncated again and again every copy is read, in order."""
    log.write_bytes(b"0\n")
    reader = make(log)
    reader.read()
    for number in range(1, 4):
        append(log, b"%d\n" % number)
        copytruncate(log, number)
    append(log, b"4\n")
    assert reader.text(log) == b"0 1 2 3 4"


def test_a_log_that_is_empty_at_both_looks(make: type[Reader], log: Path) -> None:
    """Between two looks at an empty log it was filled and emptied again: the copy tells."""
    log.write_bytes(b"one\n")
    reader = make(log)
    reader.read()
    copytruncate(log)
    reader.read()
    append(log, b"two\n")
    copytruncate(log, 2)
    assert reader.text(log) == b"one two"
    again = make(log, cursors=reader.cursors)
    append(log, b"three\n")
    copytruncate(log, 3)
    assert again.text(log) == b"three"


def test_copies_that_are_known_are_not_read_again(make: type[Reader], log: Path) -> None:
    """Neither at the next truncation nor after a restart does an old copy count as new."""
    reader = make(log)
    for number in range(1, 8):
        append(log, b"%d\n" % number)
        reader.read()
        copytruncate(log, number)
        reader.read()
        if number % 3 == 0:
            reader = make(log, cursors=reader.cursors)
            reader.read()
    for _ in range(4):
        reader.after(track.LINGER)
        reader.after(rounds.TIDY_SECONDS)
    append(log, b"8\n")
    reader.read()
    assert reader.all_lines() == [b"7", b"8"]


def test_a_file_that_only_looks_like_a_rotation_is_left_alone(make: type[Reader], log: Path) -> None:
    """Without a copy of what was read nothing tells which rotations are unread: none is read."""
    Path(f"{log}.1").write_bytes(b"old\n")
    log.write_bytes(b"one\n")
    reader = make(log)
    reader.read()
    os.truncate(log, 0)
    append(log, b"two\n")
    assert reader.text(log) == b"one two"


def test_what_is_lost_is_said(make: type[Reader], log: Path) -> None:
    """Bytes that are known to have been destroyed unread are counted, in the status and in the log."""
    log.write_bytes(b"a" * 3_000_000)
    reader = make(log)
    taken = sum(len(chunk.data) for chunk in reader.source.read(reader.now) if isinstance(chunk, Chunk))
    os.truncate(log, 0)
    reader.read()
    lost = 3_000_000 - taken
    assert reader.source.statistics()["lost_bytes"] == lost
    assert f"{lost} bytes are known to have been lost" in reader.state(log)[1]
    warnings = [saying.text for saying in reader.source.take_sayings() if saying.level is Level.WARNING]
    assert len(warnings) == 1
    assert f"before {lost} bytes could be read" in warnings[0]
    assert reader.source.take_sayings() == []


# Links


def test_a_link_that_is_turned_twice_between_two_looks(make: type[Reader], log: Path) -> None:
    """What it led to meanwhile is found when its name lies between the old target and the new one."""
    for name, data in (("app-9.log", b"9\n"), ("app-10.log", b"10\n"), ("app-11.log", b"11\n"), ("app-8.log", b"8\n")):
        append(log.parent / name, data)
    log.symlink_to("app-9.log")
    reader = make(log)
    assert reader.text(log) == b"9"
    turn(log, "app-10.log")
    append(log.parent / "app-10.log", b"ten\n")
    turn(log, "app-11.log")
    assert reader.text(log) == b"9 10 ten 11"


def test_a_link_that_is_turned_twice_while_away(make: type[Reader], log: Path) -> None:
    """The same, when the daemon was down."""
    append(log.parent / "app-1.log", b"1\n")
    log.symlink_to("app-1.log")
    first = make(log)
    first.read()
    append(log.parent / "app-1.log", b"one\n")
    for number in (2, 3):
        append(log.parent / f"app-{number}.log", b"%d\n" % number)
        turn(log, f"app-{number}.log")
    assert make(log, cursors=first.cursors).text(log) == b"one 2 3"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a-1.log", "a-4.log", ["a-2.log", "a-3.log"]),
        ("a-9.log", "a-11.log", ["a-10.log"]),
        ("a-2026-01-31", "a-2026-02-02", ["a-2026-02-01"]),
        ("a-4.log", "a-1.log", []),
        ("a-1.log", "b-4.log", []),
        ("a.log", "a.log", []),
        ("a-1", "a-" + "9" * 5000, []),
    ],
)
def test_series(old: str, new: str, expected: Sequence[str]) -> None:
    """Names belong together that differ in numbers only, and numbers count as such."""
    names = [f"a-{n}.log" for n in range(12, 0, -1)] + ["a-2026-02-01", "b-2.log", "a-2.log.gz", "x", ""]
    assert between(old, new, names) == expected


# Late lines


def test_late_lines_while_the_daemon_is_down(make: type[Reader], log: Path) -> None:
    """A slow writer adds to the rotated file while nobody reads and the cursor stands in the new one already."""
    with log.open("ab", buffering=0) as slow:
        slow.write(b"one\n")
        first = make(log)
        first.read()
        log.rename(f"{log}.1")
        append(log, b"two\n")
        assert first.text(log) == b"one two"
        slow.write(b"late\n")
    append(log, b"three\n")
    second = make(log, cursors=first.cursors)
    assert sorted(second.text(log).split()) == [b"late", b"three"]
    third = make(log, cursors=second.cursors)
    third.read()
    assert third.all_lines() == []


def test_a_mark_survives_anything(make: type[Reader], log: Path) -> None:
    """The mark is bounded, and what is damaged in it is passed over."""
    identities = [(f"1:{n}:256-0123456789abcdef", n) for n in range(1, 9)]
    mark = mark_of(identities)
    assert [(str(aside.identity), aside.position) for aside in asides_of(mark)] == identities[-MAX_ASIDES:]
    for text in ("", " ", "@", "1:2:x@", "1:2:x@-1", "a:b:c@1", "1:2:x@" + "9" * 30, "1:2:x@\u0663", "x" * 5000):
        assert asides_of(text) == []


# Places that come and go


def test_a_directory_that_vanishes_and_returns(make: type[Reader], tmp_path: Path) -> None:
    """A directory that is deleted with its log, and made again later, is followed again."""
    path = tmp_path / "app" / "logs" / "x.log"
    for number in range(3):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"%d\n" % number)
        if number == 0:
            reader = make(path)
        assert reader.text(path).endswith(b"%d" % number)
        shutil.rmtree(tmp_path / "app")
        reader.read()
        reader.after(rounds.AUDIT_SECONDS)
    assert reader.text(path) == b"0 1 2"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_directory_that_may_not_be_entered(make: type[Reader]) -> None:
    """A directory without permission is said, and its log is read a few seconds after the permission is mended."""
    place = Path(tempfile.mkdtemp(prefix="stockade-"))
    place.chmod(0o755)
    log = place / "closed" / "x.log"
    log.parent.mkdir(mode=0o700)
    log.write_bytes(b"one\n")
    os.seteuid(65534)
    try:
        reader = make(log)
        reader.read()
        assert reader.state(log)[0] == "failed"
        os.seteuid(0)
        log.parent.chmod(0o755)
        os.seteuid(65534)
        reader.after(rounds.RETRY_SECONDS)
        reader.after(rounds.RETRY_SECONDS)
        assert reader.text(log) == b"one"
        texts = [saying.text for saying in reader.source.take_sayings()]
        assert "Permission denied" in texts[0]
        assert texts[1].endswith("can be read again")
    finally:
        os.seteuid(0)
        shutil.rmtree(place)


# What inotify cannot do

LIMITED = """
import sys
from pathlib import Path
from stockade.sources import rounds
from tests.sources_help import Reader, append

directory, knob, bound, sysctl = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
Path("/proc/sys/user", knob).write_text(bound)
logs = [directory / f"{number}.log" for number in range(8)]
for log in logs:
    append(log, b"one\\n")
reader = Reader(f"{directory}/*.log")
reader.read()
assert reader.source.statistics()["polled"], reader.source.statistics()
assert any(f"raise the sysctl fs.inotify.{sysctl}" in row.detail for row in reader.source.status())
sayings = [saying.text for saying in reader.source.take_sayings()]
assert len([text for text in sayings if sysctl in text]) == 1, sayings
for log in logs:
    append(log, b"two\\n")
reader.after(rounds.POLL_SECONDS)
assert sorted(reader.all_lines()) == [b"one"] * 8 + [b"two"] * 8
append(directory / "new.log", b"three\\n")
for _ in range(3):
    reader.after(rounds.RETRY_SECONDS)
assert reader.lines[f"file:{directory}/new.log"] == [b"three"]
Path("/proc/sys/user", knob).write_text("1000")
reader.after(rounds.AUDIT_SECONDS)
reader.after(rounds.AUDIT_SECONDS)
if sysctl == "max_user_watches":
    assert reader.source.statistics()["polled"] == 0, reader.source.statistics()
    assert not any("sysctl" in row.detail for row in reader.source.status())
reader.source.close()
"""


def _has_user_namespaces() -> bool:
    unshare = shutil.which("unshare")
    argv = [unshare or "", "--user", "--map-root-user", "true"]
    return unshare is not None and subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("knob", "bound", "sysctl"),
    [("max_inotify_watches", "6", "max_user_watches"), ("max_inotify_instances", "0", "max_user_instances")],
)
def test_limits_of_inotify(tmp_path: Path, knob: str, bound: str, sysctl: str) -> None:
    """What cannot be watched is polled, the status names the sysctl, and it is watched when there are watches again."""
    if not _has_user_namespaces():
        pytest.skip("the kernel grants no user namespace, where limits can be set for one process alone")
    argv = ["unshare", "--user", "--map-root-user", sys.executable, "-W", "error", "-c", LIMITED]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [*argv, str(tmp_path), knob, bound, sysctl], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# The past of a big log


def test_the_past_of_a_big_log_is_passed_over(make: type[Reader], log: Path) -> None:
    """What the owner calls old is not read, the status says so, and the position is kept over a restart."""
    old, new = b"old" + b"." * 96 + b"\n", b"new" + b"." * 96 + b"\n"
    log.write_bytes(old * 40_000 + new * 100)
    asked: list[Sequence[LogPath]] = []

    def is_old(paths: Sequence[LogPath], lines: bytes) -> bool | None:
        asked.append(paths)
        return lines.startswith(b"old")

    reader = make(log, is_old=is_old)
    chunks = reader.read()
    assert asked[0] == [LogPath(str(log))]
    assert chunks[0].position == log.stat().st_size - sum(len(chunk.data) for chunk in chunks) > 3_000_000
    assert reader.lines[f"file:{log}"][-100:] == [new.rstrip()] * 100
    assert not any(chunk.is_live for chunk in chunks)
    assert "were passed over" in reader.state(log)[1]
    append(log, b"live\n")
    again = make(log, cursors=reader.cursors, is_old=is_old)
    assert again.text(log) == b"live"


@pytest.mark.parametrize("how", ["cursor", "tail", "rotated"])
def test_only_an_unknown_past_is_passed_over(make: type[Reader], log: Path, how: str) -> None:
    """What was written since the last look is read whatever its dates say: the owner decides line by line."""
    line = b"." * 99 + b"\n"
    asked: list[bytes] = []

    def is_old(paths: Sequence[LogPath], lines: bytes) -> bool | None:
        asked.append(lines)
        return True

    log.write_bytes(b"first\n")
    pattern = LogPath(str(log), is_tail=how == "tail")
    reader = make(pattern, is_old=is_old)
    reader.read()
    if how == "rotated":
        log.rename(f"{log}.1")
    append(log, line * 20_000)
    if how == "cursor":
        reader = make(pattern, is_old=is_old, cursors=reader.cursors)
    reader.read()
    assert len(reader.lines[f"file:{log}"]) >= 20_000
    assert asked == []


def test_descriptor_still_wakes(make: type[Reader], log: Path) -> None:
    """After a rescue the log itself is watched as before."""
    log.write_bytes(b"one\n")
    reader = make(log)
    reader.read()
    append(log, b"two\n")
    copytruncate(log)
    reader.read()
    append(log, b"three\n")
    assert select.select([reader.source.fileno()], [], [], 5)[0]
    assert reader.text(log) == b"one two three"
