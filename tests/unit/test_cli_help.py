"""Help pages, exit statuses and the ways a command line can go wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stockade import errors
from stockade.cli import exits, guard
from stockade.cli.table import TABLE
from tests.unit.cli_runner import Runner, hold_to_golden, stockade

__all__ = ["stockade"]


def test_the_front_page(stockade: Runner) -> None:
    """The front page is as it was looked at; with and without --help."""
    done = stockade("--help")
    assert (done.status, done.err) == (0, "")
    hold_to_golden("help.txt", done.out)
    assert stockade().out == done.out


@pytest.mark.parametrize("name", [entry.name for entry in TABLE])
def test_the_page_of_each_command(stockade: Runner, name: str) -> None:
    """Each command has a page with an example, and no line is wider than the terminal."""
    done = stockade(name, "--help")
    assert (done.status, done.err) == (0, "")
    assert "\nExamples\n  " in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    hold_to_golden(f"help-{name}.txt", done.out)


def test_help_is_coloured_only_where_colour_is_wanted(stockade: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR and pipes get none, FORCE_COLOR some."""
    assert "\x1b[" not in stockade("--help").out
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[" not in stockade("--help").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[36mstatus" in stockade("--help").out


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        (["stauts"], "no command 'stauts'", "did you mean `stockade status`?"),
        (["xyzzy"], "no command 'xyzzy'", "`stockade --help` lists the commands"),
        (["status", "--nope"], "no such option", "`stockade status --help`"),
        (["ban"], "missing argument", "`stockade ban --help`"),
        (["ban", "192.0.2.1", "--for", "soon"], "'soon' is no time", "write 90, 10m"),
        (["unban"], "say whom", "stockade unban 192.0.2.7"),
        (["unban", "192.0.2.1", "--all"], "say whom", "stockade unban 192.0.2.7"),
        (["run", "--insecure", "everything"], "everything", "`stockade run --help`"),
    ],
)
def test_wrong_usage_gets_a_remedy(stockade: Runner, arguments: list[str], message: str, remedy: str) -> None:
    """Exit status 2, one line that says what is wrong and one that says what to write."""
    done = stockade(*arguments)
    assert (done.status, done.out) == (2, "")
    first, second = done.err.splitlines()[:2]
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith("  → ")
    assert remedy in second


@pytest.mark.parametrize("command", ["ping", "status", "bans", "why 192.0.2.1", "ban 192.0.2.1", "reload"])
def test_without_a_daemon_the_remedy_is_to_start_it(stockade: Runner, command: str) -> None:
    """Every command that needs the daemon says the same when none runs; with --json to machines as well."""
    done = stockade(*command.split())
    assert (done.status, done.out) == (4, "")
    assert "no daemon answers" in done.err
    assert "start it with" in done.err
    machine = stockade(*command.split(), "--json")
    assert machine.out.startswith('{"error": {"code": "unreachable"')


def test_exit_statuses_are_those_of_the_error_families(stockade: Runner) -> None:
    """The table of the front page and the tree in errors.py agree."""
    listed = {number for number, _ in exits.TABLE}
    for family in (errors.UsageError, errors.HostError, errors.PeerError, errors.Bug):
        assert family.exit_status in listed
    assert errors.Bug.exit_status == exits.UNEXPECTED


def test_a_hostile_message_cannot_steer_the_terminal(stockade: Runner) -> None:
    """Text of a command line or a daemon is printed with its control characters escaped."""
    done = stockade("bad\x1b[2Jname")
    assert "\x1b" not in done.err
    assert "bad" in done.err


def _sabotage(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(guard.stockade, "make_context", broken)


def test_an_unexpected_error_asks_for_a_report(stockade: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback reaches the operator unless STOCKADE_DEBUG asks for it."""
    _sabotage(monkeypatch, ZeroDivisionError("oops"))
    done = stockade("ping")
    assert done.status == 70
    assert "unexpected ZeroDivisionError: oops" in done.err
    assert "report" in done.err
    monkeypatch.setenv("STOCKADE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        stockade("ping")


def test_interrupted_means_130(stockade: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends quietly with the status that shells expect."""
    _sabotage(monkeypatch, KeyboardInterrupt())
    done = stockade("ping")
    assert (done.status, done.out) == (130, "")


def test_a_reader_that_leaves_is_no_error() -> None:
    """`stockade --help | head` and the like end without complaint."""
    command = [sys.executable, "-m", "stockade.cli", "--help"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=20, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_commands_that_only_ask_do_not_load_what_they_do_not_need() -> None:
    """`ping` starts fast because Rich, the table of the protocol and the configuration stay out of it."""
    code = "import sys; from stockade.cli.guard import run; run(['ping']); print(*sys.modules)"
    environment = {**os.environ, "STOCKADE_SOCKET": "/nonexistent/s"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True, env=environment
    )
    loaded = set(done.stdout.split())
    assert "stockade.control.client" in loaded
    assert not loaded & {"rich.console", "stockade.control.protocol", "stockade.config.times", "sqlite3", "asyncio"}


def test_completion_scripts_are_made(stockade: Runner) -> None:
    """Each shell gets its own script."""
    for shell in ("bash", "zsh", "fish"):
        done = stockade("completion", shell)
        assert done.status == 0
        assert "_STOCKADE_COMPLETE" in done.out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("test auth.log ssh", "plain,sshd"),
        ("test auth.log jail:ss", "plain,jail:sshd"),
        ("replay --jail ss", "plain,sshd"),
    ],
)
def test_completion_offers_what_is_written(words: str, offered: str) -> None:
    """Filters and jails of the configuration are completed without a daemon."""
    given = f"stockade {words}"
    count = str(len(given.split()) - 1)
    environment = {**os.environ, "_STOCKADE_COMPLETE": "bash_complete", "COMP_WORDS": given, "COMP_CWORD": count}
    done = subprocess.run(
        [sys.executable, "-m", "stockade.cli"], capture_output=True, text=True, timeout=20, check=False, env=environment
    )
    assert offered in done.stdout.split()


def test_completion_offers_commands(tmp_path: Path) -> None:
    """What the script asks for when the operator presses Tab."""
    environment = {**os.environ, "_STOCKADE_COMPLETE": "bash_complete", "COMP_WORDS": "stockade un", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "stockade.cli"], capture_output=True, text=True, timeout=20, check=False, env=environment
    )
    assert done.stdout.split() == ["plain,unban"]
