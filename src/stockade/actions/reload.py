"""Reload: what a new list of actions changes, as a difference; nothing that stays the same is touched.

In: settings; the actions at work. Out: actions that can run, with the problems of those that cannot, so that a reload
is refused before anything has changed; then a `Change`. Runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stockade.actions.render import Action, build_action
from stockade.errors import Problem
from stockade.model.settings import ActionSettings


@dataclass(frozen=True, slots=True)
class Built:
    """An action that can run, and the settings it was made of."""

    settings: ActionSettings
    action: Action


@dataclass(frozen=True, slots=True)
class Change:
    """The way from one list of actions to another.

    `order` holds every name of the new list. `stays` are the same as before, `goes` vanish or are replaced, in their
    old order, `comes` are new or replace one of the same name.
    """

    order: tuple[str, ...]
    stays: tuple[str, ...]
    goes: tuple[str, ...]
    comes: tuple[Built, ...]


def build(
    settings: Iterable[ActionSettings], jail: str, *, has_free_ids: bool = False
) -> tuple[tuple[Built, ...], tuple[Problem, ...]]:
    """Makes every action that can be made; the problems tell of the others, one for all that are written in Python.

    `has_free_ids` tells that the jail's filter takes identifiers which need not be addresses.
    """
    settings = tuple(settings)
    built: list[Built] = []
    problems: list[Problem] = []
    for one in settings:
        if is_python(one):
            continue
        action, flaws = build_action(one, jail, has_free_ids=has_free_ids)
        problems += flaws
        if action is not None:
            built.append(Built(one, action))
    return tuple(built), (*problems, *_python_problem(settings, jail))


def is_python(settings: ActionSettings) -> bool:
    """Tells whether an action is a program in Python, which has no commands to run."""
    return settings.name.endswith(".py")


def difference(before: Mapping[str, ActionSettings], after: Sequence[Built]) -> Change:
    """Compares the actions at work, by their names in the jail, with a new list."""
    stays = {built.settings.actname for built in after if before.get(built.settings.actname) == built.settings}
    return Change(
        order=tuple(built.settings.actname for built in after),
        stays=tuple(name for name in before if name in stays),
        goes=tuple(name for name in before if name not in stays),
        comes=tuple(built for built in after if built.settings.actname not in stays),
    )


def _python_problem(settings: Iterable[ActionSettings], jail: str) -> tuple[Problem, ...]:
    names = [one.name for one in settings if is_python(one)]
    if not names:
        return ()
    message = f"[{jail}] actions written in Python are off: Stockade does not run code of action files"
    remedy = "use an action that runs a command"
    return (Problem(f"action.d/{names[0]}", 0, message, ", ".join(names), remedy, is_fatal=False),)
