"""Rendering, the front: one configured action of a jail, made from its settings once and then asked for scripts.

In: `ActionSettings`. Out: an immutable `Action` and every problem found in it; later a `Script` per command, family
and ticket. It runs nothing and remembers nothing of what was run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from stockade.actions.advice import advise
from stockade.actions.families import FAMILIES, families_at_start, has_variants, named_families
from stockade.actions.properties import Unresolvable, expand
from stockade.actions.quoting import clean
from stockade.actions.script import Script, render
from stockade.actions.tags import Template, parse
from stockade.actions.ticket import Ticket
from stockade.errors import Bug, Problem
from stockade.model.clock import Seconds
from stockade.model.settings import COMMANDS, ActionSettings

__all__ = ["COMMANDS", "DEFAULT_TIMEOUT", "Action", "Script", "build_action"]

DEFAULT_TIMEOUT: Final[Seconds] = 60.0
"""How long a command may run unless the action says otherwise."""

_YES = frozenset({"1", "on", "true", "yes"})


@dataclass(frozen=True, slots=True)
class Action:
    """One action of one jail. The flags are those of the dialect; `timeout` is that of each single command."""

    name: str
    actname: str
    is_on_demand: bool
    is_norestored: bool
    is_repair_on_unban: bool
    timeout: Seconds
    _properties: Mapping[str, str]
    _templates: Mapping[tuple[str, str], Template]

    def families_at_start(self, is_ipv6_allowed: bool) -> tuple[str, ...]:
        """The families to start for when the jail starts; ("",) is one run for none in particular."""
        return families_at_start(self._properties, is_ipv6_allowed)

    def has(self, command: str) -> bool:
        """Tells whether a command does anything, for any family."""
        return any(self._template(command, family).pieces for family in FAMILIES)

    @property
    def is_prolongable(self) -> bool:
        """Tells whether the action wants to hear of a ban that became longer."""
        return self.has("actionprolong")

    def script(self, command: str, family: str, ticket: Ticket) -> Script | None:
        """What to run for a command; None if there is nothing, which counts as success.

        `family` is the ticket's, or the one to start, stop, flush or check. Calls the ticket's `look_up`.
        """
        return render(self._template(command, family), ticket, family)

    def _template(self, command: str, family: str) -> Template:
        try:
            return self._templates[command, family]
        except KeyError:
            raise Bug(f"no such command or family: {command!r}, {family!r}") from None


def build_action(
    settings: ActionSettings, jail: str, *, has_free_ids: bool = False
) -> tuple[Action | None, tuple[Problem, ...]]:
    """Makes an action, or says why it cannot be made; there may be problems that do not prevent it.

    An action written in Python is None without a problem: the reader has told that it is left out. `has_free_ids`
    tells that the jail's filter takes identifiers which need not be addresses (`takes_free_ids`); the advice on quotes
    then covers `<ip>` and `<fid>` too.
    """
    if settings.name.endswith(".py"):
        return None, ()
    properties = {**dict.fromkeys(COMMANDS, ""), "timeout": f"{DEFAULT_TIMEOUT:g}", **settings.properties}
    templates: dict[tuple[str, str], Template] = {}
    mistakes: dict[str, Problem] = {}
    for command in COMMANDS:
        for family in FAMILIES:
            template = _template(command, properties, family)
            if isinstance(template, Unresolvable):
                mistakes.setdefault(command, _mistake(settings, jail, command, template))
            else:
                templates[command, family] = template
    advice = _advice(settings, jail, properties, templates, has_free_ids=has_free_ids)
    if mistakes:
        return None, (*mistakes.values(), *advice)
    _use_ban_for_reban(templates)
    return _action(settings, properties, templates), tuple(advice)


def _template(command: str, properties: Mapping[str, str], family: str) -> Template | Unresolvable:
    """The command taken apart; a blank one has no pieces."""
    text = expand(command, properties, family)
    if isinstance(text, Unresolvable):
        return text
    return parse(clean(text)) if text.strip() else Template((), ())


def _action(
    settings: ActionSettings, properties: Mapping[str, str], templates: Mapping[tuple[str, str], Template]
) -> Action:
    on_demand = properties.get("actionstart_on_demand")
    return Action(
        name=settings.name,
        actname=settings.actname,
        is_on_demand=has_variants(properties) if on_demand is None else _is_yes(on_demand),
        is_norestored=_is_yes(properties.get("norestored", "")),
        is_repair_on_unban=_is_yes(properties.get("actionrepair_on_unban", "")),
        timeout=_seconds(properties["timeout"]) or DEFAULT_TIMEOUT,
        _properties=MappingProxyType(dict(properties)),
        _templates=MappingProxyType(dict(templates)),
    )


def _use_ban_for_reban(templates: dict[tuple[str, str], Template]) -> None:
    """A ban that is repeated after a repair is the same command unless the action has another."""
    for family in FAMILIES:
        if not templates["actionreban", family].pieces:
            templates["actionreban", family] = templates["actionban", family]


def _advice(
    settings: ActionSettings,
    jail: str,
    properties: Mapping[str, str],
    templates: Mapping[tuple[str, str], Template],
    *,
    has_free_ids: bool,
) -> list[Problem]:
    """Every warning once, although most commands are the same for all families."""
    found: dict[tuple[str, str], Problem] = {}
    for (command, _), template in templates.items():
        for message, remedy in advise(template, has_free_ids=has_free_ids):
            found.setdefault((command, message), _problem(settings, jail, command, message, remedy, is_fatal=False))
    for message, value, remedy in _wrong_values(properties):
        found[message, value] = _problem(
            settings, jail, message, f"{value!r} is not understood", remedy, is_fatal=False
        )
    return list(found.values())


def _wrong_values(properties: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Options with a value that is left out: (option, value, remedy)."""
    if _seconds(properties["timeout"]) is None:
        yield "timeout", properties["timeout"], f"write a time above 0; {DEFAULT_TIMEOUT:g} s are used"
    for word in named_families(properties)[1]:
        yield "families", word, "write inet4, inet6 or both"


def _mistake(settings: ActionSettings, jail: str, command: str, reason: Unresolvable) -> Problem:
    remedy = f"look at tag <{reason.tag}> in action.d/{settings.name}.conf and at the action's arguments"
    return _problem(settings, jail, command, reason.message, remedy, is_fatal=True)


def _problem(settings: ActionSettings, jail: str, option: str, message: str, remedy: str, *, is_fatal: bool) -> Problem:
    text = f"action {settings.actname!r}, {option}: {message}"
    return Problem(f"action.d/{settings.name}.conf", 0, text, "", remedy, jail, is_fatal)


def _is_yes(text: str) -> bool:
    return text.strip().lower() in _YES


def _seconds(text: str) -> Seconds | None:
    """A time as the configuration delivers it: a finite number above 0."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
