"""Commands that read the configuration themselves: `check`, `config`, `test`, `run`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from stockade.cli.trial import MAX_TALLY, Tally, with_options
from stockade.cli.views.test import render_test
from tests.unit.cli_runner import Runner, hold_to_golden, stockade

__all__ = ["stockade"]

FILTER = """\
[Definition]
failregex = ^\\s*svc: refused <HOST>
            ^\\s*svc: %(word)s user <F-USER>\\S+</F-USER> from <HOST>
ignoreregex = from 192\\.0\\.2\\.99
word = <mode>
mode = bad
[Init]
mode = bad
"""
LOG = b"""\
2026-01-05 01:31:41 svc: refused 192.0.2.1
2026-01-05 01:31:42 svc: bad user bob from 192.0.2.2
2026-01-05 01:31:43 svc: bad user bob from 192.0.2.99
2026-01-05 01:31:44 svc: worse user eve from 192.0.2.3
2026-01-05 01:31:45 svc: all is well
2026-01-05 01:31:46 svc: refused 192.0.2.1
"""
NOW = 1_767_576_800.0


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A complete configuration of one jail."""
    (tmp_path / "filter.d").mkdir()
    (tmp_path / "filter.d" / "svc.conf").write_text(FILTER)
    (tmp_path / "svc.log").write_bytes(LOG)
    (tmp_path / "action.d").mkdir()
    (tmp_path / "action.d" / "note.conf").write_text("[Definition]\nactionban = true <ip>\n")
    (tmp_path / "jail.conf").write_text(
        f"[DEFAULT]\nbantime = 1h\n[svc]\nenabled = true\nfilter = svc\naction = note\nlogpath = {tmp_path}/svc.log\n"
    )
    return tmp_path


def rows_of(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_good_configuration_passes(stockade: Runner, tree: Path) -> None:
    """Exit status 0 and the jails that can run."""
    done = stockade("check", "--config", str(tree))
    assert (done.status, done.out) == (0, "✔ 1 jail can run: svc\n")
    (row,) = rows_of(stockade("check", "--config", str(tree), "--json").out)
    assert (row["jails"], row["problems"]) == (["svc"], [])


def test_every_mistake_is_reported_with_its_place(stockade: Runner, tree: Path) -> None:
    """Wrong values and expressions that do not compile are all reported, and only their jails are out."""
    (tree / "filter.d" / "broken.conf").write_text("[Definition]\nfailregex = ^x( <HOST>\n            ^no address\n")
    (tree / "jail.local").write_text(
        "[DEFAULT]\naction = note\n"
        f"[broken]\nenabled = true\nfilter = broken\nlogpath = {tree}/svc.log\n"
        f"[wrong]\nenabled = true\nfilter = svc\nbantime = 1x\nlogpath = {tree}/svc.log\n"
    )
    done = stockade("check", "--config", str(tree))
    assert done.status == 1
    assert "1 jail can run: svc" in done.out
    assert f"{tree}/jail.local:10: " in done.out
    assert f"{tree}/filter.d/broken.conf:2: " in done.out
    (row,) = rows_of(stockade("check", "--config", str(tree), "--json").out)
    found = {(problem["jail"], Path(problem["path"]).name, problem["line"]) for problem in row["problems"]}
    assert {("broken", "broken.conf", 2), ("wrong", "jail.local", 10)} <= found
    assert sum(problem["jail"] == "broken" for problem in row["problems"]) == 2


def test_a_directory_that_is_not_there(stockade: Runner, tree: Path) -> None:
    """--config never falls back silently to something else."""
    for command in (["check"], ["config"], ["test", "-", "svc"], ["run"]):
        done = stockade(*command, "--config", str(tree / "nope"))
        assert done.status == 2
        assert "no configuration directory" in done.err


def test_config_tells_where_each_value_is_from(stockade: Runner, tree: Path) -> None:
    """Value, file and line of each option; one jail or all."""
    (tree / "jail.local").write_text("[svc]\nmaxretry = 7\n")
    done = stockade("config", "svc", "--config", str(tree))
    assert done.status == 0
    assert any(line.split() == ["maxretry", "=", "7", "#", f"{tree}/jail.local:2"] for line in done.out.splitlines())
    (row,) = rows_of(stockade("config", "--config", str(tree), "--json").out)
    assert row["jails"]["svc"]["maxretry"] == {"value": "7", "path": f"{tree}/jail.local", "line": 2}
    wrong = stockade("config", "sv", "--config", str(tree))
    assert (wrong.status, "jails: svc" in wrong.err) == (2, True)


def test_the_contract_of_a_row(stockade: Runner, tree: Path) -> None:
    """Every key of the contract is there, with its type."""
    done = stockade("test", str(tree / "svc.log"), "svc", "--config", str(tree), "--json", "--tz", "UTC")
    *rows, last = rows_of(done.out)
    fails = [row for row in rows if row["verdict"] == "fail"]
    assert [(row["n"], row["id"], row["rule"]) for row in fails] == [
        (1, "192.0.2.1", 0),
        (2, "192.0.2.2", 1),
        (6, "192.0.2.1", 0),
    ]
    first = fails[0]
    assert (first["time"], first["epoch"]) == ("2026-01-05T01:31:41+00:00", 1767576701.0)
    assert (first["ip"], first["raw_host"], first["jail"], first["filter"]) == ("192.0.2.1", "192.0.2.1", None, "svc")
    assert first["matches"] == [LOG.decode().splitlines()[0]]
    assert fails[1]["fields"]["user"] == "bob"
    assert [row["n"] for row in rows if row["verdict"] == "ignored"] == [3]
    summary = last["summary"]
    assert {name: summary[name] for name in ("lines", "fail", "ignored", "missed", "odd", "undated")} == {
        "lines": 6,
        "fail": 3,
        "ignored": 1,
        "missed": 2,
        "odd": 0,
        "undated": 0,
    }
    assert [(rule["rule"], rule["hits"]) for rule in summary["rules"]] == [(0, 2), (1, 1)]


def test_options_reach_the_filter(stockade: Runner, tree: Path) -> None:
    """`--options` and brackets mean the same."""
    log = str(tree / "svc.log")
    for arguments in (["svc[mode=worse]"], ["svc", "--options", "mode=worse"]):
        done = stockade("test", log, *arguments, "--config", str(tree), "--json", "--tz", "UTC")
        fails = [row["n"] for row in rows_of(done.out)[:-1] if row["verdict"] == "fail"]
        assert fails == [1, 4, 6]


def test_missed_lines_are_shown_on_request(stockade: Runner, tree: Path) -> None:
    """`--missed` prints them for people and for machines."""
    arguments = ["test", str(tree / "svc.log"), "svc", "--config", str(tree), "--tz", "UTC", "--missed"]
    missed = [row["n"] for row in rows_of(stockade(*arguments, "--json").out)[:-1] if row["verdict"] == "missed"]
    assert missed == [4, 5]
    assert "       5 missed  2026-01-05 01:31:45 svc: all is well\n" in stockade(*arguments).out


def test_findtime_counts_only_with_a_clock(stockade: Runner, tree: Path) -> None:
    """With --now old lines are left out as the daemon would; --no-findtime, or no clock, keeps them."""
    arguments = ["test", str(tree / "svc.log"), "svc", "--config", str(tree), "--tz", "UTC", "--json"]

    def fails(*more: str) -> int:
        return rows_of(stockade(*arguments, *more).out)[-1]["summary"]["fail"]

    assert fails() == 3
    assert fails("--now", str(NOW)) == 3
    assert fails("--now", str(NOW + 10_000)) == 0
    assert fails("--now", str(NOW + 10_000), "--no-findtime") == 3
    assert fails("--now", str(NOW + 10_000), "--findtime", "1d") == 3


def test_wrong_input_to_test_is_explained(stockade: Runner, tree: Path) -> None:
    """A missing log, filter, zone or clock each get a message with a remedy and no traceback."""
    config = ["--config", str(tree)]
    log = str(tree / "svc.log")
    missing = stockade("test", str(tree / "nope.log"), "svc", *config)
    assert (missing.status, "cannot read" in missing.err) == (3, True)
    folder = stockade("test", str(tree), "svc", *config)
    assert (folder.status, "cannot read" in folder.err) == (3, True)
    nofilter = stockade("test", log, "nope", *config)
    assert nofilter.status == 1
    assert "nope" in nofilter.out
    assert rows_of(stockade("test", log, "nope", *config, "--json").out)[0]["problems"]
    assert stockade("test", log, "svc", *config, "--tz", "Mars/Base").status == 2
    assert stockade("test", log, "svc", *config, "--now", "-5").status == 2
    (tree / "filter.d" / "bad.conf").write_text("[Definition]\nfailregex = ^x( <HOST>\n")
    bad = stockade("test", log, "bad", *config)
    assert bad.status == 1
    assert "failregex" in bad.err


def test_the_page_for_people() -> None:
    """The summary with bars, rules, ranking and hints is as it was looked at."""
    summary = {
        "lines": 2000,
        "fail": 640,
        "nofail": 12,
        "ignored": 1,
        "missed": 1340,
        "odd": 2,
        "old": 5,
        "undated": 0,
        "seconds": 0.01,
        "rules": [
            {"rule": 0, "hits": 40, "filter": "sshd", "regex": "^Invalid user <F-USER>.*</F-USER> from <HOST>"},
            {"rule": 4, "hits": 600, "filter": "sshd", "regex": "^Failed \\S+ for .* from <HOST>\x1b[2J"},
            {"rule": 5, "hits": 0, "filter": "sshd", "regex": "^never"},
        ],
    }
    odd = [{"n": 7, "verdict": "odd", "reason": "too-long", "line": "x\x1b[2J[red]x", "matches": []}]
    parts = render_test("/var/log/auth.log", ["sshd"], summary, top=[("192.0.2.7", 600), ("192.0.2.8", 40)], odd=odd)
    hold_to_golden("test.txt", _rendered(parts))
    empty = {**summary, "lines": 0, "fail": 0, "missed": 0, "odd": 0, "old": 0, "nofail": 0, "ignored": 0, "rules": []}
    assert "the log is empty" in _rendered(render_test("-", ["sshd"], empty, top=[]))
    nothing = {**empty, "lines": 9, "missed": 9, "undated": 9}
    shown = _rendered(render_test("-", ["sshd"], nothing, top=[]))
    assert "datepattern" in shown
    assert "--missed" in shown


def _rendered(parts) -> str:
    import io

    from rich.console import Console

    out = Console(file=io.StringIO(), width=100, markup=False, highlight=False, emoji=False, color_system=None)
    for part in parts:
        out.print(part)
    return "".join(line.rstrip() + "\n" for line in out.file.getvalue().splitlines())


def test_with_options_joins_brackets() -> None:
    """Options of the command line come after those of the item, so that they win."""
    assert with_options("sshd", "") == "sshd"
    assert with_options("sshd", "mode=ddos") == "sshd[mode=ddos]"
    assert with_options(" sshd[mode=normal] ", "mode=ddos") == "sshd[mode=normal, mode=ddos]"


def test_the_ranking_is_bounded() -> None:
    """A log with any number of addresses does not fill the memory."""
    tally = Tally()
    for number in range(MAX_TALLY + 10):
        tally.add({"verdict": "fail", "id": str(number)})
    tally.add({"verdict": "fail", "id": "0"})
    assert tally.top(2)[0] == ("0", 2)
    assert len(tally._failures) == MAX_TALLY


def test_run_becomes_the_daemon(stockade: Runner, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is replaced by a bare interpreter that gets absolute paths and imports nothing from the directory."""
    replaced: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: replaced.append([path, *arguments]))
    monkeypatch.chdir(tree)
    stockade("run", "--config", ".", "--state", "state", "--socket", "s", "--dry-run", "--insecure", "user")
    ((path, *arguments, options),) = replaced
    assert (path, arguments) == (sys.executable, [sys.executable, "-P", "-m", "stockade.daemon"])
    assert json.loads(options) == {
        "config": str(tree),
        "state": str(tree / "state"),
        "socket": str(tree / "s"),
        "dry_run": True,
        "stdin": False,
        "bans_at_exit": "auto",
        "insecure": ["user"],
    }
    assert stockade("run", "--keep-bans", "--remove-bans").status == 2
