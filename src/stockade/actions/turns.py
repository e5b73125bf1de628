"""Turns: what the actions of one jail do next. A closed union, `Turn`; `JailActions.perform` carries each out."""

from __future__ import annotations

from dataclasses import dataclass

from stockade.actions.reload import Built
from stockade.actions.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Start:
    """Start the actions that do not wait for a ban."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Undo every ban, then stop the actions, last first."""


@dataclass(frozen=True, slots=True)
class Flush:
    """Undo every ban."""


@dataclass(frozen=True, slots=True)
class Reload:
    """Take over a new list of actions."""

    actions: tuple[Built, ...]


@dataclass(frozen=True, slots=True)
class BanTurn:
    """Ban; or, if the ban stands, see whether it still holds."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class UnbanTurn:
    """Undo a ban, if it was carried out."""

    id: str


@dataclass(frozen=True, slots=True)
class ProlongTurn:
    """Say that a ban lasts longer, if it still stands."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class CatchUpTurn:
    """Tell the actions that came later of a ban that stands."""

    id: str


Order = Start | Stop | Flush | Reload
"""What concerns all bans of the jail; carried out before any ban that waits."""

Turn = Order | BanTurn | UnbanTurn | ProlongTurn | CatchUpTurn
