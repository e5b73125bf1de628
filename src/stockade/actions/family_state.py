"""FamilyState: for which address families an action was started, and which of them hold bans.

In: what was started, stopped, banned and flushed. Out: the families that a command must run for, once where the
commands of two families are the same. Runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stockade.actions.families import NO_FAMILY
from stockade.actions.script import Script

Render = Callable[[str, str], Script | None]
"""Gives the script of a command for a family, as it looks when it concerns nobody; None for an empty one."""


class FamilyState:
    """The families of one action in one jail, in the order in which they were started for the first time.

    `_has_bans` holds None for a family that was stopped: it keeps its place.
    """

    __slots__ = ("_has_bans", "_render", "_start_scripts")

    def __init__(self, render: Render) -> None:
        self._render = render
        self._has_bans: dict[str, bool | None] = {}
        self._start_scripts: dict[str, Script] = {}

    def started(self) -> tuple[str, ...]:
        """Families that were started, or for which a ban succeeded anyway."""
        return tuple(family for family, has_bans in self._has_bans.items() if has_bans is not None)

    def holding(self) -> tuple[str, ...]:
        """Families in which a ban succeeded and was not flushed since."""
        return tuple(family for family, has_bans in self._has_bans.items() if has_bans)

    def is_started(self, family: str) -> bool:
        """Whether this family was started by itself."""
        return self._has_bans.get(family) is not None

    def is_covered(self, family: str) -> bool:
        """Whether a start took place for this family: its own, or the single one that serves all."""
        return self.is_started(family) or self.is_started(NO_FAMILY)

    def has_bans(self, family: str) -> bool:
        """Whether an unban in this family can have something to undo."""
        return bool(self._has_bans.get(family))

    def is_start_needed(self, family: str) -> bool:
        """Whether the start command must run: not if that of another started family is the very same."""
        script = self._render("actionstart", family)
        others = (standing for other, standing in self._start_scripts.items() if other != family)
        return script is not None and script not in others

    def note_start(self, family: str) -> None:
        """The family was started and holds nothing yet."""
        script = self._render("actionstart", family)
        if script is not None:
            self._start_scripts[family] = script
        self._has_bans[family] = False

    def note_stop(self, family: str) -> None:
        """The family is not started any more; its start command may run again, and whichever equals it."""
        if family in self._has_bans:
            self._has_bans[family] = None
        script = self._render("actionstart", family)
        gone = [other for other, standing in self._start_scripts.items() if standing == script]
        for other in gone:
            del self._start_scripts[other]

    def note_ban(self, family: str) -> None:
        """A ban succeeded."""
        self._has_bans[family] = True

    def note_flush(self, family: str) -> None:
        """Everything in the family was undone at once."""
        if self.is_started(family):
            self._has_bans[family] = False

    def distinct(self, command: str, families: Iterable[str]) -> list[tuple[str, bool]]:
        """Each family, and whether the command must run for it: not if it just ran, the very same, for another."""
        seen: list[Script | None] = []
        found = []
        for family in families:
            script = self._render(command, family)
            found.append((family, script not in seen))
            seen.append(script)
        return found
