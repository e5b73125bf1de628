"""One jail with a mistake: `test` and `replay` run the others, and say what is wrong with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli_runner import Runner, stockade
from tests.unit.replay_tree import refused, write_log, write_tree

__all__ = ["stockade"]

A = "192.0.2.1"
BAD = "\n[bad]\nenabled = true\nfilter = svc\nlogpath = {home}/svc.log\nfailregex = ^x( <HOST>\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A configuration whose jails `svc` and `bad` read one log; the expression of `bad` cannot be compiled."""
    write_tree(tmp_path)
    (tmp_path / "jail.local").write_text(BAD.format(home=tmp_path))
    write_log(tmp_path / "svc.log", [refused(second, A) for second in range(4)])
    return tmp_path


def test_replay_leaves_out_a_jail_that_cannot_run(stockade: Runner, home: Path) -> None:
    """The other jails of the log are replayed; the mistake is told with its place, and the exit status is honest."""
    done = stockade("replay", str(home / "svc.log"), "--config", str(home), "--json")
    *bans, last = [json.loads(line) for line in done.out.splitlines()]
    assert [(ban["jail"], ban["id"]) for ban in bans] == [("svc", A)]
    assert [jail["jail"] for jail in last["summary"]["jails"]] == ["svc"]
    assert f"{home}/jail.local:6: failregex #1" in done.err
    assert "^x( <HOST>" in done.err
    assert done.status == 1


def test_replay_refuses_where_nothing_else_is_wanted(stockade: Runner, home: Path) -> None:
    """A broken jail that was named, or that is the only one, is refused as `check` would tell it."""
    log, config = str(home / "svc.log"), ["--config", str(home)]
    named = stockade("replay", log, *config, "--jail", "svc", "--jail", "bad")
    assert (named.status, f"{home}/jail.local:6: failregex #1" in named.out) == (1, True)
    (home / "jail.local").write_text("[svc]\nbantime = soon\n")
    only = stockade("replay", log, *config)
    assert (only.status, f"{home}/jail.local:2: bantime: not a time" in only.out) == (1, True)


def test_replay_tells_of_jails_whose_logs_cannot_be_known(stockade: Runner, home: Path) -> None:
    """An enabled jail that cannot even be read is not passed over in silence."""
    (home / "jail.local").write_text("[web]\nfindtime = soon\n")
    done = stockade("replay", str(home / "svc.log"), "--config", str(home), "--json")
    assert (done.status, len(done.out.splitlines())) == (0, 2)
    assert f"{home}/jail.local:2: findtime: not a time" in done.err


def test_a_file_that_cannot_be_read_keeps_no_jail_from_being_tried(stockade: Runner, home: Path) -> None:
    """What is wrong outside of the jail is a warning for `test` and `replay`, as it is for the daemon."""
    (home / "jail.local").unlink()
    (home / "jail.local").mkdir()
    for command in (["test", str(home / "svc.log"), "jail:svc"], ["replay", str(home / "svc.log")]):
        done = stockade(*command, "--config", str(home), "--json")
        summary = json.loads(done.out.splitlines()[-1])["summary"]
        assert (done.status, summary.get("fail", summary.get("failures"))) == (0, 4)
        assert "jail.local: cannot be read" in done.err


def test_a_mistake_of_a_jail_under_test_has_its_place(stockade: Runner, home: Path) -> None:
    """The file and line of the expression, unless the command line puts another in its place."""
    test = ["test", str(home / "svc.log"), "--config", str(home)]
    done = stockade(*test, "jail:bad")
    assert (done.status, f"{home}/jail.local:6: failregex #1" in done.out) == (1, True)
    (home / "jail.local").write_text("[svc]\ndatepattern = %%Q\n")
    assert f"{home}/jail.local:2: datepattern #1" in stockade(*test, "jail:svc").out
    assert stockade(*test, "jail:svc", "--datepattern", "{NONE}").status == 0


def test_messages_of_several_lines_stay_several_lines(stockade: Runner, home: Path) -> None:
    """The offending expression stands on a line of its own, and still cannot steer a terminal."""
    done = stockade("test", str(home / "svc.log"), "^a( \x1b[2J<HOST>", "--config", str(home))
    assert done.status == 1
    assert "\n  in: ^a( \\x1b[2J<HOST>\n" in done.err
