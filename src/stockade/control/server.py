"""ControlServer: the daemon's end of the control socket, driven by the daemon's selector loop.

In: readiness of its descriptors; out: `Request`s that fit the table and whose sender may make them, to the owner, who
answers each one whenever it is ready (`reply`). Everything else is answered here. Must not block, read a clock or
know what a command does.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stockade.control.arguments import Value
from stockade.control.connection import Connection, Phase
from stockade.control.listener import Listener, peer_credentials
from stockade.control.protocol import Command, decode_request
from stockade.control.wire import encode_error, encode_result
from stockade.errors import Bug, PeerError, RequestError, StockadeError
from stockade.model.clock import Monotonic, Seconds

MAX_CLIENTS = 64
"""Open connections; one more is told so and closed."""
RESERVED_CLIENTS = 8
"""Of MAX_CLIENTS, places that only root and the daemon's own user may take, so that readers cannot shut them out."""
MAX_UNSENT = 64 * 1024 * 1024
"""Bytes of replies not yet taken, all clients together; a further reply is replaced by an error. One reply may pass."""
IDLE: Seconds = 60.0
"""A client that asks nothing for this long is closed."""
SLOW_READER: Seconds = 30.0
"""A client that takes no byte of its reply for this long is closed."""
LONGEST_REPLY: Seconds = 300.0
"""A client that has not taken the whole of its reply by then is closed, however steadily it trickles."""
UNANSWERED: Seconds = 60.0
"""A request the owner has not answered by then gets an error (the command may still take effect) and a close."""
ACCEPTS = 16
"""New connections taken in one turn, so that a flood of them cannot hold up the loop."""
REST: Seconds = 1.0
"""How long nothing is accepted after the host ran out of descriptors or memory."""

_MASKS = {Phase.READING: selectors.EVENT_READ, Phase.WAITING: 0, Phase.WRITING: selectors.EVENT_WRITE}
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


@dataclass(frozen=True, slots=True)
class Request:
    """One command of one client, checked against the table and the client's rights. `client` goes back to `reply`."""

    client: int
    command: str
    arguments: Mapping[str, Value]
    peer_uid: int
    peer_pid: int


class _Forbidden(RequestError):
    """A command that this client must not use."""


@dataclass(slots=True)
class _Counters:
    accepted: int = 0
    refused: int = 0
    requests: int = 0
    malformed: int = 0
    forbidden: int = 0
    timed_out: int = 0


@dataclass(slots=True)
class _Clients:
    """The same connections by token (for replies) and by descriptor (for events)."""

    by_token: dict[int, Connection] = field(default_factory=dict)
    by_fd: dict[int, Connection] = field(default_factory=dict)


class ControlServer:
    """Owns the listening socket and every connection to it."""

    def __init__(
        self, path: Path, *, owner_uid: int | None = None, group: int | None = None, mode: int = 0o660
    ) -> None:
        """Listens at `path`. Commands that change state are for root and `owner_uid` (our own when None).

        Raises HostError when a daemon already runs there or the host refuses.
        """
        self._listener = Listener(path, group, mode)
        self._owner_uid = os.geteuid() if owner_uid is None else owner_uid
        self._selector: selectors.BaseSelector | None = None
        self._data: object = None
        self._clients = _Clients()
        self._counters = _Counters()
        self._next_token = 1
        self._now = Monotonic(0.0)
        self._accept_again: Monotonic | None = None

    def register(self, selector: selectors.BaseSelector, data: object = None) -> None:
        """Enters the socket and, from now on, every connection into the loop's selector, each with `data`."""
        self._selector = selector
        self._data = data
        selector.register(self._listener.socket, selectors.EVENT_READ, data)

    def fileno(self) -> int:
        """The descriptor of the listening socket."""
        return self._listener.socket.fileno()

    def owns(self, key: selectors.SelectorKey) -> bool:
        """Tells whether an event of the selector is ours."""
        return key.fd == self.fileno() or key.fd in self._clients.by_fd

    def handle(self, key: selectors.SelectorKey, mask: int, now: Monotonic) -> list[Request]:
        """Takes one ready descriptor; gives the requests that became complete (at most one)."""
        self._now = now
        if key.fd == self.fileno():
            self._accept()
            return []
        client = self._clients.by_fd.get(key.fd)
        if client is None:
            return []
        if client.phase is Phase.WRITING:
            self._continue_reply(client)
            return []
        request = self._read(client) if mask & selectors.EVENT_READ else None
        return [request] if request else []

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """When `expire` must be called; None: never."""
        times = [client.deadline for client in self._clients.by_token.values()]
        if self._accept_again is not None:
            times.append(self._accept_again)
        return max(min(times), now) if times else None

    def expire(self, now: Monotonic) -> None:
        """Closes the clients whose time is up; see the bounds at the head of this module."""
        self._now = now
        if self._accept_again is not None and self._accept_again <= now:
            self._accept_again = None
            if self._selector is not None:
                self._selector.register(self._listener.socket, selectors.EVENT_READ, self._data)
        for client in [c for c in self._clients.by_token.values() if c.deadline <= now]:
            self._counters.timed_out += 1
            if client.phase is Phase.WAITING:
                late = PeerError("the daemon is too busy to answer", "the command may still take effect: look again")
                client.send(encode_error(late), is_last=True)
            self._drop(client)

    def reply(self, client: int, outcome: Mapping[str, object] | StockadeError) -> None:
        """Answers a client's request with a result of `schema` or an error; a client that has left is ignored."""
        connection = self._clients.by_token.get(client)
        if connection is None or connection.phase is not Phase.WAITING:
            return
        try:
            data = encode_error(outcome) if isinstance(outcome, StockadeError) else encode_result(outcome)
        except (TypeError, ValueError) as error:
            data = encode_error(Bug(f"the daemon's answer cannot be sent: {error}", "please report it"))
        self._send(connection, data)

    def statistics(self) -> dict[str, int]:
        """Counts since the start, and the clients connected now."""
        counters = self._counters
        return {
            "clients": len(self._clients.by_token),
            "accepted": counters.accepted,
            "refused": counters.refused,
            "requests": counters.requests,
            "malformed": counters.malformed,
            "forbidden": counters.forbidden,
            "timed_out": counters.timed_out,
        }

    def close(self) -> None:
        """Closes every connection, answered or not, and removes the socket; idempotent, whoever closed the selector."""
        if self._selector is not None and self._selector.get_map() is None:
            self._selector = None
        for client in list(self._clients.by_token.values()):
            self._drop(client)
        if self._selector is not None and self._accept_again is None:
            self._selector.unregister(self._listener.socket)
        self._selector = None
        self._listener.close()

    def _accept(self) -> None:
        for _ in range(ACCEPTS):
            try:
                connected, _address = self._listener.socket.accept()
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._rest()
                return
            self._admit(connected)

    def _admit(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        uid, pid = peer_credentials(connected)
        client = Connection(self._next_token, connected, uid, pid, Monotonic(self._now + IDLE))
        self._next_token += 1
        places = MAX_CLIENTS if self._is_trusted(uid) else MAX_CLIENTS - RESERVED_CLIENTS
        if len(self._clients.by_token) >= places:
            self._counters.refused += 1
            full = PeerError(f"all {places} places at the control socket are taken", "try again in a moment")
            client.send(encode_error(full), is_last=True)
            client.close()
            return
        self._counters.accepted += 1
        self._clients.by_token[client.token] = client
        self._clients.by_fd[client.fd] = client
        self._settle(client)

    def _rest(self) -> None:
        """Stops accepting for a while: a listening socket that stays readable would spin the loop."""
        if self._selector is not None:
            self._selector.unregister(self._listener.socket)
        self._accept_again = Monotonic(self._now + REST)

    def _is_trusted(self, uid: int) -> bool:
        return uid in (0, self._owner_uid)

    def _read(self, client: Connection) -> Request | None:
        """Takes a line; a wrong one is answered here, and after one that is too long nothing more is understood."""
        try:
            line = client.read_line()
        except RequestError as error:
            self._counters.malformed += 1
            self._send(client, encode_error(error), is_last=True)
            return None
        if line is None:
            self._settle(client)
            return None
        return self._take(client, line)

    def _take(self, client: Connection, line: bytes) -> Request | None:
        self._counters.requests += 1
        try:
            call = decode_request(line, lambda command: self._permit(command, client.uid))
        except RequestError as error:
            self._counters.forbidden += isinstance(error, _Forbidden)
            self._counters.malformed += not isinstance(error, _Forbidden)
            self._send(client, encode_error(error))
            return None
        client.phase = Phase.WAITING
        client.deadline = Monotonic(self._now + UNANSWERED)
        self._settle(client)
        return Request(client.token, call.command.name, call.arguments, client.uid, client.pid)

    def _permit(self, command: Command, uid: int) -> None:
        if command.changes_state and not self._is_trusted(uid):
            raise _Forbidden(
                f"{command.name} is for root and the daemon's own user (you are uid {uid})",
                f"sudo stockade {command.name} …",
            )

    def _send(self, client: Connection, data: bytes, *, is_last: bool = False) -> None:
        unsent = sum(other.unsent for other in self._clients.by_token.values())
        if unsent and unsent + len(data) > MAX_UNSENT:
            data = encode_error(PeerError("too many replies wait for slow readers", "try again in a moment"))
        client.give_up = Monotonic(self._now + LONGEST_REPLY)
        client.send(data, is_last=is_last)
        self._time_reply(client)

    def _continue_reply(self, client: Connection) -> None:
        if client.write() or client.phase is Phase.CLOSED:
            self._time_reply(client)

    def _time_reply(self, client: Connection) -> None:
        """Sets the deadline after a step of a reply: the next step's, or that of the next request."""
        if client.phase is Phase.READING:
            client.deadline = Monotonic(self._now + IDLE)
        else:
            client.deadline = min(Monotonic(self._now + SLOW_READER), client.give_up)
        self._settle(client)

    def _settle(self, client: Connection) -> None:
        """Brings the selector and the tables in line with what the connection waits for."""
        if client.phase is Phase.CLOSED:
            self._drop(client)
            return
        self._watch(client, _MASKS[client.phase])

    def _watch(self, client: Connection, mask: int) -> None:
        if self._selector is None or mask == client.watched:
            return
        if not client.watched:
            self._selector.register(client.fd, mask, self._data)
        elif mask:
            self._selector.modify(client.fd, mask, self._data)
        else:
            self._selector.unregister(client.fd)
        client.watched = mask

    def _drop(self, client: Connection) -> None:
        self._watch(client, 0)
        client.close()
        self._clients.by_token.pop(client.token, None)
        self._clients.by_fd.pop(client.fd, None)
