"""Commands that ask the daemon, against a real control server with canned results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stockade import __version__
from stockade.control.schema import BanResult, ReloadResult, UnbanResult
from stockade.control.server import Request
from stockade.errors import LedgerError, StockadeError
from tests.unit.cli_runner import Runner, hold_to_golden, stockade
from tests.unit.control_owner import (
    Owner,
    ban_row,
    bans_result,
    degraded_result,
    jail_row,
    status_result,
    why_result,
)

__all__ = ["stockade"]


class Canned:
    """Answers every request with the same result."""

    def __init__(self, result: Mapping[str, object] | StockadeError) -> None:
        self.result = result

    def __call__(self, _: Request) -> Mapping[str, object] | StockadeError:
        return self.result


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stockade: Runner):
    """A server that answers from `daemon.answer.result`; `daemon.requests` is what it was asked."""
    answer = Canned({})
    with Owner(tmp_path / "s", answer) as owner:
        owner.answer = answer
        monkeypatch.setenv("STOCKADE_SOCKET", str(owner.path))
        yield owner


def test_ping_and_version(stockade: Runner, daemon: Owner) -> None:
    """The two smallest commands, for people and machines."""
    daemon.answer.result = {"pong": True}
    assert stockade("ping").out == "pong\n"
    assert json.loads(stockade("ping", "--json").out) == {"pong": True}
    daemon.answer.result = {"version": "9.9", "protocol": 1, "pid": 7}
    assert stockade("version").out == f"stockade {__version__}\ndaemon   9.9 (pid 7)\n"
    assert json.loads(stockade("version", "--json").out) == {
        "version": __version__,
        "daemon": {"version": "9.9", "protocol": 1, "pid": 7},
    }


def test_version_without_a_daemon(stockade: Runner) -> None:
    """Its own version can always be told."""
    assert json.loads(stockade("version", "--json").out) == {"version": __version__, "daemon": None}


@pytest.mark.parametrize(("name", "status"), [("protected", 0), ("degraded", 1)])
def test_status(stockade: Runner, daemon: Owner, name: str, status: int) -> None:
    """The first line answers "am I protected?", and so does the exit status; --json is the schema, unchanged."""
    daemon.answer.result = {"protected": status_result(), "degraded": degraded_result()}[name]
    done = stockade("status")
    assert done.status == status
    assert done.out.splitlines()[0][2:] == daemon.answer.result["verdict"]
    hold_to_golden(f"status-{name}.txt", done.out)
    assert json.loads(stockade("status", "--json").out) == daemon.answer.result


def test_status_of_one_jail(stockade: Runner, daemon: Owner) -> None:
    """The jail's name goes to the daemon; no name, no argument."""
    daemon.answer.result = status_result()
    stockade("status", "sshd")
    stockade("status")
    assert [dict(request.arguments) for request in daemon.requests] == [{"jail": "sshd"}, {}]


def test_status_with_nothing_configured(stockade: Runner, daemon: Owner) -> None:
    """A machine without jails has no empty tables."""
    result = status_result()
    result.update(protected=False, verdict="NOT protected: no jail is enabled", jails=[])
    daemon.answer.result = result
    done = stockade("status")
    assert done.status == 1
    assert "source" not in done.out


def test_status_in_colour_and_narrow(stockade: Runner, daemon: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the answer is green or red; on 60 columns nothing is lost from the first line."""
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    daemon.answer.result = status_result()
    assert "\x1b[1;32m● " in stockade("status").out
    daemon.answer.result = degraded_result()
    assert "\x1b[1;31m✖ " in stockade("status").out
    monkeypatch.setenv("COLUMNS", "60")
    assert "table" in stockade("status").out


def test_bans(stockade: Runner, daemon: Owner) -> None:
    """The list says who, where, how much longer and whether the kernel has it."""
    daemon.answer.result = bans_result()
    done = stockade("bans", "--jail", "sshd")
    assert done.status == 0
    hold_to_golden("bans.txt", done.out)
    assert json.loads(stockade("bans", "--json").out) == bans_result()
    assert dict(daemon.requests[0].arguments) == {"jail": "sshd"}
    daemon.answer.result = {"bans": []}
    assert stockade("bans").out == "Nobody is banned.\n"


def test_a_long_list_of_bans_is_whole(stockade: Runner, daemon: Owner) -> None:
    """Ten thousand bans are all listed, in columns."""
    daemon.answer.result = {"bans": [ban_row(f"192.0.{n // 250}.{n % 250}") for n in range(10_000)]}
    lines = stockade("bans").out.splitlines()
    assert len(lines) == 10_003
    assert lines[1].startswith("●  192.0.0.0     sshd  23h")
    assert lines[-1] == "10,000 bans, all confirmed by the kernel"


def test_why(stockade: Runner, daemon: Owner) -> None:
    """The story of a ban with its log lines, of which nothing can steer the terminal."""
    daemon.answer.result = why_result()
    done = stockade("why", "192.0.2.7")
    assert done.status == 0
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "[red]evil" in done.out
    hold_to_golden("why.txt", done.out)
    assert json.loads(stockade("why", "192.0.2.7", "--json").out) == why_result()


def test_why_not(stockade: Runner, daemon: Owner) -> None:
    """An address that is not banned gives exit status 1 and the step that stopped it."""
    result = why_result()
    result.update(verdict="not-banned", explanation="not banned: exempt by ignoreip 192.0.2.0/24", bans=[], windows=[])
    result["steps"][1].update(outcome="no", detail="ignoreip 192.0.2.0/24")
    daemon.answer.result = result
    done = stockade("why", "192.0.2.7")
    assert done.status == 1
    hold_to_golden("why-not.txt", done.out)


def test_ban(stockade: Runner, daemon: Owner) -> None:
    """What is banned by hand, for how long, in which jail, goes out as typed values."""
    daemon.answer.result = BanResult(bans=[ban_row("192.0.2.0/24"), ban_row(remaining_seconds=None, until=None)])
    done = stockade("ban", "192.0.2.9/24", "192.0.2.7", "--for", "1d12h", "--jail", "sshd", "--reason", "scan")
    assert done.status == 0
    assert done.out == "banned 192.0.2.0/24 in sshd for 23h\nbanned 192.0.2.7 in sshd for ever\n"
    assert daemon.requests[0].command == "ban"
    assert dict(daemon.requests[0].arguments) == {
        "ids": ("192.0.2.0/24", "192.0.2.7"),
        "seconds": 129_600.0,
        "jail": "sshd",
        "reason": "scan",
    }
    stockade("ban", "192.0.2.7", "--for", "forever")
    assert daemon.requests[1].arguments["seconds"] == -1.0
    assert "bans" in json.loads(stockade("ban", "192.0.2.7", "--json").out)


@pytest.mark.parametrize(
    ("arguments", "sent", "result", "status", "out"),
    [
        (["192.0.2.7"], {"ids": ("192.0.2.7",)}, (["192.0.2.7"], []), 0, "lifted 192.0.2.7 in sshd\n"),
        (["192.0.2.8"], {"ids": ("192.0.2.8",)}, ([], ["192.0.2.8"]), 1, "192.0.2.8 was not banned\n"),
        (["--all"], {"all": True}, ([], []), 1, "nobody was banned\n"),
        (["--last"], {"last": True}, (["192.0.2.7"], []), 0, "lifted 192.0.2.7 in sshd\n"),
    ],
)
def test_unban(stockade: Runner, daemon: Owner, arguments, sent, result, status, out) -> None:
    """Lifting is by address, --all or --last; the exit status says whether all of it could be done."""
    lifted, not_banned = result
    daemon.answer.result = UnbanResult(lifted=[{"jail": "sshd", "id": name} for name in lifted], not_banned=not_banned)
    done = stockade("unban", *arguments)
    assert (done.status, done.out) == (status, out)
    assert dict(daemon.requests[0].arguments) == sent
    assert json.loads(stockade("unban", *arguments, "--json").out) == daemon.answer.result


def test_reload(stockade: Runner, daemon: Owner) -> None:
    """What changed is said; mistakes are shown as `check` shows them and give exit status 1."""
    result = ReloadResult(added=["nginx"], removed=[], changed=["sshd"], unchanged=["x"], problems=[])
    daemon.answer.result = result
    done = stockade("reload")
    assert (done.status, done.out) == (0, "added     nginx\nchanged   sshd\n")
    result["problems"] = [
        {
            "path": "/etc/stockade/jail.local",
            "line": 7,
            "message": "not a time",
            "value": "1x",
            "remedy": "write 10m",
            "jail": "web",
            "is_fatal": True,
        }
    ]
    done = stockade("reload")
    assert done.status == 1
    hold_to_golden("reload-problems.txt", done.out)
    daemon.answer.result = ReloadResult(added=[], removed=[], changed=[], unchanged=["x"], problems=[])
    assert stockade("reload").out == "no jail has changed\n"


def test_the_daemons_error_is_ours(stockade: Runner, daemon: Owner) -> None:
    """An error of the daemon is shown with its remedy and decides the exit status."""
    daemon.answer.result = LedgerError("the disk is full", "free some space")
    done = stockade("ban", "192.0.2.1")
    assert (done.status, done.err) == (3, "error: the disk is full\n  → free some space\n")
    assert json.loads(stockade("ban", "192.0.2.1", "--json").out) == {
        "error": {"code": "ledger", "message": "the disk is full", "remedy": "free some space"}
    }


def test_completion_asks_the_daemon(daemon: Owner) -> None:
    """Tab after `unban` offers who is banned; after `status` the jails; without a daemon nothing."""
    daemon.answer.result = bans_result()

    def complete(words: str, **environment: str) -> list[str]:
        count = str(len(words.split(" ")) - 1)
        asked = {"_STOCKADE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
        command = [sys.executable, "-m", "stockade.cli"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=False, env={**os.environ, **asked, **environment}
        )
        return done.stdout.split()

    assert complete("stockade unban 192") == ["plain,192.0.2.7"]
    daemon.answer.result = status_result(jail_row("sshd"), jail_row("nginx"))
    assert complete("stockade status ng") == ["plain,nginx"]
    assert complete("stockade status ng", STOCKADE_SOCKET="/nonexistent/s") == []
