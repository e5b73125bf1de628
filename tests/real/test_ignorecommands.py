"""`ignorecommand` with real shells: what their exit status means, what they see, and that none of them hangs us."""

from __future__ import annotations

import io
import selectors
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockade.core.commands import AskIgnore
from stockade.core.events import IgnoreAnswered
from stockade.daemon.ignorecommands import MAX_RUNNING, TIMEOUT, IgnoreCommands
from stockade.daemon.words import Words
from stockade.model.clock import Monotonic, Wall
from stockade.model.settings import Settings
from tests.playbooks.story import START, Seen, jail

pytestmark = pytest.mark.real

HOST = "192.0.2.1"
SECONDS = 20.0


class Host:
    """What the daemon's loop does for these commands, with a clock of the test's own for deadlines."""

    def __init__(self, command: str) -> None:
        self.said = io.StringIO()
        self.now = Monotonic(0.0)
        self.selector = selectors.DefaultSelector()
        self.commands = IgnoreCommands(Words(lambda: Wall(0.0), self.said), {"PATH": "/usr/bin:/bin", "SECRET": "x"})
        self.commands.configure(Settings(jails=(jail(ignorecommand=command),)))

    def ask(self, identifier: str = HOST, **details: object) -> None:
        """Asks about one failure; the key is the identifier."""
        failure = Seen(identifier, START, **details)  # type: ignore[arg-type]
        self.commands.ask(AskIgnore("sshd", identifier, identifier, failure))

    def answers(self, count: int = 1) -> list[IgnoreAnswered]:
        """Turns until so many answers are there."""
        found: list[IgnoreAnswered] = []
        until = time.monotonic() + SECONDS
        while len(found) < count:
            found += self.commands.turn(self.selector, self.now)
            if len(found) < count and not self.selector.select(max(0.0, until - time.monotonic())):
                pytest.fail(f"no answer: {self.said.getvalue()}")
        return found


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """Hosts whose processes end with the test."""
    made: list[Host] = []
    yield made
    for host in made:
        host.commands.close()
        host.selector.close()


@pytest.mark.parametrize(("status", "is_ignored"), [(0, True), (1, False), (2, False), (127, False)])
def test_the_exit_status_is_the_answer(hosts: list[Host], status: int, is_ignored: bool) -> None:
    """0 is yes, 1 is no; anything else is an error, which is said and is no (§2.7)."""
    hosts.append(host := Host(f"exit {status}"))
    host.ask()
    assert host.answers() == [IgnoreAnswered("sshd", HOST, is_ignored)]
    assert bool(host.said.getvalue()) == (status > 1)


def test_the_command_sees_the_failure(hosts: list[Host], tmp_path: Path) -> None:
    """The tags of actions: address, identifier, family, jail, captured fields; not the daemon's environment."""
    seen = tmp_path / "seen"
    command = f'printf "%s\\n" <ip> <fid> <family> "<jail.name>" "<F-USER>" "$SECRET" > {seen}'
    hosts.append(host := Host(command))
    host.ask("bob", ip="2001:db8::1", fields={"user": "ro'ot $(id)"})
    host.answers()
    assert seen.read_text().splitlines() == ["2001:db8::1", "bob", "inet6", "sshd", "ro'ot $(id)", ""]


def test_hostile_values_are_only_values(hosts: list[Host], tmp_path: Path) -> None:
    """Text of a log reaches the shell as an argument, never as code."""
    victim = tmp_path / "victim"
    hosts.append(host := Host("test <F-USER> = nobody"))
    host.ask(fields={"user": f"x = x; touch {victim}; $(touch {victim}) `touch {victim}`\n touch {victim}"})
    assert [one.is_ignored for one in host.answers()] == [False]
    assert not victim.exists()


def test_a_command_that_hangs_is_ended_and_is_no(hosts: list[Host]) -> None:
    """After a minute it gets its signals, the answer is no, and that is said."""
    hosts.append(host := Host("trap '' TERM; echo ready; read never < /dev/zero & wait; sleep 1000"))
    host.ask()
    assert host.commands.turn(host.selector, host.now) == []
    assert host.selector.select(SECONDS)
    for pause in (TIMEOUT, 0.2):
        host.now = Monotonic(host.now + pause)
        assert host.commands.turn(host.selector, host.now) == []
    assert host.answers() == [IgnoreAnswered("sshd", HOST, is_ignored=False)]
    assert "timed out" in host.said.getvalue()


def test_few_run_at_once_and_all_are_answered(hosts: list[Host], tmp_path: Path) -> None:
    """A flood of questions makes a queue, not a flood of processes; each gets its answer."""
    running = tmp_path / "running"
    running.mkdir()
    hosts.append(
        host := Host(f"mkdir {running}/$$; ls {running} | wc -l >> {tmp_path}/most; rmdir {running}/$$; exit 1")
    )
    for number in range(20):
        host.ask(f"192.0.2.{number}")
    assert {one.key for one in host.answers(20)} == {f"192.0.2.{number}" for number in range(20)}
    most = [int(line) for line in (tmp_path / "most").read_text().split()]
    assert max(most) <= MAX_RUNNING


def test_a_jail_that_has_left_gets_the_answer_no(hosts: list[Host]) -> None:
    """After a reload nobody waits for a command that is no longer there."""
    hosts.append(host := Host("exit 0"))
    host.ask()
    host.commands.configure(Settings())
    assert host.answers() == [IgnoreAnswered("sshd", HOST, is_ignored=False)]
