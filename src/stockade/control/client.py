"""Client: the command line's end of the control socket; blocking, one call after the other.

In: a command of the table and its arguments; out: the result as `schema` describes it, or the daemon's own error as the
class it was there. Must not print.
"""

from __future__ import annotations

import errno
import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from stockade.control.wire import encode_request
from stockade.errors import PeerError, StockadeError, Unreachable

DEFAULT_PATH = Path("/run/stockade/control.sock")
MAX_REPLY = 512 * 1024 * 1024
"""Bytes of a reply (about two million bans); a longer one is given up with an error."""
TIMEOUT = 70.0
"""Seconds without a byte from the daemon: a little more than the daemon itself takes before it says it is busy."""

_CHUNK = 1 << 18
_START = "is stockade running? start it with `systemctl start stockade` or `stockade run`"


class Client:
    """One connection to the daemon, made at the first call."""

    def __init__(self, path: Path = DEFAULT_PATH, timeout: float = TIMEOUT) -> None:
        self._path = path
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def call(self, command: str, **arguments: object) -> dict[str, Any]:
        """Runs one command and gives its result; arguments that are None are left out.

        Raises Unreachable when no daemon answers, and the daemon's own error when it refuses.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        connected = self._connect()
        try:
            connected.sendall(encode_request(command, given))
        except TimeoutError:
            self._fail_late()
        except OSError:
            pass  # refused before it read us; what it has to say is waiting to be read
        return _read_reply(self._receive_line(connected))

    def close(self) -> None:
        """Ends the connection; idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        if self._socket is None:
            connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connecting.settimeout(self._timeout)
            try:
                connecting.connect(str(self._path))
            except (OSError, ValueError) as error:
                connecting.close()
                raise _explain(self._path, error) from None
            self._socket = connecting
        return self._socket

    def _receive_line(self, connected: socket.socket) -> bytes:
        """Reads up to the newline that ends the reply."""
        reply = bytearray()
        try:
            while not reply.endswith(b"\n"):
                received = connected.recv(_CHUNK)
                if not received:
                    self.close()
                    raise Unreachable("the daemon closed the connection without an answer", _START)
                reply += received
                if len(reply) > MAX_REPLY:
                    self.close()
                    raise PeerError(f"the daemon's answer is longer than {MAX_REPLY} bytes", "ask about one jail")
        except TimeoutError:
            self._fail_late()
        except OSError as error:
            self.close()
            raise _explain(self._path, error) from None
        return bytes(reply)

    def _fail_late(self) -> NoReturn:
        self.close()
        raise Unreachable(
            f"the daemon at {self._path} did not answer within {self._timeout:g} s",
            "look at its log: `journalctl -u stockade -n 50`",
        )


def _read_reply(line: bytes) -> dict[str, Any]:
    """Gives the result, or raises what the daemon answered."""
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise PeerError("what answers on the control socket is not stockade", "check --socket")
    if reply.get("ok") is True and isinstance(reply.get("result"), dict):
        result: dict[str, Any] = reply["result"]
        return result
    raise _rebuild(str(reply.get("code", "")), str(reply.get("message", "")), str(reply.get("remedy", "")))


def _rebuild(code: str, message: str, remedy: str) -> StockadeError:
    """Makes the error the daemon raised again, so that its exit status is the same here as there."""
    pending: list[type[StockadeError]] = [StockadeError]
    while pending:
        kind = pending.pop()
        if kind.code == code:
            return kind(message, remedy)
        pending += kind.__subclasses__()
    return PeerError(message or "the daemon answered with an error it did not name", remedy)


def _explain(path: Path, error: Exception) -> Unreachable:
    """Turns the host's refusal into what the operator can do about it."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EACCES, errno.EPERM):
        return Unreachable(f"no permission to talk to the daemon at {path}", "use sudo, or join the socket's group")
    if number == errno.ENOENT:
        return Unreachable(f"no daemon answers: there is no socket at {path}", _START)
    if number == errno.ECONNREFUSED:
        return Unreachable(f"no daemon answers at {path}: it has stopped", _START)
    if number == errno.EAGAIN:
        return Unreachable(f"the daemon at {path} is too busy to take the call", "try again in a moment")
    return Unreachable(f"cannot reach the daemon at {path}: {error}", "check --socket")
