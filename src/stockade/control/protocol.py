"""The wire format of the control socket and the one table of its commands.

Newline-delimited JSON over a Unix stream socket. A request is `{"command": …, "arguments": {…}, "version": 1}`, its
reply `{"ok": true, "result": {…}}` or `{"ok": false, "code": …, "message": …, "remedy": …}`; one reply per request, in
order. In: bytes of a line; out: checked values, or RequestError. Must not know sockets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import accumulate
from typing import NoReturn

from stockade.control.arguments import Argument, Kind, Value, read_argument
from stockade.control.wire import VERSION
from stockade.errors import RequestError

__all__ = ["BY_NAME", "COMMANDS", "MAX_DEPTH", "MAX_REQUEST", "VERSION", "Call", "Command", "decode_request"]

MAX_REQUEST = 64 * 1024
"""Bytes of a request without its newline; a longer one is answered with an error and the connection is closed."""
MAX_DEPTH = 4
"""Nested lists and objects of a request; deeper is answered with an error before it is parsed."""

MAX_BRACKETS = 64
"""Brackets outside strings of a request (the table needs six); more count as too deep."""

_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `changes_state` ones need root or the daemon's own user; `one_of` names exclusive arguments."""

    name: str
    help: str
    changes_state: bool = False
    arguments: tuple[Argument, ...] = ()
    one_of: tuple[str, ...] = ()


_JAIL = Argument("jail", Kind.JAIL, "the name of one jail; all jails when left out")

COMMANDS: tuple[Command, ...] = (
    Command("ping", "Ask whether the daemon answers"),
    Command("version", "Tell the daemon's version"),
    Command("status", "Tell whether this machine is protected, and how each jail is doing", arguments=(_JAIL,)),
    Command("bans", "List who is banned now", arguments=(_JAIL,)),
    Command(
        "ban",
        "Ban addresses or networks by hand",
        changes_state=True,
        arguments=(
            Argument("ids", Kind.IDS, "addresses or networks, for example 192.0.2.1 or 2001:db8::/64", True),
            _JAIL,
            Argument("seconds", Kind.SECONDS, "how long, -1 for ever; the jail's own bantime when left out"),
            Argument("reason", Kind.TEXT, "a note that `why` shows"),
        ),
    ),
    Command(
        "unban",
        "Lift bans",
        changes_state=True,
        arguments=(
            Argument("ids", Kind.IDS, "addresses or networks as `bans` shows them"),
            Argument("all", Kind.FLAG, "true lifts every ban"),
            Argument("last", Kind.FLAG, "true lifts the newest ban"),
        ),
        one_of=("ids", "all", "last"),
    ),
    Command(
        "why",
        "Explain why an address is banned, or what keeps it from being banned",
        arguments=(Argument("id", Kind.ID, "one address or network", True),),
    ),
    Command("reload", "Read the configuration again; a wrong one leaves the running one untouched", changes_state=True),
)
"""Server and command-line help read this table; nothing else lists commands."""

BY_NAME: Mapping[str, Command] = {command.name: command for command in COMMANDS}


@dataclass(frozen=True, slots=True)
class Call:
    """A request that fits the table. Arguments left out or null are absent."""

    command: Command
    arguments: Mapping[str, Value] = field(default_factory=dict)


def decode_request(line: bytes, permit: Callable[[Command], None] = lambda _: None) -> Call:
    """Reads one request; raises RequestError that says what is wrong with it and what to send instead.

    `permit` may raise for a command this client must not use; it is asked before the costly part, the arguments.
    """
    request = _parse_object(line)
    unknown = request.keys() - {"command", "arguments", "version"}
    if unknown:
        _refuse(f"unknown key {min(unknown)!r}", "send command, arguments and version")
    if request.get("version") != VERSION or isinstance(request["version"], bool):
        _refuse(f"this daemon speaks version {VERSION} of the protocol", "use the stockade command it came with")
    command = _find_command(request.get("command"))
    permit(command)
    raw = request.get("arguments", {})
    if not isinstance(raw, dict):
        _refuse("'arguments' must be an object", '"arguments": {}')
    return Call(command, _read_arguments(command, raw))


def _parse_object(line: bytes) -> dict[str, object]:
    if _depth(line) > MAX_DEPTH:
        _refuse(f"the request is nested deeper than {MAX_DEPTH}", "arguments are flat")
    try:
        request = json.loads(line.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        _refuse("the request is not JSON in UTF-8", 'send {"command": "ping", "version": 1}')
    if not isinstance(request, dict):
        _refuse("the request is not an object", 'send {"command": "ping", "version": 1}')
    return request


def _depth(line: bytes) -> int:
    """Tells the deepest nesting outside strings without parsing, in time linear in the line."""
    outside = b"".join(line.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    brackets = outside.translate(None, _NO_BRACKETS)
    if len(brackets) > MAX_BRACKETS:
        return MAX_DEPTH + 1
    depths = accumulate(1 if bracket in b"[{" else -1 for bracket in brackets)
    return max(depths, default=0)


def _find_command(name: object) -> Command:
    if not isinstance(name, str):
        _refuse("'command' must be a string", f"one of: {', '.join(BY_NAME)}")
    if name not in BY_NAME:
        near = get_close_matches(name[:64], BY_NAME, n=1)
        _refuse(
            f"unknown command {name[:64]!r}", f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(BY_NAME)}"
        )
    return BY_NAME[name]


def _read_arguments(command: Command, raw: Mapping[str, object]) -> dict[str, Value]:
    given = {name: value for name, value in raw.items() if value is not None}
    names = [argument.name for argument in command.arguments]
    for name in given:
        if name not in names:
            _refuse(f"{command.name} has no argument {name[:64]!r}", f"it takes: {', '.join(names) or 'none'}")
    values = {a.name: read_argument(a, given[a.name]) for a in command.arguments if a.name in given}
    for argument in command.arguments:
        if argument.is_required and argument.name not in values:
            _refuse(f"{command.name} needs {argument.name!r}", f"{argument.name}: {argument.help}")
    values = {name: value for name, value in values.items() if value is not False}
    if command.one_of and sum(name in values for name in command.one_of) != 1:
        _refuse(f"{command.name} needs exactly one of {', '.join(command.one_of)}", "send one of them")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(message: str, remedy: str) -> NoReturn:
    raise RequestError(message, remedy)
