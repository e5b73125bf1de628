"""A small language for stories about actions: turns happen, commands are expected; the test plays the shell."""

from __future__ import annotations

from collections.abc import Iterator

from stockade.actions.jail_actions import JailActions
from stockade.actions.reload import Built, build
from stockade.actions.steps import Run
from stockade.actions.ticket import Ticket, empty_ticket
from stockade.actions.turns import BanTurn, Turn, UnbanTurn
from stockade.model.clock import Monotonic
from stockade.model.saying import Level, Saying
from stockade.model.settings import ActionSettings

JAIL = "web"
BANNED_AT = 1_700_000_000.0
FULL = {
    "actionstart": "start <family>",
    "actionstop": "stop <family>",
    "actioncheck": "check <family>",
    "actionban": "ban <ip>",
    "actionunban": "unban <ip>",
    "set?family=inet6": "six",
}
"""An action that starts on demand, with a check."""


def settings(actname: str = "act", /, **properties: str) -> ActionSettings:
    """The settings of an action, as the configuration delivers them; `__` in a name stands for `?family=`."""
    named = {option.replace("__", "?family="): text for option, text in properties.items()}
    return ActionSettings(actname, actname, {}, {"name": JAIL, "actname": actname, **named})


def full(actname: str = "act", /, **changes: str) -> ActionSettings:
    """An action with start, stop, check, ban and unban that starts on demand."""
    return settings(actname, **{**FULL, **changes})


def built(*actions: ActionSettings) -> tuple[Built, ...]:
    """Actions that must be without problems."""
    made, problems = build(actions, JAIL)
    assert not [problem for problem in problems if problem.is_fatal]
    return made


def ticket(identifier: str, *, late: float = 0, **more: object) -> Ticket:
    """A ban; `late` seconds after the usual one."""
    return Ticket(JAIL, identifier, BANNED_AT + late, 600, **more)  # type: ignore[arg-type]


class Book:
    """The actions of one jail. `broken` maps the text of a command to how often it still fails (-1: always)."""

    def __init__(self, *actions: ActionSettings, is_ipv6_allowed: bool = True) -> None:
        self.actions = JailActions(JAIL, built(*actions), is_ipv6_allowed=is_ipv6_allowed)
        self.broken: dict[str, int] = {}
        self.said: list[Saying] = []
        self.now = Monotonic(1000.0)

    def does(self, turn: Turn) -> list[str]:
        """Performs a turn; the commands that were run, a failed one with `!`."""
        self.said = []
        return list(self._commands(turn))

    def bans(self, *identifiers: str, **more: object) -> list[str]:
        """Bans, and shows the commands."""
        return [text for one in identifiers for text in self.does(BanTurn(ticket(one, **more)))]  # type: ignore[arg-type]

    def unbans(self, *identifiers: str) -> list[str]:
        """Unbans, and shows the commands."""
        return [text for one in identifiers for text in self.does(UnbanTurn(one))]

    def breaks(self, **times: int) -> None:
        """Has commands fail so often; `_` stands for a blank, and `_` at the end for none."""
        self.broken = {text.replace("_", " ").strip(): count for text, count in times.items()}

    def words(self, level: Level = Level.NOTICE) -> list[str]:
        """What was said during the last turn, from this level on."""
        return [saying.text for saying in self.said if saying.level >= level]

    def _commands(self, turn: Turn) -> Iterator[str]:
        steps = self.actions.perform(turn, self.now)
        answer: bool | None = None
        while True:
            try:
                step = next(steps) if answer is None else steps.send(answer)
            except StopIteration:
                return
            answer = True
            if isinstance(step, Saying):
                self.said.append(step)
                continue
            text = self._text(step)
            if text is not None:
                answer = not self._fails(text)
                yield text if answer else text + "!"

    def _text(self, run: Run) -> str | None:
        script = run.action.script(run.command, run.family, run.ticket or empty_ticket(JAIL, BANNED_AT, 600))
        return None if script is None else script.text.strip()

    def _fails(self, text: str) -> bool:
        left = self.broken.get(text, 0)
        self.broken[text] = left - 1 if left > 0 else left
        return left != 0
