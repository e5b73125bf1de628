"""The datagram side of a listener: one socket, each datagram a message.

In: the bound socket, an epoll that belongs to the source. Out: messages with their senders. Datagrams that arrive
faster than they are read are dropped by the kernel, which counts them. Must not block.
"""

from __future__ import annotations

import select
import socket
import struct
from collections import Counter

from stockade.model.clock import Monotonic
from stockade.sources.syslog.limits import MAX_BYTES, MAX_MESSAGE, MAX_MESSAGES
from stockade.sources.syslog.message import shortened
from stockade.sources.syslog.senders import Senders, name_of
from stockade.sources.syslog.streams import Message

_SO_MEMINFO, _MEMINFO = 55, struct.Struct("9I")
"""<asm-generic/socket.h> and <linux/sock_diag.h>: counters of one socket, the last of them what was dropped."""


class Datagrams:
    """The messages of one datagram socket; `name` is the sender of what comes over a Unix socket."""

    def __init__(self, bound: socket.socket, epoll: select.epoll, senders: Senders, name: bytes) -> None:
        self.socket = bound
        self.counts: Counter[str] = Counter()
        self._epoll = epoll
        self._senders = senders
        self._name = name
        self._has_more = False
        self.connections = 0
        epoll.register(bound.fileno(), select.EPOLLIN)

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while the socket may have more."""
        return now if self._has_more else None

    def take(self, events: list[tuple[int, int]], now: Monotonic) -> list[Message]:
        """Takes what is there, at most MAX_MESSAGES."""
        messages: list[Message] = []
        receive, size = self.socket.recvfrom, 0
        for _ in range(MAX_MESSAGES):
            if size >= MAX_BYTES:
                break
            try:
                data, address = receive(MAX_MESSAGE + 1)
            except OSError:  # nothing more; or an error of an earlier datagram, which concerns nobody
                self._has_more = False
                return messages
            size += len(data)
            host = address[0] if isinstance(address, tuple) else ""
            if host and not self._senders.may_send(host):
                self.counts["forbidden"] += 1
                continue
            if len(data) > MAX_MESSAGE:
                data = shortened(data)
                self.counts["cut"] += 1
            messages.append((data, name_of(host) if host else self._name))
        self._has_more = True
        return messages

    def lost(self) -> int:
        """Datagrams that the kernel dropped since the socket was opened."""
        try:
            return int(_MEMINFO.unpack(self.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[-1])
        except (OSError, struct.error):  # a kernel before 4.12
            return 0

    def release(self) -> socket.socket:
        """Gives away the socket."""
        self._epoll.unregister(self.socket.fileno())
        return self.socket
