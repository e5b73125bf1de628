"""Ignore commands: runs the jails' `ignorecommand` beside the loop, a few at a time.

In: questions of the core; out: one `IgnoreAnswered` for each, whatever happens to the command. Values of a failure
reach the shell only as its arguments. Owns the processes; must not decide who is ignored beyond the command's exit
status.
"""

from __future__ import annotations

import selectors
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stockade.actions.environment import command_environment
from stockade.actions.outcome import Outcome
from stockade.actions.script import Script, render
from stockade.actions.shell import Shell, start
from stockade.actions.tags import Template, parse
from stockade.actions.ticket import Ticket
from stockade.core.commands import AskIgnore
from stockade.core.events import IgnoreAnswered
from stockade.daemon.words import Level, Words
from stockade.model.clock import Monotonic, Seconds
from stockade.model.settings import Settings

TIMEOUT: Seconds = 60.0
"""How long a command may take; then the answer is no (§2.7 of the dialect)."""

MAX_RUNNING = 4
"""Commands at once over all jails; further questions wait. How many wait is bounded by the core, jail by jail."""


@dataclass(frozen=True, slots=True)
class _Running:
    question: AskIgnore
    shell: Shell


class IgnoreCommands:
    """Owned by the loop, whose selector the processes use; see the module's docstring."""

    def __init__(self, words: Words, environment: Mapping[str, str]) -> None:
        """`environment` is the daemon's own; commands see a stated few of its variables."""
        self._words = words
        self._environment = command_environment(environment)
        self._templates: dict[str, Template] = {}
        self._bantimes: dict[str, int] = {}
        self._queue: deque[AskIgnore] = deque()
        self._running: list[_Running] = []
        self._number = 0

    def configure(self, settings: Settings) -> None:
        """Takes the commands of a configuration; what runs already goes on."""
        self._bantimes = {jail.name: round(jail.ban.bantime) for jail in settings.jails}
        parsed = {jail.name: parse(jail.ignorecommand) for jail in settings.jails if jail.ignorecommand}
        self._templates = {name: one for name, one in parsed.items() if isinstance(one, Template)}

    def ask(self, question: AskIgnore) -> None:
        """Queues a question."""
        self._queue.append(question)

    def deadline(self) -> Monotonic | None:
        """When `turn` must be called even if no process says anything."""
        return min((one.shell.deadline for one in self._running), default=None)

    def turn(self, selector: selectors.BaseSelector, now: Monotonic) -> list[IgnoreAnswered]:
        """Looks after what runs and starts what waits; gives the answers that are there."""
        answers = []
        for one in list(self._running):
            outcome = one.shell.turn(now)
            if outcome is not None:
                self._running.remove(one)
                answers.append(self._answer(one.question, outcome))
        while self._queue and len(self._running) < MAX_RUNNING:
            answers += self._begin(self._queue.popleft(), selector, now)
        return answers

    def _begin(self, question: AskIgnore, selector: selectors.BaseSelector, now: Monotonic) -> Iterator[IgnoreAnswered]:
        script = self._script(question)
        if script is None:
            yield IgnoreAnswered(question.jail, question.key, is_ignored=False)
            return
        self._number += 1
        number, environment = self._number, self._environment
        begun = start(script, TIMEOUT, number=number, environment=environment, selector=selector, now=now)
        if isinstance(begun, Shell):
            self._running.append(_Running(question, begun))
        else:
            yield self._answer(question, begun)

    def _script(self, question: AskIgnore) -> Script | None:
        """What to run; None when the jail has left, or has no command any more."""
        template = self._templates.get(question.jail)
        if template is None:
            return None
        failure = question.failure
        ticket = Ticket(
            jail=question.jail,
            id=question.id,
            time=failure.time,
            bantime=self._bantimes[question.jail],
            ip=failure.ip,
            bancount=0,
            failures=1,
            matches=tuple(failure.matches),
            fields=failure.fields,
        )
        return render(template, ticket, ticket.family)

    def _answer(self, question: AskIgnore, outcome: Outcome) -> IgnoreAnswered:
        """0 is yes and 1 is no; anything else is said, and is no."""
        is_answer = outcome.timed_out is None and outcome.status in (0, 1)
        for saying in () if is_answer else outcome.sayings(self._environment["PATH"]):
            text = f"[{question.jail}] ignorecommand {saying.text}"
            self._words.say_seldom("ignorecommand", Level(saying.level), "filter", text)
        return IgnoreAnswered(question.jail, question.key, is_ignored=is_answer and outcome.status == 0)

    def close(self) -> None:
        """Ends what runs; the questions stay unanswered, as the daemon ends."""
        for one in self._running:
            one.shell.kill()
        self._running.clear()
        self._queue.clear()
