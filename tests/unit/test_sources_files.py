"""Stories of log files: what is read when they appear, grow, rotate, shrink, vanish or may not be read."""

from __future__ import annotations

import os
import select
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockade.model.chunk import Chunk
from stockade.model.cursor import Cursor
from stockade.model.settings import LogPath
from stockade.sources import reading, rounds, track
from stockade.sources.identity import fingerprint, is_fingerprint_of
from stockade.sources.mounts import polled_devices
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


# Reading


def test_content_is_history_until_its_end_then_live(make: type[Reader], log: Path) -> None:
    """What existed at the start is not live; what is written after the end was reached is."""
    log.write_bytes(b"old\n")
    reader = make(log)
    assert [(c.data, c.is_live, c.position) for c in reader.read()] == [(b"old\n", False, 0)]
    append(log, b"new\n")
    assert [(c.data, c.is_live, c.position) for c in reader.read()] == [(b"new\n", True, 4)]


def test_append_wakes_the_descriptor(make: type[Reader], log: Path) -> None:
    """A write makes the descriptor readable; no timer is involved."""
    log.write_bytes(b"old\n")
    reader = make(log)
    reader.read()
    assert select.select([reader.source.fileno()], [], [], 0)[0] == []
    append(log, b"new\n")
    assert select.select([reader.source.fileno()], [], [], 5)[0]


def test_tail_starts_at_the_end_and_live(make: type[Reader], log: Path) -> None:
    """`tail` leaves aside what is there and takes the next line for live."""
    log.write_bytes(b"old\n")
    reader = make(LogPath(str(log), is_tail=True))
    assert reader.read() == []
    append(log, b"new\n")
    assert [(c.data, c.is_live) for c in reader.read()] == [(b"new\n", True)]


def test_tail_reads_a_later_file_from_its_start(make: type[Reader], log: Path) -> None:
    """`tail` is about what existed at the start: a file that appears later is all new."""
    reader = make(LogPath(str(log), is_tail=True))
    log.write_bytes(b"first\n")
    assert reader.text(log) == b"first"


def test_head_wins_over_tail(make: type[Reader], log: Path) -> None:
    """One reader serves all patterns of a file: it starts where the most demanding one wants it."""
    log.write_bytes(b"old\n")
    reader = make(LogPath(str(log), is_tail=True), log)
    assert reader.text(log) == b"old"
    assert len(reader.source.patterns_of(f"file:{log}")) == 2


def test_big_file_comes_in_bounded_chunks(make: type[Reader], log: Path) -> None:
    """A chunk is at most 256 KiB and a read about 1 MiB, however much is there."""
    log.write_bytes(b"x" * 999 + b"\n" + b"y" * 3_000_000)
    reader = make(log)
    first = reader.source.read(reader.now)
    sizes = [len(c.data) for c in first if isinstance(c, Chunk)]
    assert max(sizes) == track.MAX_CHUNK
    assert reading.MAX_READ <= sum(sizes) <= reading.MAX_READ + track.MAX_CHUNK


def test_files_are_read_in_turn(make: type[Reader], tmp_path: Path) -> None:
    """A big backlog in one file keeps the others waiting for no more than one chunk of it."""
    (tmp_path / "a.log").write_bytes(b"a" * 3_000_000)
    (tmp_path / "b.log").write_bytes(b"b\n")
    reader = make(f"{tmp_path}/*.log")
    first = [*reader.source.read(reader.now), *reader.source.read(reader.now)]
    assert f"file:{tmp_path}/b.log" in {c.source for c in first}
    assert sum(len(c.data) for c in first if isinstance(c, Chunk)) <= 2 * track.MAX_CHUNK + 2


def test_status_tells_what_is_unread(make: type[Reader], log: Path) -> None:
    """The row of a file says how far it was read and how much lies ahead."""
    log.write_bytes(b"1234\n")
    reader = make(log)
    (row,) = reader.source.status()
    assert (row.state, row.position, row.unread) == ("reading", 0, 5)
    reader.read()
    (row,) = reader.source.status()
    assert (row.state, row.position, row.unread) == ("reading", 5, 0)


# Appearing


def test_missing_file_is_waited_for(make: type[Reader], log: Path) -> None:
    """A log that does not exist is a row that waits, and is read at once when it appears."""
    reader = make(log)
    reader.read()
    assert reader.state(log)[0] == "waiting"
    append(log, b"first\n")
    assert select.select([reader.source.fileno()], [], [], 5)[0]
    assert reader.text(log) == b"first"
    assert reader.state(log)[0] == "reading"


def test_missing_directories_are_waited_for(make: type[Reader], tmp_path: Path) -> None:
    """Directories that are missing are noticed one after the other, wherever the first one appears."""
    deep = tmp_path / "a" / "b" / "c.log"
    reader = make(deep)
    reader.read()
    deep.parent.mkdir(parents=True)
    reader.read()
    deep.write_bytes(b"here\n")
    assert reader.text(deep) == b"here"


def test_directory_moved_into_place_is_searched(make: type[Reader], tmp_path: Path) -> None:
    """A whole tree that is renamed to where a glob looks is found with everything in it."""
    reader = make(f"{tmp_path}/www/*/logs/*.log")
    reader.read()
    (tmp_path / "new/site1/logs").mkdir(parents=True)
    (tmp_path / "new/site1/logs/a.log").write_bytes(b"a\n")
    (tmp_path / "new").rename(tmp_path / "www")
    assert reader.text(tmp_path / "www/site1/logs/a.log") == b"a"
    (tmp_path / "www/site2/logs").mkdir(parents=True)
    reader.read()
    (tmp_path / "www/site2/logs/b.log").write_bytes(b"b\n")
    assert reader.text(tmp_path / "www/site2/logs/b.log") == b"b"


def test_directory_replaced_is_watched_anew(make: type[Reader], log: Path) -> None:
    """A directory that is renamed away and made again is the one that counts."""
    path = log.parent / "app" / "x.log"
    path.parent.mkdir()
    path.write_bytes(b"one\n")
    reader = make(path)
    reader.read()
    path.parent.rename(log.parent / "app.old")
    path.parent.mkdir()
    reader.read()
    path.write_bytes(b"two\n")
    assert reader.text(path) == b"one two"


def test_glob_finds_daily_names(make: type[Reader], tmp_path: Path) -> None:
    """A file of a new name that matches is read at once, beside the old one."""
    reader = make(f"{tmp_path}/app-*.log")
    for day in ("01", "02"):
        append(tmp_path / f"app-{day}.log", day.encode() + b"\n")
        assert reader.text(tmp_path / f"app-{day}.log") == day.encode()


def test_glob_leaves_compressed_and_hidden_files_alone(make: type[Reader], tmp_path: Path) -> None:
    """Compressed rotations hold nothing new, and `*` does not mean names with a leading dot."""
    for name in ("a.log.gz", "a.log.xz", "a.log.bz2", "a.log.zst", ".hidden.log"):
        (tmp_path / name).write_bytes(b"no\n")
    reader = make(f"{tmp_path}/*")
    assert reader.read() == []
    (tmp_path / "b.log.gz").write_bytes(b"no\n")
    assert reader.read() == []


# Rotation


def test_rename_and_create(make: type[Reader], log: Path) -> None:
    """The old incarnation is read to its end and ended, then the new one from its start."""
    log.write_bytes(b"one\n")
    reader = make(log)
    reader.read()
    append(log, b"two\n")
    log.rename(f"{log}.1")
    append(log, b"three\n")
    chunks = reader.read()
    assert [(c.data, c.is_end, c.position) for c in chunks] == [(b"two\n", True, 4), (b"three\n", False, 0)]
    assert chunks[0].identity != chunks[1].identity


def test_writer_goes_on_in_the_renamed_file_until_it_reopens(make: type[Reader], log: Path) -> None:
    """Between rename and reopening lines still go to the old file; the new empty one ends nothing."""
    with log.open("ab", buffering=0) as writer:
        writer.write(b"one\n")
        reader = make(log)
        reader.read()
        log.rename(f"{log}.1")
        log.touch()
        writer.write(b"two\n")
        assert reader.text(log) == b"one two"
        assert not any(c.is_end for c in reader.chunks)
        writer.write(b"three\n")
    append(log, b"four\n")
    assert reader.text(log) == b"one two three four"


def test_second_writer_that_reopens_late(make: type[Reader], log: Path) -> None:
    """Lines that a slower writer adds to the old file after another has reopened are read, and the cursor stays in
    the new file."""
    with log.open("ab", buffering=0) as slow:
        slow.write(b"one\n")
        reader = make(log)
        reader.read()
        log.rename(f"{log}.1")
        append(log, b"two\n")
        reader.read()
        slow.write(b"thr")
        append(log, b"four\n")
        reader.read()
        slow.write(b"ee\n")
        reader.read()
    assert reader.text(log) == b"one two four three"
    cursor = reader.cursors[f"file:{log}"]
    assert cursor.position == len(b"two\nfour\n")
    assert cursor.identity.split(":")[1] == str(log.stat().st_ino)


def test_late_lines_never_cut_a_line_in_progress(make: type[Reader], log: Path) -> None:
    """While the new file ends within a line, late lines of the old one wait."""
    with log.open("ab", buffering=0) as slow, Path(f"{log}.new").open("ab", buffering=0) as fast:
        slow.write(b"one\n")
        reader = make(log)
        reader.read()
        log.rename(f"{log}.1")
        Path(f"{log}.new").rename(log)
        fast.write(b"beg")
        reader.read()
        slow.write(b"late\n")
        reader.read()
        fast.write(b"in\n")
        assert sorted(reader.text(log).split()) == [b"begin", b"late", b"one"]


def test_late_file_is_closed_when_quiet(make: type[Reader], log: Path) -> None:
    """A rotated-away file keeps its descriptor only while somebody may still write to it."""
    log.write_bytes(b"one\n")
    reader = make(log)
    reader.read()
    log.rename(f"{log}.1")
    append(log, b"two\n")
    reader.read()
    assert reader.source.statistics()["descriptors"] == 2
    reader.after(track.LINGER)
    reader.after(10)
    assert reader.source.statistics()["descriptors"] == 1


def test_last_line_without_newline_ends_with_its_file(make: type[Reader], log: Path) -> None:
    """What is left without newline in the old file is a line, not the beginning of the new file's first."""
    log.write_bytes(b"one\ntw")
    reader = make(log)
    reader.read()
    log.rename(f"{log}.1")
    append(log, b"three\n")
    assert reader.text(log) == b"one tw three"


def test_several_rotations_between_two_reads(make: type[Reader], log: Path) -> None:
    """Incarnations that came and went are read as far as they were seen, in order."""
    log.write_bytes(b"0\n")
    reader = make(log)
    for n in range(1, 5):
        for old in range(n, 0, -1):
            name = Path(f"{log}.{old - 1}") if old > 1 else log
            name.rename(f"{log}.{old}")
        append(log, b"%d\n" % n)
        reader.step()
    assert reader.text(log) == b"0 1 2 3 4"


def test_glob_that_means_rotated_files_reads_them_once(make: type[Reader], log: Path) -> None:
    """A rotated file whose new name matches, too, is the same file and not read again."""
    log.write_bytes(b"one\n")
    reader = make(f"{log}*")
    reader.read()
    for n in range(3):
        for old in (2, 1):
            if Path(f"{log}.{old}").exists():
                Path(f"{log}.{old}").rename(f"{log}.{old + 1}")
        log.rename(f"{log}.1")
        append(log, b"more%d\n" % n)
        reader.read()
    for _ in range(5):
        reader.after(track.LINGER)
        reader.after(10)
    data = sorted(line for lines in reader.lines.values() for line in lines)
    assert data == [b"more0", b"more1", b"more2", b"one"]


def test_renamed_without_successor_is_still_read(make: type[Reader], log: Path) -> None:
    """A log that was only renamed is read on, and its old name waited for."""
    with log.open("ab", buffering=0) as writer:
        reader = make(log)
        reader.read()
        log.rename(f"{log}.1")
        writer.write(b"one\n")
        assert reader.text(log) == b"one"
        assert reader.state(log)[0] == "waiting"
        Path(f"{log}.1").rename(log)
        writer.write(b"two\n")
        assert reader.text(log) == b"one two"
        assert reader.state(log)[0] == "reading"


def test_deleted_file_is_read_to_its_end_and_closed(make: type[Reader], log: Path) -> None:
    """Deleting loses nothing that was written, and after a while frees the disk."""
    log.write_bytes(b"one\n")
    reader = make(log)
    log.unlink()
    assert reader.text(log) == b"one"
    reader.after(6)
    reader.after(track.LINGER)
    reader.after(6)
    assert reader.source.statistics()["descriptors"] == 0
    assert reader.chunks[-1].is_end
    append(log, b"two\n")
    assert reader.text(log) == b"one two"


# Rewriting


def test_copytruncate(make: type[Reader], log: Path) -> None:
    """A truncated file begins again at 0 as another incarnation."""
    log.write_bytes(b"one\ntwo\n")
    reader = make(log)
    reader.read()
    shutil.copy(log, f"{log}.1")
    os.truncate(log, 0)
    append(log, b"3\n")
    chunks = reader.read()
    assert [(c.data, c.position, c.is_end) for c in chunks] == [(b"", 8, True), (b"3\n", 0, False)]
    assert reader.source.statistics()["truncations"] == 1


def test_copytruncate_with_a_glob_for_the_copy(make: type[Reader], log: Path) -> None:
    """The copy that copytruncate makes is not read again although its name matches, however slowly it is made."""
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(100)))
    reader = make(f"{log}*")
    reader.read()
    data = log.read_bytes()
    with Path(f"{log}.1").open("wb", buffering=0) as copy:
        reader.read()
        copy.write(data[:300])
        reader.read()
        copy.write(data[300:])
        os.truncate(log, 0)
        reader.read()
    append(log, b"new\n")
    reader.read()
    assert len(reader.all_lines()) == 101
    again = make(f"{log}*", cursors=reader.cursors)
    again.read()
    assert again.all_lines() == []


def test_copytruncate_grown_back_beyond_the_position(make: type[Reader], log: Path) -> None:
    """A truncated file that is longer again when it is looked at is known by its head."""
    log.write_bytes(b"one\n")
    reader = make(log)
    reader.read()
    os.truncate(log, 0)
    append(log, b"this is longer than before\n")
    assert reader.text(log) == b"one this is longer than before"


def test_bytes_destroyed_unread_are_counted(make: type[Reader], log: Path) -> None:
    """What copytruncate destroys before it could be read is reported."""
    log.write_bytes(b"a" * 3_000_000)
    reader = make(log)
    chunks = reader.source.read(reader.now)
    taken = sum(len(c.data) for c in chunks if isinstance(c, Chunk))
    os.truncate(log, 0)
    reader.read()
    assert reader.source.statistics()["lost_bytes"] == 3_000_000 - taken
    assert "lost" in reader.state(log)[1]


def test_file_cut_short_is_not_read_again(make: type[Reader], log: Path) -> None:
    """A file that loses its end but keeps its head holds nothing new."""
    log.write_bytes(b"".join(b"line %d\n" % n for n in range(2000)))
    reader = make(log)
    before = len(reader.text(log).split(b" line "))
    os.truncate(log, 8192)
    assert [c.data for c in reader.read()] == [b""]
    append(log, b"\nmore\n")
    assert reader.text(log).endswith(b"line 1999  more")
    assert len(reader.text(log).split(b" line ")) == before


def test_hole_left_by_a_writer_that_does_not_append(make: type[Reader], log: Path) -> None:
    """A writer that goes on at its old offset leaves a hole; its zeros are not part of a line."""
    with log.open("wb", buffering=0) as writer:
        writer.write(b"x" * 100_000 + b"\n")
        reader = make(log)
        reader.read()
        os.truncate(log, 0)
        reader.read()
        writer.write(b"after\n")
        reader.read()
    assert reader.lines[f"file:{log}"][-1] == b"after"


def test_identical_copy_keeps_the_position(make: type[Reader], log: Path) -> None:
    """An editor that saves the file unchanged causes nothing to be read again."""
    log.write_bytes(b"one\ntwo\n")
    reader = make(log)
    reader.read()
    shutil.copy(log, f"{log}.swp")
    os.replace(f"{log}.swp", log)
    append(log, b"three\n")
    assert reader.text(log) == b"one two three"


def test_changed_copy_is_history(make: type[Reader], log: Path) -> None:
    """A file replaced by other content is read from its start, but not as if it had just happened."""
    log.write_bytes(b"one\ntwo\n")
    reader = make(log)
    reader.read()
    Path(f"{log}.swp").write_bytes(b"two\nthree\n")
    os.replace(f"{log}.swp", log)
    assert [(c.data, c.is_live) for c in reader.read() if c.data] == [(b"two\nthree\n", False)]


def test_link_target_changes(make: type[Reader], log: Path) -> None:
    """A symbolic link that is turned to another file is a rotation."""
    for name in ("a", "b"):
        (log.parent / name).write_bytes(name.encode() + b"\n")
    log.symlink_to("a")
    reader = make(log)
    assert reader.text(log) == b"a"
    (log.parent / "tmp").symlink_to("b")
    os.replace(log.parent / "tmp", log)
    assert reader.text(log) == b"a b"


def test_target_rotates_behind_a_link(make: type[Reader], log: Path) -> None:
    """A rotation in the directory that a link leads to is noticed there."""
    real = log.parent / "elsewhere" / "real.log"
    real.parent.mkdir()
    real.write_bytes(b"one\n")
    log.symlink_to(real)
    reader = make(log)
    assert reader.text(log) == b"one"
    real.rename(f"{real}.1")
    reader.read()
    append(real, b"two\n")
    assert select.select([reader.source.fileno()], [], [], 5)[0]
    assert reader.text(log) == b"one two"


def test_dangling_link_is_waited_for(make: type[Reader], log: Path) -> None:
    """A link to a missing file waits; the file is read when it appears behind it."""
    log.symlink_to(log.parent / "later")
    reader = make(log)
    reader.read()
    assert reader.state(log)[0] == "waiting"
    (log.parent / "later").write_bytes(b"one\n")
    assert reader.text(log) == b"one"


def test_two_names_of_one_file_in_one_glob_are_read_once(make: type[Reader], tmp_path: Path) -> None:
    """`current.log` beside the file it points to would count every line twice."""
    (tmp_path / "app-05.log").write_bytes(b"one\n")
    (tmp_path / "current.log").symlink_to("app-05.log")
    reader = make(f"{tmp_path}/*.log")
    reader.read()
    assert reader.all_lines() == [b"one"]
    assert "is read as" in reader.state(tmp_path / "current.log")[1]


def test_two_names_of_one_file_for_two_patterns_are_both_read(make: type[Reader], tmp_path: Path) -> None:
    """Patterns may belong to different jails: each gets its own lines."""
    (tmp_path / "a.log").write_bytes(b"one\n")
    (tmp_path / "b.log").symlink_to("a.log")
    reader = make(tmp_path / "a.log", tmp_path / "b.log")
    reader.read()
    assert reader.all_lines() == [b"one", b"one"]
    append(tmp_path / "a.log", b"two\n")
    reader.read()
    assert reader.all_lines() == [b"one", b"two"] * 2


# Restart


def test_cursor_continues(make: type[Reader], log: Path) -> None:
    """After a restart reading goes on where it was left; a line in progress is read whole."""
    log.write_bytes(b"one\ntw")
    first = make(log)
    first.read()
    append(log, b"o\nthree\n")
    assert make(log, cursors=first.cursors).text(log) == b"two three"


def test_rotation_while_away(make: type[Reader], log: Path) -> None:
    """The rest of a file renamed meanwhile is read first, under the old name, then the new file."""
    log.write_bytes(b"one\n")
    first = make(log)
    first.read()
    append(log, b"two\n")
    log.rename(f"{log}.1")
    append(log, b"three\n")
    assert make(log, cursors=first.cursors).text(log) == b"two three"


def test_two_rotations_while_away(make: type[Reader], log: Path) -> None:
    """Files that came and were rotated meanwhile are read in their order."""
    log.write_bytes(b"one\n")
    first = make(log)
    first.read()
    append(log, b"two\n")
    log.rename(f"{log}.2")
    Path(f"{log}.1").write_bytes(b"three\n")
    Path(f"{log}.2.gz").write_bytes(b"no\n")
    log.write_bytes(b"four\n")
    assert make(log, cursors=first.cursors).text(log) == b"two three four"


def test_rotation_while_away_without_successor(make: type[Reader], log: Path) -> None:
    """The rest of a renamed file is read although nothing stands in its place yet."""
    log.write_bytes(b"one\n")
    first = make(log)
    first.read()
    append(log, b"two\n")
    log.rename(f"{log}.1")
    second = make(log, cursors=first.cursors)
    assert second.text(log) == b"two"
    append(log, b"three\n")
    assert second.text(log) == b"two three"


def test_rotation_while_away_with_a_glob_for_both(make: type[Reader], log: Path) -> None:
    """Old and new name match: still each line once."""
    log.write_bytes(b"one\n")
    first = make(f"{log}*")
    first.read()
    append(log, b"two\n")
    log.rename(f"{log}.1")
    append(log, b"three\n")
    second = make(f"{log}*", cursors=first.cursors)
    second.read()
    assert sorted(second.all_lines()) == [b"three", b"two"]


def test_copytruncate_while_away(make: type[Reader], log: Path) -> None:
    """What copytruncate saved to the copy is read there before the new content."""
    log.write_bytes(b"one\n")
    first = make(log)
    first.read()
    append(log, b"two\n")
    shutil.copy(log, f"{log}.1")
    os.truncate(log, 0)
    append(log, b"three\n")
    assert make(log, cursors=first.cursors).text(log) == b"two three"


def test_inode_reused_by_another_file(make: type[Reader], log: Path) -> None:
    """The same inode with another head is another file."""
    log.write_bytes(b"one\n")
    first = make(log)
    first.read()
    log.write_bytes(b"other and longer\n")
    assert make(log, cursors=first.cursors).text(log) == b"other and longer"


def test_copy_made_while_away(make: type[Reader], log: Path) -> None:
    """A file that was replaced by a copy goes on at the cursor."""
    log.write_bytes(b"one\ntwo\n")
    first = make(log)
    first.read()
    shutil.copy(log, f"{log}.swp")
    os.replace(f"{log}.swp", log)
    append(log, b"three\n")
    assert make(log, cursors=first.cursors).text(log) == b"three"


def test_lost_predecessor_is_reported(make: type[Reader], log: Path) -> None:
    """When the file of the cursor is nowhere to be found the status says so."""
    log.write_bytes(b"one\n")
    first = make(log)
    first.read()
    log.unlink()
    (log.parent / "x").touch()  # so that the inode is not taken up again
    log.write_bytes(b"two\n")
    second = make(log, cursors=first.cursors)
    assert second.text(log) == b"two"


@pytest.mark.parametrize("identity", ["", "x", "1:2", "a:b:c", "1:2:3:4", "1:2:256-zz", "1:" + "9" * 30 + ":0-"])
def test_damaged_cursor_is_no_cursor(make: type[Reader], log: Path, identity: str) -> None:
    """A cursor that makes no sense is ignored."""
    log.write_bytes(b"one\n")
    cursor = Cursor(f"file:{log}", identity, 2)
    assert make(log, cursors={cursor.source: cursor}).text(log) == b"one"


def test_tail_honours_its_cursor(make: type[Reader], log: Path) -> None:
    """What was written during a restart is read for `tail`, too."""
    log.write_bytes(b"one\n")
    tail = LogPath(str(log), is_tail=True)
    first = make(tail)
    append(log, b"two\n")
    assert first.text(log) == b"two"
    append(log, b"three\n")
    assert make(tail, cursors=first.cursors).text(log) == b"three"


# What cannot be read


@pytest.mark.parametrize("kind", ["pipe", "directory", "device"])
def test_only_regular_files_are_opened(make: type[Reader], log: Path, kind: str) -> None:
    """A pipe would block, a device has effects: they are refused with a remedy."""
    if kind == "pipe":
        os.mkfifo(log)
    elif kind == "directory":
        log.mkdir()
    else:
        log.symlink_to("/dev/zero")
    reader = make(log)
    assert reader.read() == []
    state, detail = reader.state(log)
    assert state == "failed"
    assert "only regular files" in detail


def test_circular_link_is_refused(make: type[Reader], log: Path) -> None:
    """A link in a circle is a failed row, and is read when it is mended."""
    log.symlink_to(log)
    reader = make(log)
    reader.read()
    assert reader.state(log)[0] == "failed"
    log.unlink()
    append(log, b"one\n")
    assert reader.text(log) == b"one"


def test_too_many_files_are_refused(make: type[Reader], tmp_path: Path) -> None:
    """Beyond the bound a file is a failed row, and is taken up when another goes."""
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.log").write_bytes(name.encode() + b"\n")
    reader = make(f"{tmp_path}/*.log", max_files=2)
    reader.read()
    assert sorted(reader.all_lines()) == [b"a", b"b"]
    assert [row.state for row in reader.source.status()].count("failed") == 1


def test_no_inotify_means_polling(make: type[Reader], log: Path) -> None:
    """Without inotify there is no descriptor; the deadline says when to look again, for changes and new files."""
    reader = make(log, f"{log.parent}/*.txt", is_polling=True)
    assert reader.source.fileno() == -1
    append(log, b"one\n")
    (log.parent / "a.txt").write_bytes(b"a\n")
    reader.read()
    for _ in range(2):
        reader.after(rounds.RETRY_SECONDS)
    assert reader.text(log) == b"one"
    assert reader.text(log.parent / "a.txt") == b"a"
    due = reader.source.deadline(reader.now)
    assert due is not None
    assert due - reader.now <= rounds.POLL_SECONDS
    log.rename(f"{log}.1")
    append(log, b"two\n")
    reader.after(rounds.POLL_SECONDS)
    assert reader.text(log) == b"one two"


def test_audit_finds_what_inotify_did_not_tell(make: type[Reader], tmp_path: Path) -> None:
    """A change behind an unwatched part of the path is noticed within a minute."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one/x.log").write_bytes(b"1\n")
    (tmp_path / "two/x.log").write_bytes(b"2\n")
    (tmp_path / "link").symlink_to("one")
    (tmp_path / "way").symlink_to("link")
    path = tmp_path / "way/x.log"
    reader = make(path)
    assert reader.text(path) == b"1"
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("two")
    reader.after(rounds.AUDIT_SECONDS)
    assert reader.text(path) == b"1 2"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_permission_that_is_mended(make: type[Reader], tmp_path: Path) -> None:
    """A file that may not be read is a failed row with a remedy, and is read as soon as it may."""
    directory = Path(tempfile.mkdtemp(prefix="stockade-"))
    directory.chmod(0o755)
    log = directory / "x.log"
    log.write_bytes(b"one\n")
    log.chmod(0o600)
    os.seteuid(65534)
    try:
        reader = make(log)
        reader.read()
        assert reader.state(log)[0] == "failed"
        assert "Permission denied" in reader.state(log)[1]
        assert "setfacl -m u:65534:r" in reader.state(log)[1]
        os.seteuid(0)
        log.chmod(0o644)
        os.seteuid(65534)
        assert select.select([reader.source.fileno()], [], [], 5)[0]
        assert reader.text(log) == b"one"
        assert reader.state(log) == ("reading", "")
    finally:
        os.seteuid(0)
        shutil.rmtree(directory)


# Parts


def test_fingerprint_survives_growth() -> None:
    """A fingerprint stays valid while the file grows, and covers whole lines only."""
    data = b"".join(b"line %d\n" % n for n in range(100))
    for length in range(1, 600):
        made = fingerprint(data[:length][:256])
        assert is_fingerprint_of(made, data[:256]) == (length >= len(b"line 0\n"))
        assert not is_fingerprint_of(made, b"other" + data[:250])


def test_network_mounts_are_polled() -> None:
    """Devices of network and FUSE mounts are found in mountinfo; anything malformed is passed over."""
    text = (
        "36 35 98:0 / /mnt rw - ext4 /dev/sda1 rw\n"
        "37 35 0:50 / /srv/nfs\\040x rw shared:1 - nfs4 host:/x rw\n"
        "38 35 0:51 / /srv/s rw - fuse.sshfs h: rw\n"
        "39 35 x:y / /srv rw - nfs h rw\n\n-\n - nfs\n"
    )
    assert polled_devices(text) == {os.makedev(0, 50), os.makedev(0, 51)}
