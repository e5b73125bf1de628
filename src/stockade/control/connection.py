"""Connection: one client of the control socket, its unfinished request and its unsent reply.

In: readable/writable events of a non-blocking socket; out: one line at a time, and bytes to the client. While a
request is being answered, the next ones stay in the kernel's buffer: a client cannot make us hold more than one.
Must not parse, decide or know the selector.
"""

from __future__ import annotations

import socket
from enum import Enum

from stockade.control.protocol import MAX_REQUEST
from stockade.errors import RequestError
from stockade.model.clock import Monotonic


class Phase(Enum):
    """What the connection waits for."""

    READING = "a request"
    WAITING = "the owner's answer"
    WRITING = "the client to take the reply"
    CLOSED = "nothing"


class Connection:
    """One client. `token` is never used twice; `deadline` is when its present phase has taken too long.

    `fd` stays known after the socket is closed, `watched` is the mask it has in the server's selector (0: none) and
    `give_up` when a reply must have been taken as a whole; the server keeps these.
    """

    __slots__ = (
        *("_inbox", "_is_last", "_outbox", "deadline", "fd", "give_up", "phase"),
        *("pid", "socket", "token", "uid", "watched"),
    )

    def __init__(self, token: int, connected: socket.socket, uid: int, pid: int, deadline: Monotonic) -> None:
        self.token = token
        self.socket = connected
        self.uid = uid
        self.pid = pid
        self.deadline = deadline
        self.give_up = deadline
        self.fd = connected.fileno()
        self.watched = 0
        self.phase = Phase.READING
        self._inbox = bytearray()
        self._outbox = memoryview(b"")
        self._is_last = False

    @property
    def unsent(self) -> int:
        """Bytes of the reply that the client has not taken."""
        return len(self._outbox)

    def read_line(self) -> bytes | None:
        """Takes one line without its newline, or None while it is incomplete; CLOSED afterwards when the client left.

        Raises RequestError for a line longer than MAX_REQUEST.
        """
        try:
            seen = self.socket.recv(MAX_REQUEST + 1 - len(self._inbox), socket.MSG_PEEK)
            end = seen.find(b"\n") + 1
            taken = self.socket.recv(end or len(seen)) if seen else b""
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            taken, end = b"", 0
        if not taken:
            self.close()
            return None
        self._inbox += taken
        if end:
            line = bytes(self._inbox[:-1])
            self._inbox.clear()
            return line
        if len(self._inbox) > MAX_REQUEST:
            raise RequestError(f"the request is longer than {MAX_REQUEST} bytes", "send fewer ids in one request")
        return None

    def send(self, data: bytes, *, is_last: bool = False) -> None:
        """Begins to send a reply; with `is_last` the connection closes once the client has taken it."""
        self._outbox = memoryview(data)
        self._is_last = is_last
        self.phase = Phase.WRITING
        self.write()

    def write(self) -> bool:
        """Sends what the client takes now and tells whether it took any; READING or CLOSED when all is gone."""
        try:
            sent = self.socket.send(self._outbox)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self.close()
            return False
        self._outbox = self._outbox[sent:]
        if not self._outbox:
            self._outbox = memoryview(b"")  # lets go of the reply's bytes
            self.phase = Phase.READING
            if self._is_last:
                self.close()
        return sent > 0

    def close(self) -> None:
        """Ends the connection; idempotent."""
        self.phase = Phase.CLOSED
        self._outbox = memoryview(b"")
        self.socket.close()
