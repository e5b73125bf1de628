"""Commands that read the configuration themselves: `check`, `config`, `run`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.unit.cli_runner import Runner, stockade
from tests.unit.service import rows_of, tree

__all__ = ["stockade", "tree"]


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
