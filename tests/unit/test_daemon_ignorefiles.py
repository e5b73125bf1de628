"""Files of `ignoreip` as the daemon reads them: when they change, and only what is sound."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stockade.daemon.ignorefiles import FAILED_SECONDS, MAX_BYTES, IgnoreFiles, path_of
from stockade.model.clock import Monotonic
from stockade.model.settings import Settings
from tests.playbooks.story import jail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A list of one friend."""
    path = tmp_path / "friends"
    path.write_text("192.0.2.1\n")
    return path


def watched(*paths: Path) -> IgnoreFiles:
    """The files of one jail."""
    return IgnoreFiles(Settings(jails=(jail(ignoreip=("192.0.2.9", *(f"file:{path}" for path in paths))),)))


def read(files: IgnoreFiles, now: float = 0.0) -> list[tuple[str, ...]]:
    """What changed."""
    return [event.content for event in files.read_changed(Monotonic(now))]


def test_a_file_is_read_when_it_changes(path: Path) -> None:
    """At first and after each change; not in between."""
    files = watched(path)
    assert read(files) == [("192.0.2.1",)]
    assert read(files, 1) == []
    path.write_text("192.0.2.1 192.0.2.2\n")
    assert read(files, 2) == [("192.0.2.1", "192.0.2.2")]
    assert files.problems == []


def test_a_file_that_was_replaced_is_read(path: Path) -> None:
    """An editor writes another file under the name: same size, perhaps the same second."""
    files = watched(path)
    read(files)
    before = path.stat()
    fresh = path.with_name("fresh")
    fresh.write_text("192.0.2.3\n")
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
    fresh.replace(path)
    assert read(files, 1) == [("192.0.2.3",)]


def test_a_missing_file_is_a_problem_and_tried_again_after_a_minute(path: Path) -> None:
    """Its last content goes on counting; the problem ends with the trouble."""
    files = watched(path)
    read(files)
    path.unlink()
    assert read(files, 1) == []
    (problem,) = files.problems
    assert (problem.path, problem.is_fatal) == (str(path), False)
    path.write_text("192.0.2.4\n")
    assert read(files, FAILED_SECONDS) == []
    assert read(files, FAILED_SECONDS + 1) == [("192.0.2.4",)]
    assert files.problems == []


def test_only_regular_files_of_a_bounded_size_are_read(path: Path, tmp_path: Path) -> None:
    """A pipe, a device, a directory or gigabytes do not hold up the daemon."""
    os.mkfifo(tmp_path / "pipe")
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    files = watched(tmp_path / "pipe", tmp_path, Path("/dev/zero"), large, path)
    assert read(files) == [("192.0.2.1",)]
    assert len(files.problems) == 4


def test_problems_within_a_file_are_told_with_their_line(path: Path) -> None:
    """The sound entries count all the same."""
    path.write_text("192.0.2.1\n10.0.0.0/99\n")
    files = watched(path)
    assert read(files) == [("192.0.2.1",)]
    assert [(one.path, one.line) for one in files.problems] == [(str(path), 2)]


@pytest.mark.parametrize(
    ("entry", "path"), [("file:rel", "rel"), ("file:/abs", "/abs"), ("file:///abs", "/abs"), ("file://abs/x", "/abs/x")]
)
def test_the_forms_of_a_reference(entry: str, path: str) -> None:
    """One slash or three, or two: an absolute path; none: relative to the daemon's directory (§2.6)."""
    assert path_of(entry) == path


def test_without_files_there_is_nothing_to_do() -> None:
    """The loop does not even wake up for it."""
    assert not watched()
