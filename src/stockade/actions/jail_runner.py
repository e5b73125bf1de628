"""JailRunner: one jail's queue and rules, and the one command of it that runs at a time.

In: bans and orders (through `queue`), and how a command ended. Out: the next command to run, as a script; sayings for
the log. Starts no process itself and has no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from stockade.actions.jail_actions import JailActions
from stockade.actions.outcome import Outcome
from stockade.actions.queues import JailQueue
from stockade.actions.reload import Built
from stockade.actions.script import Script
from stockade.actions.statistics import ActionStatistics, JailStatistics, Tally
from stockade.actions.steps import Run, Steps
from stockade.actions.ticket import Ticket, empty_ticket
from stockade.actions.turns import Reload, Start, Stop
from stockade.errors import Bug
from stockade.model.clock import Monotonic, Wall
from stockade.model.saying import Level, Saying

STEPS: Final = 200
"""Steps without a process (empty commands, bans that ended already) that a jail takes before others have a look in."""


class Standing(Protocol):
    """The bans that stand in a jail, whether they were carried out or not: asked when the queue had been full."""

    def tickets(self) -> Iterable[Ticket]:
        """Every ban that stands."""

    def has(self, identifier: str, /) -> bool:
        """Whether this identifier is banned."""


@dataclass(frozen=True, slots=True)
class JailSetup:
    """What a jail brings along. `bantime` and `look_up` are for commands that concern nobody in particular."""

    name: str
    actions: tuple[Built, ...]
    standing: Standing
    look_up: Callable[[str], str]
    bantime: int = 600
    is_ipv6_allowed: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """Something to run now, for `run`."""

    script: Script
    run: Run


class JailRunner:
    """`queue` takes what happens; `proceed` gives the next command, and `finish` takes how it ended."""

    def __init__(self, setup: JailSetup) -> None:
        self.queue = JailQueue()
        self.is_leaving = False
        self._setup = setup
        self._actions = JailActions(setup.name, setup.actions, is_ipv6_allowed=setup.is_ipv6_allowed)
        self._tallies: dict[str, Tally] = {}
        self._steps: Steps[None] | None = None
        self._answer: bool | None = None
        self._run: Run | None = None
        self._is_reloading = False
        self.queue.order(Start())

    @property
    def is_busy(self) -> bool:
        """Whether a command of this jail runs now."""
        return self._run is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs or waits, but prolongations that are not due and actions that catch up."""
        return not (self._run or self._steps or self.queue.waiting() or self.queue.is_behind)

    def reload(self, actions: tuple[Built, ...]) -> None:
        """Takes a new list of actions over as soon as the present turn is over."""
        self.queue.order(Reload(actions))

    def stop(self) -> None:
        """Undoes all bans and stops the actions; afterwards nothing is taken any more."""
        self.queue.order(Stop())
        self.is_leaving = True

    def proceed(self, now: Monotonic, wall: Wall, sayings: list[Saying]) -> Command | None:
        """Goes on until a command must be run; None if there is none (yet: see `has_more`)."""
        for _ in range(STEPS):
            steps = self._steps or self._begin(now)
            if steps is None:
                return None
            command = self._step(steps, wall, sayings)
            if command is not None:
                return command
        return None

    def has_more(self) -> bool:
        """Whether `proceed` would do something at once."""
        return self._run is None and (self._steps is not None or self.queue.is_ready())

    def deadline(self) -> Monotonic | None:
        """When a prolongation becomes due."""
        return None if self.is_busy else self.queue.deadline()

    def finish(self, outcome: Outcome, wall: Wall) -> None:
        """Takes the end of the command that was run; Bug if there was none."""
        run, self._run = self._run, None
        if run is None:
            raise Bug(f"[{self._setup.name}] a command ended that was not begun")
        self._answer = outcome.is_success
        tally = self._tallies.setdefault(run.action.actname, Tally())
        tally.count(run.command, run.ticket.id if run.ticket else "", outcome, wall)

    def statistics(self) -> JailStatistics:
        """How the jail's actions are doing."""
        running = f"{self._run.action.actname} {self._run.command}" if self._run else ""
        return JailStatistics(
            self._setup.name,
            self.queue.waiting(),
            running,
            self._actions.carried(),
            self.queue.deferred,
            self.queue.is_behind,
            tuple(self._action_statistics()),
        )

    def _action_statistics(self) -> Iterable[ActionStatistics]:
        for one in self._actions.running():
            tally = self._tallies.get(one.action.actname, Tally())
            yield ActionStatistics(
                one.action.actname,
                one.families.started(),
                tally.runs,
                tally.failures,
                tally.timeouts,
                tally.last_error,
                tally.last_error_at,
            )

    def _begin(self, now: Monotonic) -> Steps[None] | None:
        """Takes the next turn up."""
        turn = self.queue.next(now)
        if turn is None and self.queue.is_behind:
            self._fill()
            turn = self.queue.next(now)
        if turn is None:
            return None
        self._is_reloading = isinstance(turn, Reload)
        self._steps = self._actions.perform(turn, now)
        self._answer = None
        return self._steps

    def _fill(self) -> None:
        standing, carried = self._setup.standing, self._actions
        self.queue.fill(
            (ticket for ticket in standing.tickets() if not carried.has_carried(ticket.id)),
            (identifier for identifier in carried.carried_ids() if not standing.has(identifier)),
        )

    def _step(self, steps: Steps[None], wall: Wall, sayings: list[Saying]) -> Command | None:
        """One step of the present turn."""
        try:
            step = next(steps) if self._answer is None else steps.send(self._answer)
        except StopIteration:
            self._end_turn()
            return None
        self._answer = True
        if isinstance(step, Saying):
            sayings.append(step)
            return None
        return self._command(step, wall, sayings)

    def _command(self, run: Run, wall: Wall, sayings: list[Saying]) -> Command | None:
        """The script of a command; an empty one has succeeded."""
        setup = self._setup
        ticket = run.ticket or empty_ticket(setup.name, wall, setup.bantime, setup.look_up)
        script = run.action.script(run.command, run.family, ticket)
        if script is None:
            return None
        for tag in script.shortened:
            what = f"[{setup.name}] action {run.action.actname!r}, {run.command}: the value of <{tag}> was cut"
            sayings.append(Saying(Level.WARNING, f"{what}: a command cannot take that much"))
        self._run = run
        return Command(script, run)

    def _end_turn(self) -> None:
        self._steps = None
        if self._is_reloading:
            self._is_reloading = False
            names = {one.action.actname for one in self._actions.running()}
            self._tallies = {name: tally for name, tally in self._tallies.items() if name in names}
            self.queue.catch_up(self._actions.carried_ids())
