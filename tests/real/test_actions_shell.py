"""One command in a real shell: output, arguments, time limits, programs in the background. The clock is the test's."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockade.actions.environment import command_environment
from stockade.actions.outcome import Outcome
from stockade.actions.output import HEAD, TAIL
from stockade.actions.script import Script
from stockade.actions.shell import KILL_SECONDS, TERM_SECONDS, Shell, start
from stockade.model.clock import Monotonic
from stockade.model.saying import Level

SECONDS = 20.0
TIMEOUT = 60.0
BEGIN = Monotonic(1000.0)
OVER = Monotonic(BEGIN + TIMEOUT)
KILL = Monotonic(OVER + TERM_SECONDS)


class Bench:
    """Runs commands and waits for their descriptors, with a clock that stands still unless the test moves it."""

    def __init__(self) -> None:
        self.selector = selectors.EpollSelector()
        self.environment = {"PATH": os.environ["PATH"], "HOME": "/"}

    def begins(self, text: str, *arguments: str) -> Shell:
        """Starts a command that must be startable."""
        shell = self.starts(text, *arguments)
        assert isinstance(shell, Shell)
        return shell

    def starts(self, text: str, *arguments: str) -> Shell | Outcome:
        """Starts a command."""
        return start(
            Script(text, arguments),
            TIMEOUT,
            number=0xABC,
            environment=self.environment,
            selector=self.selector,
            now=BEGIN,
        )

    def ends(self, shell: Shell, now: Monotonic = BEGIN) -> Outcome:
        """Waits for the end of a command."""
        end = time.monotonic() + SECONDS
        while True:
            outcome = shell.turn(now) if self.selector.select(max(0.0, end - time.monotonic())) else None
            if outcome is not None:
                return outcome
            assert time.monotonic() < end, "the command did not end"

    def runs(self, text: str, *arguments: str) -> Outcome:
        """Starts a command and waits for its end."""
        return self.ends(self.begins(text, *arguments))


class Fifos:
    """Named pipes: `ready` is written to by a command, `never` by no command."""

    def __init__(self, folder: Path) -> None:
        self.ready, self.never = folder / "ready", folder / "never"
        os.mkfifo(self.ready)
        os.mkfifo(self.never)

    def wait_ready(self) -> None:
        """Waits until the command has come as far as that."""
        assert self.ready.read_text() == "ready\n"


@pytest.fixture
def fifos(tmp_path: Path) -> Fifos:
    """Two named pipes."""
    return Fifos(tmp_path)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench whose selector must be empty again at the end."""
    made = Bench()
    yield made
    assert not made.selector.get_map(), "descriptors are left in the selector"
    made.selector.close()


def texts(outcome: Outcome) -> list[str]:
    """The lines for the log."""
    return [saying.text for saying in outcome.sayings("/bin")]


def test_the_log_gets_command_output_and_status(bench: Bench) -> None:
    """A failure is told as errors in fail2ban's words: exec, stdout, stderr, returned."""
    outcome = bench.runs("echo out; echo 'it'\"'\"'s err' >&2; exit 3")
    assert not outcome.is_success
    assert texts(outcome) == [
        "abc -- exec: echo out; echo 'it'\"'\"'s err' >&2; exit 3",
        "abc -- stdout: 'out'",
        'abc -- stderr: "it\'s err"',
        "abc -- returned 3",
    ]
    assert {saying.level for saying in outcome.sayings()} == {Level.ERROR}


def test_a_success_is_told_quietly(bench: Bench) -> None:
    """After a success everything is said for debugging only."""
    outcome = bench.runs("echo fine\n:")
    assert outcome.is_success
    assert texts(outcome) == ["abc -- exec: echo fine\\n:", "abc -- stdout: 'fine'", "abc -- returned successfully 0"]
    assert {saying.level for saying in outcome.sayings()} == {Level.DEBUG}


def test_arguments_reach_the_script_untouched(bench: Bench) -> None:
    """Positional arguments are data, whatever is in them, from $0 on."""
    hostile = "a'b\"c$(touch x)`id`\n;&|\\"
    outcome = bench.runs('a=$0 b=$1 \nprintf "%s|" "$a" "$b"', hostile, "-n é")
    assert "\n".join(outcome.stdout.lines()) == f"{hostile}|-n é|"
    assert outcome.shown.startswith("['a=$0 b=$1 ")


@pytest.mark.parametrize("megabytes", [1, 5])
def test_much_output_does_not_block_the_command(bench: Bench, megabytes: int) -> None:
    """Both pipes are drained while the command runs; beginning and end are kept, the rest is counted."""
    size = megabytes * 1_000_000
    flood = f"head -c {size} /dev/zero | tr '\\0' x"
    outcome = bench.runs(f"echo begin; {flood} & {flood} >&2; wait; echo; echo end")
    assert outcome.is_success
    assert outcome.stderr.left_out == size - HEAD - TAIL
    told = list(outcome.stdout.lines())
    assert told[0] == "begin"
    assert told[-1] == "end"
    assert any(line.endswith("bytes left out]") for line in told)
    assert sum(map(len, told)) <= HEAD + TAIL + 100


def test_many_lines_are_told_in_part(bench: Bench) -> None:
    """The log gets the first and the last hundred lines, and how many lie between."""
    told = list(bench.runs("seq 1000").stdout.lines())
    assert told[:100] == [str(number) for number in range(1, 101)]
    assert told[100] == "[800 lines left out]"
    assert told[101:] == [str(number) for number in range(901, 1001)]


def test_undecodable_output_is_replaced(bench: Bench) -> None:
    """Bytes that are no UTF-8 never stop anything."""
    assert texts(bench.runs("printf 'a\\377b\\n'"))[1] == "abc -- stdout: 'a\N{REPLACEMENT CHARACTER}b'"


def test_a_missing_program_is_explained(bench: Bench) -> None:
    """Status 127 adds where programs are looked for."""
    outcome = bench.runs("no-such-program-anywhere")
    assert texts(outcome)[-2:] == [
        "abc -- returned 127",
        "HINT on 127: a program was not found; actions look for it in PATH=/bin",
    ]


def test_a_signal_is_named(bench: Bench) -> None:
    """Whether the shell itself or a program in it was killed."""
    assert texts(bench.runs("kill -TERM $$"))[-1] == "abc -- killed with SIGTERM (return code: -15)"
    assert texts(bench.runs("exit 137"))[-1] == "abc -- killed with SIGKILL (return code: 137)"


def test_a_command_that_cannot_be_started_has_failed(bench: Bench) -> None:
    """A script beyond the kernel's limit is an outcome with its reason, not an exception."""
    outcome = bench.starts(":" * 300_000)
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.is_success) == (None, False)
    assert "Argument list too long" in texts(outcome)[-1]


def test_a_command_has_nothing_but_what_is_stated(bench: Bench) -> None:
    """No input, two pipes, umask 077, the root directory, a session of its own, and the stated environment."""
    bench.environment = command_environment({"PATH": os.environ["PATH"], "LC_ALL": "C", "SECRET": "x", "TZ": "UTC"})
    with Path("/dev/null").open() as inherited:
        os.set_inheritable(inherited.fileno(), True)
        outcome = bench.runs(
            "cat; umask; pwd; for n in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && printf %s $n; done; echo; "
            'read -r p c s pp g sid r < /proc/$$/stat; test "$sid" = "$$"; echo $?; env'
        )
    told = list(outcome.stdout.lines())
    assert told[:4] == ["0077", "/", "012", "0"]
    names = {line.partition("=")[0] for line in told[4:]}
    assert names - {"PWD", "OLDPWD", "_", "SHLVL"} == {"PATH", "HOME", "LC_ALL", "TZ"}


def test_a_command_that_runs_too_long_is_ended(bench: Bench, fifos: Fifos) -> None:
    """SIGTERM at the time limit; the shell that obeys is reported as timed out."""
    shell = bench.begins(f"echo ready > {fifos.ready}; read -r x < {fifos.never}")
    fifos.wait_ready()
    assert shell.deadline == OVER
    assert shell.turn(Monotonic(OVER - 0.1)) is None
    assert shell.turn(OVER) is None
    assert shell.deadline == KILL
    outcome = shell.turn(KILL) or bench.ends(shell, KILL)
    assert (outcome.status, outcome.timed_out, outcome.is_success) == (-signal.SIGTERM, TIMEOUT, False)
    assert "abc -- timed out after 60 seconds." in texts(outcome)
    assert texts(outcome)[-1] == "abc -- killed with SIGTERM (return code: -15)"


def test_a_command_that_ignores_sigterm_is_killed(bench: Bench, fifos: Fifos) -> None:
    """0.2 s later comes SIGKILL; nothing is left of the group."""
    waits = f"cat {fifos.never}; read -r x < {fifos.never}"
    shell = bench.begins(f"trap '' TERM; exec > {fifos.ready}; echo ready; {waits}")
    with fifos.ready.open() as reader:
        assert reader.readline() == "ready\n"
        assert shell.turn(OVER) is None
        assert shell.turn(Monotonic(KILL - 0.1)) is None
        outcome = shell.turn(KILL)
        assert outcome is not None or shell.deadline == KILL + KILL_SECONDS
        outcome = outcome or bench.ends(shell, KILL)
        assert (outcome.status, outcome.timed_out) == (-signal.SIGKILL, TIMEOUT)
        assert reader.read() == ""


def test_the_whole_group_is_killed(bench: Bench, fifos: Fifos) -> None:
    """A child that ignores SIGTERM dies with the group although the shell itself obeyed."""
    never = fifos.never
    shell = bench.begins(f"(trap '' TERM; echo ready; read -r x < {never}) > {fifos.ready} & read -r y < {never}")
    with fifos.ready.open() as reader:
        assert reader.readline() == "ready\n"
        assert shell.turn(OVER) is None
        outcome = shell.turn(KILL) or bench.ends(shell, KILL)
        assert outcome.timed_out == TIMEOUT
        assert reader.read() == ""  # the end of file comes when nobody holds the pipe any more


def test_a_daemon_that_holds_the_pipes_does_not_hold_us(bench: Bench, fifos: Fifos) -> None:
    """The command is over when its shell is; what it left running lives on."""
    outcome = bench.runs(f"setsid sh -c 'read -r go < {fifos.never}; echo ready > {fifos.ready}' & echo started")
    assert outcome.is_success
    assert list(outcome.stdout.lines()) == ["started"]
    fifos.never.write_text("go\n")
    fifos.wait_ready()


def test_no_zombie_is_left(bench: Bench) -> None:
    """The shell is reaped when it is over."""
    shell = bench.begins(":")
    bench.ends(shell)
    with pytest.raises(ChildProcessError):
        os.waitpid(shell.process.pid, os.WNOHANG)


def test_a_command_can_be_ended_at_once(bench: Bench, fifos: Fifos) -> None:
    """When the host ends, nothing is waited for."""
    shell = bench.begins(f"trap '' TERM; read -r x < {fifos.never}")
    shell.kill()
    assert shell.process.wait(SECONDS) == -signal.SIGKILL
