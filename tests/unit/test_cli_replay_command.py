"""`stockade replay`: what is printed, for people and machines, and how it ends."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from stockade.cli.views.replay import BanLines, render_replay
from stockade.model.ban import Ban
from stockade.model.clock import Wall
from stockade.replay.summary import JailSummary, LogReport, Summary
from tests.unit.cli_runner import Runner, hold_to_golden, stockade
from tests.unit.replay_tree import START, refused, write_log, write_tree

__all__ = ["stockade"]

A, B = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A configuration with a log of two bans."""
    write_tree(tmp_path)
    write_log(tmp_path / "svc.log", [refused(second, host, "eve") for second in range(5) for host in (A, B)])
    return tmp_path


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_the_objects_of_a_replay(stockade: Runner, home: Path) -> None:
    """One object for each ban in order of time, then the summary; every key is there."""
    done = stockade("replay", str(home / "svc.log"), "--config", str(home), "--json", "--tz", "Europe/Berlin")
    assert (done.status, done.err) == (0, "")
    first, second, last = objects(done.out)
    assert (first["id"], second["id"]) == (A, B)
    assert {name: first[name] for name in ("jail", "time", "since", "until", "count", "failures")} == {
        "jail": "svc",
        "time": "2026-01-05T00:31:42+01:00",
        "since": START - 3600 + 2,
        "until": START - 3600 + 602,
        "count": 1,
        "failures": 3,
    }
    assert first["fields"]["user"] == "eve"
    assert first["matches"] == [refused(second, A, "eve").rstrip() for second in range(3)]
    assert "maxretry is 3" in first["reason"]
    summary = last["summary"]
    assert {name: summary[name] for name in ("lines", "failures", "bans", "after_ban", "interrupted")} == {
        "lines": 10,
        "failures": 10,
        "bans": 2,
        "after_ban": 4,
        "interrupted": False,
    }
    assert (summary["first"][-14:], summary["last"][-14:]) == ("00:31:40+01:00", "00:31:44+01:00")
    (jail,) = summary["jails"]
    assert jail["offenders"] == [{"id": A, "failures": 5, "bans": 1}, {"id": B, "failures": 5, "bans": 1}]
    assert jail["users"] == [{"user": "eve", "failures": 10}]
    assert {"jail", "lines", "matched", "ignored", "unresolved", "odd", "ids", "banned_ids"} <= jail.keys()
    (log,) = summary["logs"]
    size = (home / "svc.log").stat().st_size
    assert log == {"path": str(home / "svc.log"), "format": "", "position": size, "bytes": size, "problem": ""}


def test_the_page_for_people(stockade: Runner, home: Path) -> None:
    """Bans as they come, with their lines on demand, and what they would have been worth."""
    arguments = ["replay", str(home / "svc.log"), "--config", str(home), "--tz", "UTC"]
    out = stockade(*arguments).out
    assert out.startswith("when                 for       jail  id               failures  ban\n")
    assert f"2026-01-05 00:31:42  10m       svc   {A}               3    1\n" in out
    assert "2 bans would have spared you 4 of 10 attack lines (40 %): those that came after a ban.\n" in out
    assert f"    {refused(0, A, 'eve')}" in stockade(*arguments, "--lines").out
    brief = stockade(*arguments, "--summary").out
    assert "when  " not in brief
    assert "2 bans would have spared you" in brief
    assert "nobody would have been banned" in stockade(*arguments, "--set", "maxretry=6").out
    assert "No failure was found." in stockade(*arguments, "--until", "2026-01-01").out


def test_options_change_what_would_have_happened(stockade: Runner, home: Path) -> None:
    """--set, --jail, --since, --now and --no-ignore reach the run."""
    log = str(home / "svc.log")

    def bans(*arguments: str) -> list[tuple[str, str, float]]:
        rows = objects(stockade("replay", log, "--config", str(home), "--tz", "UTC", "--json", *arguments).out)
        return [(row["jail"], row["id"], row["since"] - START) for row in rows[:-1]]

    assert bans("--set", "maxretry=5") == [("svc", A, 4), ("svc", B, 4)]
    assert bans("--jail", "off") == [("off", A, 0), ("off", B, 0)]
    assert bans("--since", "2026-01-05 00:31:42") == [("svc", A, 4), ("svc", B, 4)]
    assert bans("--now", str(START - 86_400 * 2)) == [("svc", A, 2 - 365 * 86_400), ("svc", B, 2 - 365 * 86_400)]
    assert bans("--set", f"ignoreip={A}") == [("svc", B, 2)]
    assert bans("--set", f"ignoreip={A}", "--no-ignore") == [("svc", A, 2), ("svc", B, 2)]


def test_a_log_that_cannot_be_read_whole_is_status_3(stockade: Runner, home: Path) -> None:
    """What could be read counts, and the page says where it ended."""
    packed = home / "svc.log.1"
    packed.write_bytes(gzip.compress((home / "svc.log").read_bytes() * 1000)[:-9])
    done = stockade("replay", str(packed), "--config", str(home), "--set", "maxretry=3")
    assert done.status == 3
    assert f"{packed} was not read to its end: the gzip data ends too early near byte" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nope.log"], 3, "cannot read 'nope.log'"),
        (["."], 3, "it is a directory"),
        (["svc.log", "--jail", "scv"], 2, "did you mean 'svc'?"),
        (["svc.log", "--set", "maxretri=3"], 2, "did you mean 'maxretry'?"),
        (["svc.log", "--set", "maxretry"], 2, "write --set maxretry=3"),
        (["svc.log", "--set", "bantime=soon"], 1, "not a time"),
        (["svc.log", "--since", "yesterday"], 2, "or how long ago: 2d"),
        (["svc.log", "--since", "2026-01-02", "--until", "2026-01-01"], 2, "turn them round"),
        (["svc.log", "--now", "-1"], 2, "is no time"),
        (["svc.log", "--tz", "Mars/Base"], 2, "time zone"),
        (["jail.conf"], 2, "no enabled jail reads"),
        ([], 2, "missing argument"),
    ],
)
def test_wrong_input_is_explained(
    stockade: Runner, home: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, said: str
) -> None:
    """Each mistake has its exit status, and a message with a remedy instead of a traceback."""
    monkeypatch.chdir(home)
    done = stockade("replay", *arguments, "--config", str(home))
    assert done.status == status
    assert said in done.out + done.err


def test_an_expression_that_does_not_compile_is_status_1(stockade: Runner, home: Path) -> None:
    """The filter's mistake is named as `check` would name it."""
    (home / "filter.d" / "svc.local").write_text("[Definition]\nfailregex = ( <HOST>\n")
    done = stockade("replay", str(home / "svc.log"), "--config", str(home))
    assert (done.status, f"{home}/filter.d/svc.local:2: failregex #1: unable to compile" in done.out) == (1, True)


def test_interrupted_it_shows_what_it_found(home: Path) -> None:
    """Ctrl-C ends the reading, not the report: summary, status 130."""
    command = [sys.executable, "-m", "stockade", "replay", "-", "--jail", "svc", "--config", str(home), "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write((home / "svc.log").read_bytes())
        process.stdin.flush()
        lines = [process.stdout.readline()]  # not before both bans are told is it in the midst of reading
        process.send_signal(signal.SIGINT)
        lines += process.stdout.readlines()
        assert process.wait(20) == 130
    assert json.loads(lines[0])["id"] == A
    summary = json.loads(lines[-1])["summary"]
    assert (summary["interrupted"], summary["failures"] >= 5) == (True, True)


def test_the_whole_page() -> None:
    """Two jails, a damaged log, hostile text: it is as it was looked at."""
    sshd = JailSummary(
        jail="sshd",
        lines=1_000_000,
        matched=42_291,
        failures=17_550,
        ignored=12,
        after_ban=7_020,
        unresolved=3,
        odd=1,
        bans=572,
        banned=558,
        ids=3_681,
        offenders=(("198.51.100.7", 220, 4), ("2001:db8:1:2::/64", 110, 1), ("evil\x1b[2J", 1, 0)),
        users=(("root", 6_875), ("x\x1b]0;", 481)),
    )
    web = JailSummary("web", 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, (), ())
    logs = (
        LogReport("/var/log/auth.log"),
        LogReport("old.gz", 9, 9, "gzip", "the gzip data ends too early near byte 9"),
    )
    summary = Summary((sshd, web), logs, 1_000_010, Wall(START), Wall(START + 21_600))
    bans = [
        Ban("sshd", "198.51.100.7", Wall(START), Wall(START + 3600), 1, 5, matches=("a line\x1b[2J",)),
        Ban("sshd", "2001:db8:1:2::/64", Wall(START + 5), None, 12, 5),
    ]
    lines = BanLines(["sshd", "web"], UTC, is_evidence_shown=True)
    page = [line for ban in bans for line in lines.of(ban)]
    page += _rendered(render_replay(summary, 0.25, UTC, is_interrupted=True))
    hold_to_golden("replay.txt", "".join(f"{line.rstrip()}\n" for line in page))


def _rendered(parts: Any) -> list[str]:
    import io

    from rich.console import Console

    out = Console(file=io.StringIO(), width=100, markup=False, highlight=False, emoji=False, color_system=None)
    for part in parts:
        out.print(part)
    return out.file.getvalue().splitlines()  # type: ignore[attr-defined,no-any-return]
