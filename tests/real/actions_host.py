"""A host for the actions' runner: a loop with real shells and the real clock, which waits for conditions."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from stockade.actions.environment import command_environment
from stockade.actions.jail_runner import JailSetup
from stockade.actions.reload import build
from stockade.actions.runner import Runner
from stockade.actions.statistics import JailStatistics
from stockade.actions.ticket import Ticket
from stockade.model.clock import Monotonic, Wall
from stockade.model.saying import Saying
from stockade.model.settings import ActionSettings

SECONDS = 20.0
"""How long a test waits for anything before it fails."""


class Nobody:
    """No ban stands beyond those that were queued."""

    def tickets(self) -> Iterable[Ticket]:
        """None."""
        return ()

    def has(self, identifier: str, /) -> bool:
        """Never."""
        return False


class Known(dict[str, Ticket]):
    """Bans that stand, as the ledger would know them."""

    def tickets(self) -> Iterable[Ticket]:
        """All of them."""
        return self.values()

    def has(self, identifier: str, /) -> bool:
        """Whether it is one of them."""
        return identifier in self


def ticket(identifier: str, jail: str = "web") -> Ticket:
    """A ban."""
    return Ticket(jail, identifier, 1_700_000_000.0, 600)


def settings(actname: str, **properties: str) -> ActionSettings:
    """An action of these commands."""
    return ActionSettings(actname, actname, {}, {"name": "web", "actname": actname, **properties})


class Host:
    """Owns a runner until the end of its `with` block; `said` is everything for the log."""

    def __init__(self, processes: int = 8) -> None:
        self.runner = Runner(command_environment(os.environ), processes)
        self.said: list[Saying] = []

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.close()

    def adds(self, jail: str, *actions: ActionSettings, standing: Nobody | Known | None = None) -> None:
        """Starts a jail with these actions."""
        made, problems = build(actions, jail)
        assert not problems
        self.runner.add_jail(JailSetup(jail, made, Nobody() if standing is None else standing, lambda tag: ""))

    def bans(self, jail: str, *identifiers: str) -> None:
        """Queues bans."""
        for identifier in identifiers:
            self.runner.ban(jail, ticket(identifier, jail))

    def until(self, condition: Callable[[], object], what: str = "it") -> None:
        """Turns until a condition holds, waiting only as the runner says."""
        poll = select.poll()
        poll.register(self.runner.fileno(), select.POLLIN)
        end = time.monotonic() + SECONDS
        while True:
            self.said += self.runner.turn(Monotonic(time.monotonic()), Wall(time.time()))
            if condition():
                return
            now = Monotonic(time.monotonic())
            assert now < end, f"{what} did not happen within {SECONDS:g} s; {self.runner.statistics()}"
            due = self.runner.deadline(now)
            poll.poll(max(0.0, min(end, end if due is None else due) - now) * 1000)

    def rests(self) -> None:
        """Turns until nothing runs or waits."""
        self.until(lambda: all(not one.running and not one.waiting for one in self.runner.statistics()), "rest")

    def statistics(self, jail: str = "web") -> JailStatistics:
        """How a jail is doing."""
        return next(one for one in self.runner.statistics() if one.jail == jail)

    def texts(self) -> list[str]:
        """Everything that was said."""
        return [saying.text for saying in self.said]


class Gate:
    """A fifo on which a command waits (`wait`) until the test opens it: once for each that waits."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.wait = f"read -r go < {path}"
        self._path = path

    def open(self) -> None:
        """Lets one command pass that is waiting, or will be."""
        with self._path.open("w") as fifo:
            fifo.write("go\n")


def lines(path: Path) -> list[str]:
    """What commands wrote into a file so far."""
    return path.read_text().splitlines() if path.exists() else []
