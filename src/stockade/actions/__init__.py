"""The actions of jails: settings in; scripts for a shell out, and (see `runner`) what became of them.

Rendering: `build_action` makes an `Action` of its settings, `Action.script` a `Script` for one command, family and
`Ticket`. No value of a ticket ever becomes part of a script's text unless it is free of special characters.
"""

from __future__ import annotations

from stockade.actions.advice import takes_free_ids
from stockade.actions.families import FAMILIES, INET4, INET6, NO_FAMILY, family_of
from stockade.actions.render import COMMANDS, DEFAULT_TIMEOUT, Action, build_action
from stockade.actions.script import Script
from stockade.actions.ticket import LATE_TAGS, Ticket, empty_ticket, ticket_of

__all__ = [
    "COMMANDS",
    "DEFAULT_TIMEOUT",
    "FAMILIES",
    "INET4",
    "INET6",
    "LATE_TAGS",
    "NO_FAMILY",
    "Action",
    "Script",
    "Ticket",
    "build_action",
    "empty_ticket",
    "family_of",
    "takes_free_ids",
    "ticket_of",
]
