"""The files of a replay: which are pieces of one log, and which jails read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stockade.errors import SourceError, UsageError
from stockade.model.clock import Wall
from stockade.replay.logs import STDIN, find_logs, log_name, pieces

CLOCK = Wall(1_767_576_800.0)


@pytest.mark.parametrize(
    "name",
    [
        "auth.log",
        "auth.log.1",
        "auth.log.12.gz",
        "auth.log.0.bz2",
        "auth.log-20260105",
        "auth.log-20260105.xz",
        "auth.log-2026-01-05.zst",
        "auth.log-1767573101.gz",
        "auth.log.old",
        "auth-20260105.log",
        "auth.log.gz",
    ],
)
def test_what_rotation_adds_is_not_part_of_a_logs_name(name: str) -> None:
    """Every way logrotate, newsyslog and their settings name pieces leads back to the log."""
    assert log_name(f"/var/log/{name}") == "/var/log/auth.log"


def test_names_that_only_look_rotated_stay_apart() -> None:
    """A number that belongs to the name is kept, and equal names in two directories are two logs."""
    assert log_name("/var/log/web2-access.log") == "/var/log/web2-access.log"
    assert log_name("/a/app2.log") == "/a/app2.log"
    assert log_name("/a/x.log") != log_name("/b/x.log")
    assert log_name("/a/1") == "/a/1"
    assert log_name(STDIN) == STDIN


def test_files_are_looked_at_once(tmp_path: Path) -> None:
    """A file that is given twice, or by another name, is one; its clock is when it was last written."""
    log = tmp_path / "auth.log"
    log.write_text("x\n")
    os.utime(log, (5, CLOCK - 1000))
    (tmp_path / "link").symlink_to(log)
    (tmp_path / "auth.log.1").write_text("")
    found = find_logs([str(log), str(tmp_path / "link"), str(log), str(tmp_path / "auth.log.1")], None, CLOCK)
    assert [(each.path, each.size) for each in found] == [(str(log), 2), (str(tmp_path / "auth.log.1"), 0)]
    assert found[0].now == CLOCK - 1000
    os.utime(log, (5, 1))  # as archives leave it that are made to be the same each time
    assert find_logs([str(log)], None, CLOCK)[0].now == CLOCK
    assert find_logs([str(log)], Wall(7.0), CLOCK)[0].now == 7.0
    assert find_logs(["-"], None, CLOCK)[0].now == CLOCK
    assert list(pieces(found)) == [str(log)]


def test_what_is_no_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, a directory and too many files each say what to do."""
    for path in (str(tmp_path / "nope"), str(tmp_path), "\0"):
        with pytest.raises(SourceError, match="cannot read"):
            find_logs([path], None, CLOCK)
    monkeypatch.setattr("stockade.replay.logs.MAX_LOGS", 1)
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    with pytest.raises(UsageError, match="more than 1 logs"):
        find_logs([str(tmp_path / "a"), str(tmp_path / "b")], None, CLOCK)
