"""The stream side of a listener: accepts connections, gives each its turn, and ends those that misbehave.

In: the listening socket, an epoll that belongs to the source. Out: messages with their senders. At most so many
connections, in all and of one sender; what happens at each bound stands in `limits`. Must not block.
"""

from __future__ import annotations

import select
import socket
import struct
from collections import Counter
from collections.abc import Callable

from stockade.model.clock import Monotonic
from stockade.sources.syslog.connection import Channel, Connection
from stockade.sources.syslog.limits import (
    AUDIT_SECONDS,
    MAX_ACCEPTS,
    MAX_BYTES,
    MAX_CONNECTIONS,
    MAX_HANDSHAKES,
    MAX_MESSAGES,
    MAX_PER_SENDER,
    PROBE_SECONDS,
)
from stockade.sources.syslog.senders import Senders, holder
from stockade.sources.timer import Timer

Message = tuple[bytes, bytes]
"""A message and the name of its sender."""

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset, and leaves nothing behind in the kernel."""

_SHARE = 50
"""Messages one connection gives in its turn."""


class Streams:
    """The connections of one listening socket. `open_channel` makes the channel of an accepted one; `name` is the
    sender of what comes over a Unix socket."""

    def __init__(
        self,
        listening: socket.socket,
        epoll: select.epoll,
        senders: Senders,
        name: bytes,
        open_channel: Callable[[socket.socket], Channel],
    ) -> None:
        self.socket = listening
        self.counts: Counter[str] = Counter()
        self._epoll = epoll
        self._senders = senders
        self._name = name
        self.open_channel = open_channel
        self._connections: dict[int, Connection] = {}
        self._per_sender: Counter[str] = Counter()
        self._ready: dict[int, Connection] = {}
        self._audit = Timer(AUDIT_SECONDS)
        self._paused_until: Monotonic | None = None
        epoll.register(listening.fileno(), select.EPOLLIN)

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._connections)

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while a connection has more; else when connections must be looked at."""
        if self._ready:
            return now
        return min((at for at in (self._audit.due, self._paused_until) if at is not None), default=None)

    def take(self, events: list[tuple[int, int]], now: Monotonic) -> list[Message]:
        """Takes what is there, at most MAX_MESSAGES; `events` are the epoll's."""
        self._resume(now)
        for descriptor, _ in events:
            if descriptor == self.socket.fileno():
                self._accept(now)
            elif descriptor in self._connections:
                self._ready[descriptor] = self._connections[descriptor]
        messages = self._serve(now)
        is_owing = any(connection.owes for connection in self._connections.values())
        if self._audit.is_due(now, is_wanted=is_owing):
            for descriptor, connection in list(self._connections.items()):
                connection.check(now)
                self._end_if_over(descriptor, connection)
        return messages

    def _serve(self, now: Monotonic) -> list[Message]:
        """Gives ready connections their turns, one after the other, until the share of this `read` is used up."""
        messages: list[Message] = []
        handshakes, size = MAX_HANDSHAKES, 0
        again: dict[int, Connection] = {}
        for descriptor, connection in list(self._ready.items()):
            is_shaking = connection.channel.is_shaking
            if len(messages) >= MAX_MESSAGES or size >= MAX_BYTES or (is_shaking and not handshakes):
                continue
            del self._ready[descriptor]
            handshakes -= is_shaking
            cut = connection.frames.cut
            taken = connection.take(min(_SHARE, MAX_MESSAGES - len(messages)), now)
            self.counts["cut"] += connection.frames.cut - cut
            messages += [(message, connection.sender) for message in taken]
            size += sum(map(len, taken))
            if connection.has_more:
                again[descriptor] = connection
            self._watch(descriptor, connection)
            self._end_if_over(descriptor, connection)
        self._ready |= again  # behind those that had no turn
        return messages

    def _watch(self, descriptor: int, connection: Connection) -> None:
        """Waits for what the connection waits for; only TLS ever writes."""
        if connection.channel.is_writing is not connection.is_watched_writing:
            connection.is_watched_writing = connection.channel.is_writing
            self._epoll.modify(descriptor, select.EPOLLOUT if connection.is_watched_writing else select.EPOLLIN)

    # Coming and going

    def _accept(self, now: Monotonic) -> None:
        for _ in range(MAX_ACCEPTS):
            try:
                accepted, address = self.socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no descriptors or memory left
                self._epoll.modify(self.socket.fileno(), 0)
                self._paused_until = Monotonic(now + AUDIT_SECONDS)
                self.counts["refused"] += 1
                return
            accepted.setblocking(False)
            host = address[0] if isinstance(address, tuple) else ""
            fault = self._fault_of(host, now)
            if fault:
                self.counts[fault] += 1
                _turn_away(accepted)
            else:
                self._admit(accepted, host, now)

    def _fault_of(self, host: str, now: Monotonic) -> str:
        """Why somebody is not let in, as a counter's name; makes room where it may."""
        if host and not self._senders.may_send(host):
            return "forbidden"
        if host and self._per_sender[holder(host)] >= MAX_PER_SENDER:
            return "refused"
        if len(self._connections) < MAX_CONNECTIONS:
            return ""
        descriptor, spare = max(self._connections.items(), key=lambda item: item[1].spare_for(now))
        if spare.spare_for(now) < 0:
            return "refused"
        self.counts["refused"] += 1
        self._end(descriptor, spare)
        return ""

    def _admit(self, accepted: socket.socket, host: str, now: Monotonic) -> None:
        try:
            if host:
                _probe(accepted)
            channel = self.open_channel(accepted)
        except OSError:  # gone already
            accepted.close()
            return
        connection = Connection(channel, host, now)
        if not host:
            connection.sender = self._name
        descriptor = channel.fileno()
        self._connections[descriptor] = connection
        self._per_sender[connection.holder] += 1
        self._epoll.register(descriptor, select.EPOLLIN)

    def _end_if_over(self, descriptor: int, connection: Connection) -> None:
        if connection.is_over:
            self._end(descriptor, connection)

    def _end(self, descriptor: int, connection: Connection) -> None:
        if connection.fault:
            self.counts[connection.fault] += 1
        self._epoll.unregister(descriptor)
        del self._connections[descriptor]
        self._ready.pop(descriptor, None)
        self._per_sender[connection.holder] -= 1
        if not self._per_sender[connection.holder]:
            del self._per_sender[connection.holder]
        connection.close()

    def _resume(self, now: Monotonic) -> None:
        """Accepts again after a pause."""
        if self._paused_until is not None and now >= self._paused_until:
            self._paused_until = None
            self._epoll.modify(self.socket.fileno(), select.EPOLLIN)

    def lost(self) -> int:
        """Messages the kernel dropped: none, senders of streams wait."""
        return 0

    def release(self) -> socket.socket:
        """Ends every connection, and gives away the listening socket."""
        for descriptor, connection in list(self._connections.items()):
            self._end(descriptor, connection)
        self._epoll.unregister(self.socket.fileno())
        return self.socket


def _probe(accepted: socket.socket) -> None:
    """Lets the kernel find out whether a silent peer still lives."""
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_SECONDS)
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)


def _turn_away(accepted: socket.socket) -> None:
    try:
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    except OSError:
        return
    finally:
        accepted.close()
