"""RunningAction: one action at work in one jail: started on demand, guarded, stopped for what was started.

In: tickets and wishes. Out: steps (see `steps`), and at the end of each what went wrong ("" for nothing). Owns the
state of its families and its epoch. Pure: runs nothing, knows no time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from stockade.actions.family_state import FamilyState
from stockade.actions.invariant import Sanity, ensure_sane, run_guarded
from stockade.actions.render import Action
from stockade.actions.script import Script
from stockade.actions.steps import Run, Steps
from stockade.actions.ticket import Ticket, empty_ticket

_DOING: Final = {
    "actionstart": "starting",
    "actionstop": "stopping",
    "actionflush": "flushing",
    "actionreload": "reloading",
}


class RunningAction:
    """An action and what is known of its effect.

    `next_epoch` begins a new epoch of the jail and gives its number. `generation` is the reload with which it came.
    """

    def __init__(self, action: Action, jail: str, next_epoch: Callable[[], int], generation: int = 0) -> None:
        self.action = action
        self.jail = jail
        self.generation = generation
        self.families = FamilyState(self._render)
        self.epoch = 0
        self._next_epoch = next_epoch
        self._blank = empty_ticket(jail, 0, 0)

    def start(self, is_ipv6_allowed: bool) -> Steps[str]:
        """Starts every family, unless the action waits for its first ban."""
        if self.action.is_on_demand:
            return ""
        return (yield from self._start(self.action.families_at_start(is_ipv6_allowed)))

    def stop(self) -> Steps[str]:
        """Stops every family that was started."""
        families = self.families.started()
        problem = yield from self._operate("actionstop", families)
        for family in families:
            self.families.note_stop(family)
        return problem

    def start_family(self, family: str) -> Steps[str]:
        """Starts one family; not if the same command was run for another one and still stands."""
        return (yield from self._start((family,)))

    def stop_family(self, family: str) -> Steps[str]:
        """Stops one family, in order to start it again."""
        self.families.note_stop(family)
        return (yield from self._operate("actionstop", (family,)))

    def begin_repair(self) -> None:
        """Whoever is banned now may have to be banned again by this action."""
        self.epoch = self._next_epoch()

    def ban(self, ticket: Ticket, *, is_again: bool = False) -> Steps[str]:
        """Bans; before the first ban of a family starts it, if the action waited for that."""
        family = ticket.family
        if self.action.is_on_demand and not self.families.is_started(family):
            problem = yield from self.start_family(family)
            if problem:
                return problem
        command = "actionreban" if is_again else "actionban"
        problem = yield from run_guarded(self, command, ticket, f"Error banning {ticket.address}")
        if not problem:
            self.families.note_ban(family)
        return problem

    def unban(self, ticket: Ticket) -> Steps[str]:
        """Unbans, if a ban of the ticket's family succeeded and was not flushed since."""
        if not self.families.has_bans(ticket.family):
            return ""
        return (yield from run_guarded(self, "actionunban", ticket, f"Error unbanning {ticket.address}"))

    def prolong(self, ticket: Ticket) -> Steps[str]:
        """Says that the ban lasts longer, if the action wants to know."""
        if not self.action.is_prolongable:
            return ""
        return (yield from run_guarded(self, "actionprolong", ticket, f"Error prolonging {ticket.address}"))

    def flush(self) -> Steps[str]:
        """Undoes all bans at once."""
        return (yield from self._operate("actionflush", self.families.holding(), self.families.note_flush))

    def reload(self) -> Steps[str]:
        """Says that the configuration was read again."""
        return (yield from self._operate("actionreload", self.families.started()))

    def check(self, refusal: str = "") -> Steps[None]:
        """Checks every started family, the same check once, and restores the broken ones; a lost one is not started."""
        if not self.action.has("actioncheck"):
            return
        for family, is_needed in self.families.distinct("actioncheck", self.families.started()):
            if is_needed and (yield from ensure_sane(self, family, refusal=refusal)) is Sanity.LOST:
                self.families.note_stop(family)

    def _start(self, families: Iterable[str]) -> Steps[str]:
        is_success = True
        for family in families:
            is_started = True
            if self.families.is_start_needed(family):
                is_started = yield Run(self.action, "actionstart", family)
            if is_started:
                self.families.note_start(family)
            is_success &= is_started
        return "" if is_success else self._script_error("actionstart")

    def _operate(
        self, command: str, families: Iterable[str], note: Callable[[str], None] = lambda family: None
    ) -> Steps[str]:
        """Runs a command for each family, the same one once, and notes where it succeeded."""
        is_success = is_done = True
        for family, is_needed in self.families.distinct(command, families):
            if is_needed:
                is_done = yield Run(self.action, command, family)
            if is_done:
                note(family)
            is_success &= is_done
        return "" if is_success else self._script_error(command)

    def _render(self, command: str, family: str) -> Script | None:
        return self.action.script(command, family, self._blank)

    def _script_error(self, command: str) -> str:
        return f"Error {_DOING[command]} action Jail('{self.jail}')/{self.action.actname}: 'Script error'"
