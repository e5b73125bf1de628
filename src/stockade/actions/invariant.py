"""The failure protocol of bans, unbans and prolongations: check, restore, check again, and one more try.

A command that fails is repeated only after `actioncheck` said something about the environment; without a check the
same would fail the same way (fail2ban ran it twice). In: the outcome of each command. Out: the next command, sayings,
and at last what went wrong ("" for nothing). Pure: see `steps`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from stockade.actions.family_state import FamilyState
from stockade.actions.render import Action
from stockade.actions.steps import Run, Steps
from stockade.actions.ticket import Ticket
from stockade.model.saying import Level, Saying


class Sanity(Enum):
    """What a check, with all that followed it, came to."""

    SANE = auto()
    """The check passed, at once or after a repair; or there is none."""
    LEFT_BROKEN = auto()
    """The check failed and nothing was repaired, as asked."""
    LOST = auto()
    """The check failed and the repair did not help."""


class Restorable(Protocol):
    """What the protocol needs of an action at work."""

    action: Action
    families: FamilyState

    def begin_repair(self) -> None:
        """Begins a new epoch: whoever is banned may have been forgotten by the firewall."""

    def start_family(self, family: str) -> Steps[str]:
        """Starts one family; "" or what went wrong."""

    def stop_family(self, family: str) -> Steps[str]:
        """Stops one family; "" or what went wrong."""


def run_guarded(one: Restorable, command: str, ticket: Ticket, error: str) -> Steps[str]:
    """Runs a command for a ban, under the protocol; "" if it succeeded in the end, else `error`."""
    family = ticket.family
    run = Run(one.action, command, family, ticket)
    if (yield run):
        return ""
    if not one.action.has("actioncheck"):
        return error
    is_unban = command == "actionunban"
    refusal = "Unban is impossible." if is_unban and not one.action.is_repair_on_unban else ""
    sanity = yield from ensure_sane(one, family, refusal=refusal, is_start_wanted=not is_unban)
    if sanity is not Sanity.SANE:
        return error
    return "" if (yield run) else error


def ensure_sane(one: Restorable, family: str, *, refusal: str = "", is_start_wanted: bool = True) -> Steps[Sanity]:
    """Checks a family and restores it if it is broken.

    With a `refusal` nothing is repaired, and it is said why. An action that starts on demand is not started again
    without `is_start_wanted`: nothing needs it before the next ban.
    """
    check = Run(one.action, "actioncheck", family)
    if (yield check):
        return Sanity.SANE
    if refusal:
        yield Saying(Level.ERROR, f"Invariant check failed. {refusal}")
        return Sanity.LEFT_BROKEN
    yield Saying(Level.ERROR, "Invariant check failed. Trying to restore a sane environment")
    one.begin_repair()
    is_restored = yield from _restore(one, family, is_start_wanted=is_start_wanted)
    if is_restored and one.families.is_started(family):
        is_restored = yield check
    if is_restored:
        return Sanity.SANE
    yield Saying(Level.CRITICAL, "Unable to restore environment")
    return Sanity.LOST


def _restore(one: Restorable, family: str, *, is_start_wanted: bool) -> Steps[bool]:
    """Repairs, or stops and starts; an error of the stop alone does not matter if the check passes afterwards."""
    if one.action.has("actionrepair"):
        is_repaired = yield Run(one.action, "actionrepair", family)
        if not is_repaired:
            one.families.note_stop(family)
        elif not one.families.is_started(family):
            one.families.note_start(family)
        return is_repaired
    if one.families.is_covered(family):
        yield from one.stop_family(family)
    if one.action.is_on_demand and not is_start_wanted:
        return True
    problem = yield from one.start_family(family)
    if problem:
        yield Saying(Level.ERROR, problem)
    return not problem
