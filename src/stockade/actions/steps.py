"""Steps: what the rules of actions want done, one command at a time, without doing it.

The rules are generators: they yield `Run` (and are sent whether the command succeeded) or a `Saying` for the log. So a
rule reads from top to bottom as the operator would tell it, and a test plays the shell's part by sending answers. Must
not hold processes, clocks or text of commands.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from stockade.actions.render import Action
from stockade.actions.ticket import Ticket
from stockade.model.saying import Saying

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """One command of an action, for a family and a ban; without a ticket it concerns nobody in particular."""

    action: Action
    command: str
    family: str
    ticket: Ticket | None = None


Steps = Generator[Run | Saying, bool, T]
"""A rule at work. What is sent after a Saying has no meaning."""
