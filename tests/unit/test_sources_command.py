"""A command's output as a source: real programs that end, fail, flood, complain or never write."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stockade.model.chunk import Chunk
from stockade.model.clock import Monotonic
from stockade.model.settings import CommandSettings
from stockade.sources.command import FIRST_PAUSE, LONGEST_PAUSE, MAX_CHUNK, MAX_CHUNKS, STEADY_SECONDS, Command

SECONDS = 10.0
"""How long a test waits for a program before it fails."""


class Driven:
    """A command with a clock of its own; `until` reads whenever the descriptor says so."""

    def __init__(self, text: str) -> None:
        self.command = Command(CommandSettings(tuple(shlex.split(text))), os.environ)
        self.now = Monotonic(0.0)
        self.chunks: list[Chunk] = []
        self.said: list[str] = []

    def read(self) -> None:
        """One turn."""
        self.chunks += [item for item in self.command.read(self.now) if isinstance(item, Chunk)]
        self.said += [saying.text for saying in self.command.take_sayings()]

    def until(self, condition: Callable[[], bool]) -> None:
        """Turns until a condition holds, by the program's own pace."""
        end = time.monotonic() + SECONDS
        self.read()
        while not condition():
            assert time.monotonic() < end, (self.chunks, self.said, self.command.status())
            select.select([self.command.fileno()], [], [], 0.02)
            self.read()

    def wait_for_deadline(self) -> None:
        """Moves the clock to what the source waits for, if it is the clock."""
        due = self.command.deadline(self.now)
        self.now = self.now if due is None else max(self.now, due)

    def wait_for_end(self) -> None:
        """Turns until the program was reaped, moving the clock where only the clock helps."""

        def is_over() -> bool:
            if self.command.status()[0].state == "failed":
                return True
            if self.chunks and self.chunks[-1].is_end:
                self.wait_for_deadline()
            return False

        self.until(is_over)

    @property
    def data(self) -> bytes:
        """What it has written so far."""
        return b"".join(chunk.data for chunk in self.chunks)


@pytest.fixture
def drive() -> Iterator[Callable[[str], Driven]]:
    """Starts commands and ends them after the test."""
    all_: list[Driven] = []

    def start(text: str) -> Driven:
        all_.append(Driven(text))
        return all_[-1]

    yield start
    for driven in all_:
        driven.command.close()


def test_output_is_read_live_and_whole_lines_only(drive: Callable[[str], Driven]) -> None:
    """A line in pieces comes in one piece, because a reload begins with a new scanner; it counts as it arrives."""
    run = drive("sh -c 'printf one; printf \"\\ntw\"; exec sleep 100'")
    run.until(lambda: run.data == b"one\n")
    assert all(chunk.is_live and not chunk.is_end for chunk in run.chunks)
    assert run.command.status()[0].state == "reading"


def test_it_is_started_by_the_first_reading(drive: Callable[[str], Driven]) -> None:
    """Nothing runs before the daemon has given up its rights and begun to read."""
    run = drive("sleep 100")
    assert (run.command.status()[0].state, run.command.deadline(run.now)) == ("waiting", run.now)
    run.read()
    assert (run.command.status()[0].state, run.command.deadline(run.now)) == ("reading", None)


def test_arguments_are_no_shell(drive: Callable[[str], Driven]) -> None:
    """What stands in `logcommand` is passed on as words."""
    run = drive("printf '%s\\n' '$HOME;`id`' a*b")
    run.until(lambda: run.data.count(b"\n") == 2)
    assert run.data == b"$HOME;`id`\na*b\n"


def test_a_command_that_ends_is_started_again_ever_more_slowly(drive: Callable[[str], Driven]) -> None:
    """One second, two, four … a minute; the end of a run ends a line; `status` and the log say why."""
    run = drive("sh -c 'printf last; echo because >&2; exit 7'")
    pauses = []
    for _ in range(8):
        run.wait_for_end()
        due = run.command.deadline(run.now)
        assert due is not None
        pauses.append(due - run.now)
        run.wait_for_deadline()
        run.read()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE, LONGEST_PAUSE)
    assert run.data == b"last" * len([chunk for chunk in run.chunks if chunk.is_end])
    assert len({chunk.identity for chunk in run.chunks}) >= 8
    assert "sh ended with status 7, saying: because; it is started again in 1 s" in run.said


def test_a_long_run_is_forgiven(drive: Callable[[str], Driven]) -> None:
    """After a minute of work the next pause is the first again."""
    run = drive("false")
    for _ in range(4):
        run.wait_for_end()
        run.wait_for_deadline()
        run.read()
    run.now = Monotonic(run.now + STEADY_SECONDS)
    run.wait_for_end()
    due = run.command.deadline(run.now)
    assert due is not None
    assert due - run.now <= FIRST_PAUSE


def test_a_program_that_is_not_there_is_a_problem_with_a_remedy(drive: Callable[[str], Driven]) -> None:
    """It may be installed later: it is tried again."""
    run = drive("/no/such/program -f")
    run.read()
    (row,) = run.command.status()
    assert row.state == "failed"
    assert "/no/such/program cannot be started: there is no such program → check logcommand" in row.detail
    assert run.command.deadline(run.now) == FIRST_PAUSE


def test_a_flood_without_newline_is_bounded(drive: Callable[[str], Driven]) -> None:
    """Ten million bytes in one line: at most 1 MiB a turn, never more than a chunk and a pipe in memory."""
    run = drive("sh -c 'head -c 10000000 /dev/zero | tr \"\\0\" x; echo; exec sleep 100'")
    turn = 0

    def is_all() -> bool:
        nonlocal turn
        new = run.chunks[turn:]
        turn = len(run.chunks)
        assert len(new) <= MAX_CHUNKS
        assert all(len(chunk.data) <= 3 * MAX_CHUNK for chunk in new)
        return len(run.data) == 10_000_001

    run.until(is_all)
    assert [chunk.position for chunk in run.chunks] == [
        sum(len(before.data) for before in run.chunks[:n]) for n in range(len(run.chunks))
    ]


def test_complaints_are_heard_and_bounded(drive: Callable[[str], Driven]) -> None:
    """A program that fills its standard error neither stops nor fills the log."""
    run = drive("sh -c 'seq 20000 >&2; echo done; exec sleep 100'")
    run.until(lambda: run.data == b"done\n")
    assert run.said[0] == "sh says: 1"
    assert len(run.said) < 5_000  # how many depends on how long it takes; without a bound it would be all 20,000
    assert any("further lines of sh were not said" in text for text in run.said)


def test_a_closed_standard_error_does_not_spin(drive: Callable[[str], Driven]) -> None:
    """A pipe at its end is always readable: it is let go."""
    run = drive("sh -c 'exec 2>&-; echo up; exec sleep 100'")
    run.until(lambda: run.data == b"up\n")
    run.until(lambda: not select.select([run.command.fileno()], [], [], 0)[0])


def test_a_program_that_closes_its_output_and_lives_is_ended(drive: Callable[[str], Driven]) -> None:
    """Without output it is of no use: asked first, then killed; it cannot keep the source from going on."""
    run = drive("sh -c 'trap \"\" TERM; echo up; exec >&-; sleep 100'")
    run.wait_for_end()
    assert "was ended by signal 9" in run.command.status()[0].detail


def test_the_end_of_the_source_ends_the_whole_group(drive: Callable[[str], Driven]) -> None:
    """What the program has started, and what ignores the polite signal, goes with it."""
    run = drive("sh -c 'trap \"\" TERM; sleep 1000 & echo $!; wait'")
    run.until(lambda: run.data.endswith(b"\n"))
    child = int(run.data)
    os.kill(child, 0)
    run.command.close()
    assert run.command.fileno() == -1
    assert run.command.deadline(run.now) is None
    assert run.command.read(run.now) == []
    run.command.close()
    end = time.monotonic() + SECONDS
    while _is_running(child):
        assert time.monotonic() < end
        select.select([], [], [], 0.01)


KILLED = """
import os, sys
from stockade.model.settings import CommandSettings
from stockade.sources.command import Command
command = Command(CommandSettings(("sleep", "1000")), os.environ)
command.read(0.0)
print(command._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs util-linux's setpriv")
def test_a_killed_daemon_leaves_no_program_behind() -> None:
    """After `kill -9` nobody is left to end it: the kernel does."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", KILLED], **pipes) as owner:  # type: ignore[call-overload]
        child = int(owner.stdout.readline())
        end = time.monotonic() + SECONDS
        while Path(f"/proc/{child}/comm").read_text() != "sleep\n":  # bound before it became the program
            assert time.monotonic() < end
        owner.kill()
    while _is_running(child):
        assert time.monotonic() < end
        select.select([], [], [], 0.01)


def _is_running(pid: int) -> bool:
    """Whether a process does anything yet: one that nobody reaps is dead all the same."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] != b"Z"
    except FileNotFoundError:
        return False


def test_the_environment_is_a_plain_one(drive: Callable[[str], Driven]) -> None:
    """Secrets in the daemon's environment, and its service manager's socket, are none of the program's business."""
    command = Command(CommandSettings(("env",)), {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": "/x", "TOKEN": "s"})
    run = drive("env")
    run.command.close()
    run.command = command
    run.until(lambda: bool(run.chunks) and run.chunks[-1].is_end)
    names = {line.partition(b"=")[0] for line in run.data.splitlines()}
    assert b"PATH" in names
    assert not names & {b"NOTIFY_SOCKET", b"TOKEN"}


def test_standard_input_is_empty(drive: Callable[[str], Driven]) -> None:
    """A program that asks gets the end of a file, not the daemon's terminal."""
    run = drive("sh -c 'cat; echo end; exec sleep 100'")
    run.until(lambda: run.data == b"end\n")
