"""The lines that travel over the control socket: values in, one line of JSON out.

Apart from `protocol` because the command line needs only this much of it, and each command should start fast.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from stockade.errors import StockadeError

VERSION = 1
"""Of the wire format; another one is refused. Adding commands, arguments or result fields does not change it."""


def encode_request(command: str, arguments: Mapping[str, object]) -> bytes:
    """Gives the line that asks for a command, newline included."""
    return _encode({"command": command, "arguments": arguments, "version": VERSION})


def encode_result(result: Mapping[str, object]) -> bytes:
    """Gives the line that answers with a result, newline included."""
    return _encode({"ok": True, "result": result})


def encode_error(error: StockadeError) -> bytes:
    """Gives the line that answers with an error (`schema.ErrorReply`), newline included."""
    return _encode({"ok": False, "code": error.code, "message": error.message, "remedy": error.remedy})


def _encode(value: Mapping[str, object]) -> bytes:
    """One line of pure ASCII: nothing in it can end the line early or reach a terminal as a control character."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
