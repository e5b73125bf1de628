"""Runner: runs the commands of all jails' actions, a few at a time, one at a time for each jail.

In: bans, unbans and orders for jails, both clocks' time. Out: sayings for the log, statistics. Driven by its host's
selector: `fileno` is ready or `deadline` is over → `turn`. Owns the processes. Must not decide what an action means;
see `jail_actions`.
"""

from __future__ import annotations

import contextlib
import selectors
import signal
import subprocess
from collections import deque
from collections.abc import Mapping
from typing import Final

from stockade.actions.jail_runner import Command, JailRunner, JailSetup
from stockade.actions.outcome import Outcome
from stockade.actions.reload import Built
from stockade.actions.shell import Shell, start
from stockade.actions.statistics import JailStatistics
from stockade.actions.ticket import Ticket
from stockade.actions.turns import Flush
from stockade.errors import Bug
from stockade.model.clock import Monotonic, Seconds, Wall
from stockade.model.saying import Saying

PROCESSES: Final = 16
"""Commands that run at once, over all jails. Further jails wait for their turn, each as long as any other: so many
commands must hang at the same time, each until its time limit, before one jail waits for another."""

REAP_SECONDS: Final[Seconds] = 1.0
"""How often a process that did not even end when it was killed is looked at."""


class Runner:
    """The actions of every jail at work. `environment` is what commands see; see `command_environment`.

    Raises Bug in a process that ignores SIGTERM or SIGCHLD: commands would inherit the one and get lost by the other.
    """

    def __init__(self, environment: Mapping[str, str], processes: int = PROCESSES) -> None:
        if signal.SIG_IGN in (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD)):
            raise Bug("whoever runs commands must not ignore SIGTERM or SIGCHLD: commands could not be ended or reaped")
        self._environment = dict(environment)
        self._processes = processes
        self._selector = selectors.EpollSelector()
        self._jails: dict[str, JailRunner] = {}
        self._turns: deque[str] = deque()
        self._shells: dict[str, Shell] = {}
        self._stragglers: list[subprocess.Popen[bytes]] = []
        self._number = 0

    def add_jail(self, setup: JailSetup) -> None:
        """Starts a jail's actions. One that was stopped must have left (`jails`) before it can come again."""
        if setup.name in self._jails:
            raise Bug(f"the actions of jail {setup.name!r} are at work already")
        self._jails[setup.name] = JailRunner(setup)
        self._turns.append(setup.name)

    def jails(self) -> tuple[str, ...]:
        """The jails whose actions are at work, those that are being stopped included."""
        return tuple(self._jails)

    def ban(self, jail: str, ticket: Ticket) -> None:
        """Has a ban carried out; if it stands already, has it looked at whether it holds."""
        if self._is_taking(jail):
            self._jails[jail].queue.ban(ticket)

    def unban(self, jail: str, identifier: str) -> None:
        """Has a ban undone that ended or was lifted."""
        if self._is_taking(jail):
            self._jails[jail].queue.unban(identifier)

    def prolong(self, jail: str, ticket: Ticket, growth: Seconds, now: Monotonic) -> None:
        """Says that a ban lasts `growth` seconds longer than the ticket said that was carried out."""
        if self._is_taking(jail):
            self._jails[jail].queue.prolong(ticket, growth, now)

    def flush(self, jail: str) -> None:
        """Has every ban of a jail undone."""
        if self._is_taking(jail):
            self._jails[jail].queue.order(Flush())

    def reload(self, jail: str, actions: tuple[Built, ...]) -> None:
        """Takes a new list of actions over; what does not change goes on undisturbed."""
        if self._is_taking(jail):
            self._jails[jail].reload(actions)

    def stop_jail(self, jail: str) -> None:
        """Has every ban undone and the actions stopped; then the jail leaves."""
        if self._is_taking(jail):
            self._jails[jail].stop()

    def fileno(self) -> int:
        """A descriptor that becomes readable when `turn` has something to do."""
        return self._selector.fileno()

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """When `turn` must be called even if the descriptor stays quiet; None: never."""
        waiting = list(self._jails.values()) if len(self._shells) < self._processes else []
        if any(jail.has_more() for jail in waiting):
            return now
        due = [shell.deadline for shell in self._shells.values()]
        due += [deadline for jail in waiting if (deadline := jail.deadline()) is not None]
        if self._stragglers:
            due.append(Monotonic(now + REAP_SECONDS))
        return min(due, default=None)

    def turn(self, now: Monotonic, wall: Wall) -> list[Saying]:
        """Takes what commands printed, ends those that are over, begins what is next; what the log is to be told."""
        sayings: list[Saying] = []
        ready = {id(key.data) for key, _ in self._selector.select(0)}
        for jail, shell in list(self._shells.items()):
            outcome = shell.turn(now) if id(shell) in ready or now >= shell.deadline else None
            if outcome is not None:
                del self._shells[jail]
                self._stragglers.append(shell.process)
                self._finish(jail, outcome, wall, sayings)
        self._stragglers = [process for process in self._stragglers if process.poll() is None]
        self._begin(now, wall, sayings)
        return sayings

    def statistics(self) -> tuple[JailStatistics, ...]:
        """How each jail's actions are doing."""
        return tuple(jail.statistics() for jail in self._jails.values())

    def close(self) -> None:
        """Kills every command that runs, reaps them, and lets go of everything; idempotent."""
        for shell in self._shells.values():
            shell.kill()
            self._stragglers.append(shell.process)
        self._shells.clear()
        for process in self._stragglers:
            with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in the kernel: left to init
                process.wait(REAP_SECONDS)
        self._stragglers.clear()
        self._selector.close()

    def _is_taking(self, jail: str) -> bool:
        """Whether a jail takes anything: one that is unknown or leaves does not."""
        return jail in self._jails and not self._jails[jail].is_leaving

    def _begin(self, now: Monotonic, wall: Wall, sayings: list[Saying]) -> None:
        """Gives each jail a look in, in turn, as long as there is room for a command."""
        for _ in range(len(self._turns)):
            if len(self._shells) >= self._processes:
                return
            name = self._turns.popleft()
            jail = self._jails[name]
            command = None if jail.is_busy else jail.proceed(now, wall, sayings)
            if command is not None:
                self._spawn(name, command, now, wall, sayings)
            if jail.is_leaving and jail.is_idle:
                del self._jails[name]
            else:
                self._turns.append(name)

    def _spawn(self, jail: str, command: Command, now: Monotonic, wall: Wall, sayings: list[Saying]) -> None:
        self._number += 1
        shell = start(
            command.script,
            command.run.action.timeout,
            number=self._number,
            environment=self._environment,
            selector=self._selector,
            now=now,
        )
        if isinstance(shell, Shell):
            self._shells[jail] = shell
        else:
            self._finish(jail, shell, wall, sayings)

    def _finish(self, jail: str, outcome: Outcome, wall: Wall, sayings: list[Saying]) -> None:
        sayings += outcome.sayings(self._environment.get("PATH", ""))
        self._jails[jail].finish(outcome, wall)
