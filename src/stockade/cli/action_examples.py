"""Action examples: what the actions of a jail would run, for one invented ban of each family.

In: a jail's settings and the present time. Out: rows for `stockade config JAIL --actions`, and the problems of the
actions. Nothing is run and nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from stockade.actions import (
    COMMANDS,
    INET4,
    INET6,
    NO_FAMILY,
    Action,
    Ticket,
    build_action,
    empty_ticket,
    takes_free_ids,
)
from stockade.errors import Problem
from stockade.model.settings import JailSettings

ADDRESSES = {INET4: "192.0.2.1", INET6: "2001:db8::1"}
"""Addresses for documentation; nobody has them."""

_FOR_BANS = frozenset({"actionban", "actionprolong", "actionreban", "actionunban"})


class CommandRow(TypedDict):
    """One script, and the families it is the same for; `arguments` are the values its first line names."""

    command: str
    families: list[str]
    text: str
    arguments: list[str]


class ActionRow(TypedDict):
    """One action. `families_at_start` is empty when the first ban starts it; a family "" is one run for all."""

    name: str
    actname: str
    is_on_demand: bool
    is_norestored: bool
    timeout: float
    families_at_start: list[str]
    commands: list[CommandRow]


def action_rows(jail: JailSettings, now: float) -> tuple[list[ActionRow], list[Problem]]:
    """What each action of a jail would run; the actions that cannot be made are among the problems."""
    rows: list[ActionRow] = []
    problems: list[Problem] = []
    has_free_ids = takes_free_ids(jail.filter)
    for settings in jail.actions:
        action, own = build_action(settings, jail.name, has_free_ids=has_free_ids)
        problems += own
        if action is not None:
            rows.append(_row(action, jail, now))
    return rows, problems


def _row(action: Action, jail: JailSettings, now: float) -> ActionRow:
    return {
        "name": action.name,
        "actname": action.actname,
        "is_on_demand": action.is_on_demand,
        "is_norestored": action.is_norestored,
        "timeout": action.timeout,
        "families_at_start": [] if action.is_on_demand else list(action.families_at_start(True)),
        "commands": [row for command in COMMANDS for row in _command_rows(action, command, jail, now)],
    }


def _command_rows(action: Action, command: str, jail: JailSettings, now: float) -> Iterator[CommandRow]:
    """The scripts of one command, one for all families if they agree; a repeated ban is not shown twice."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    is_single = command not in _FOR_BANS and not action.is_on_demand and action.families_at_start(True) == (NO_FAMILY,)
    for family in (NO_FAMILY,) if is_single else (INET4, INET6):
        script = action.script(command, family, _ticket(command, family, jail, now))
        is_repetition = command == "actionreban" and script == action.script(
            "actionban", family, _ticket(command, family, jail, now)
        )
        if script is not None and not is_repetition:
            found.setdefault((script.text, script.arguments), []).append(family)
    for (text, arguments), families in found.items():
        yield {"command": command, "families": families, "text": text, "arguments": list(arguments)}


def _ticket(command: str, family: str, jail: JailSettings, now: float) -> Ticket:
    bantime = int(jail.ban.bantime)
    if command not in _FOR_BANS:
        return empty_ticket(jail.name, now, bantime)
    line = f"an example line of {ADDRESSES[family]}"
    fields = {"user": "alice"}
    return Ticket(
        jail.name,
        ADDRESSES[family],
        now,
        bantime,
        failures=jail.maxretry,
        matches=(line,),
        fields=fields,
        look_up=_late,
    )


def _late(tag: str) -> str:
    """Examples of what is looked up while the daemon runs."""
    return {
        "ip-host": "host.example",
        "fq-hostname": "this.example",
        "sh-hostname": "this",
        "ipmatches": "an example line",
        "ipjailmatches": "an example line",
    }.get(tag, "1")
