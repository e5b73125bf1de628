"""Owns one address at which syslog messages arrive, as a source: its socket, its connections, what it says of itself.

In: settings, and what this machine adds to a message (clock, zone, name). Out: `Entries`, lines as a syslog daemon
would have written them, with their times. An address that cannot be opened is tried again. Must not block, and must not
let one sender, or all of them, cost other sources more than a few milliseconds a turn.
"""

from __future__ import annotations

import os
import select
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial

from stockade.errors import SourceError
from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic, Wall
from stockade.model.saying import Level, Saying
from stockade.model.settings import SyslogSettings
from stockade.sources.syslog.connection import Channel, PlainChannel
from stockade.sources.syslog.datagrams import Datagrams
from stockade.sources.syslog.dates import Dates
from stockade.sources.syslog.limits import MAX_CONNECTIONS, RETRY_SECONDS
from stockade.sources.syslog.message import Messages
from stockade.sources.syslog.opening import STREAMS, opened, removed
from stockade.sources.syslog.senders import Senders
from stockade.sources.syslog.streams import Message, Streams

OpenChannel = Callable[[socket.socket], Channel]

_FAULTS = {
    "cut": "too long and cut",
    "forbidden": "from senders that `from` does not name",
    "refused": "connections too many",
    "garbled": "connections ended because they spoke no syslog",
    "stalled": "connections ended because they stalled",
    "untrusted": "TLS handshakes failed",
    "unfinished": "messages not finished",
}
"""What is counted, and how `status` says it."""


@dataclass(frozen=True, slots=True)
class Local:
    """What this machine adds to messages: the time of arrival, the zone of dates without one, and its name."""

    wall: Callable[[], Wall]
    zone: tzinfo
    name: str


def syslog_name(settings: SyslogSettings) -> str:
    """The name of the source of an address: `syslog:udp:192.0.2.1:514`."""
    return f"syslog:{settings.address}"


class SyslogListener:
    """A `Source` of the messages that arrive at one address, for however many jails."""

    def __init__(self, settings: SyslogSettings, local: Local) -> None:
        self.settings = settings
        self.source = syslog_name(settings)
        self._local = local
        self._name = local.name.encode("ascii", "replace")
        self._messages = Messages(Dates(local.zone))
        self._epoll = select.epoll()
        self._receiver: Streams | Datagrams | None = None
        self._open_channel: OpenChannel = PlainChannel
        self._problem: SourceError | None = None
        self._sayings: list[Saying] = []
        self._retry_at: Monotonic | None = None
        self._inode = 0
        self._counts: Counter[str] = Counter()

    # The Source protocol

    def fileno(self) -> int:
        """A descriptor that stays the same while sockets come and go; -1 after `close`."""
        return -1 if self._epoll.closed else self._epoll.fileno()

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while messages wait, else when connections are looked at or the address is tried again."""
        if self._receiver is not None:
            return self._receiver.deadline(now)
        if self._epoll.closed:
            return None
        return now if self._retry_at is None else self._retry_at

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what is there."""
        if self._receiver is None:
            self.open(now)
        if self._receiver is None:
            return []
        return self._entries(self._receiver.take(self._epoll.poll(0), now))

    def status(self) -> list[SourceStatus]:
        """One row."""
        size = self._counts["bytes"]
        if self._receiver is None:
            problem = self._problem
            detail = f"{problem.message} → {problem.remedy}" if problem else "it is opened"
            return [SourceStatus(self.source, "failed" if problem else "waiting", detail, size)]
        return [SourceStatus(self.source, "reading", "; ".join(self._remarks()), size)]

    def close(self) -> None:
        """Closes the socket and every connection, and removes the socket's file; idempotent."""
        if self._receiver is not None:
            self._release(self._receiver).close()
            removed(self.settings, self._inode)
        self._epoll.close()

    # For the owner

    def open(self, now: Monotonic) -> None:
        """Opens the address, unless it is open or was tried a moment ago; a problem shows in `status`."""
        is_early = self._retry_at is not None and now < self._retry_at
        if self._epoll.closed or self._receiver is not None or is_early:
            return
        try:
            self._open_channel = self._channels()
            self._listen(opened(self.settings))
        except SourceError as error:
            self._complain(error)
            self._retry_at = Monotonic(now + RETRY_SECONDS)
        else:
            self._inode = os.lstat(self.settings.path).st_ino if self.settings.path else 0

    def take_over(self, before: SyslogListener) -> bool:
        """Goes on with the socket of a listener at the same address that had other settings: no datagram is lost.
        Connections end, and their senders connect again.

        False when there is nothing to go on with: the other one is not open, or its file has other rights.
        """
        mine, its = self.settings, before.settings
        is_same = (mine.address, mine.mode, mine.owner, mine.group) == (its.address, its.mode, its.owner, its.group)
        if before._receiver is None or not is_same:
            return False
        self._inode = before._inode
        self._counts = before._counts
        self._open_channel = before._open_channel
        self._listen(before._release(before._receiver))
        self.renew()
        return True

    def renew(self) -> None:
        """Reads certificates again, at a reload; if that fails the old ones stay in use, and `status` says so."""
        try:
            self._open_channel = self._channels()
            self._problem = None
        except SourceError as error:
            self._complain(error)
        if isinstance(self._receiver, Streams):
            self._receiver.open_channel = self._open_channel

    def take_sayings(self) -> list[Saying]:
        """What has gone wrong since the last call, or is mended: said once."""
        sayings, self._sayings = self._sayings, []
        return sayings

    def statistics(self) -> dict[str, int]:
        """Counts since the start: messages, bytes, dropped (by the kernel), connections now, and every fault."""
        known = dict.fromkeys(("messages", "bytes", *_FAULTS, "connections", "dropped"), 0)
        receiver = self._receiver
        if receiver is None:
            return {**known, **self._counts}
        now = {"connections": receiver.connections, "dropped": receiver.lost()}
        return {**known, **(self._counts + receiver.counts), **now}

    # How it is done

    def _release(self, receiver: Streams | Datagrams) -> socket.socket:
        """Gives the bound socket away, with what waits in it."""
        self._receiver = None
        self._counts.update(receiver.counts)
        return receiver.release()

    def _channels(self) -> OpenChannel:
        if self.settings.kind != "tls":
            return PlainChannel
        from stockade.sources.syslog import tls  # noqa: PLC0415 - OpenSSL is loaded only where it is wanted

        return partial(tls.TlsChannel, context=tls.server_context(self.settings))

    def _listen(self, bound: socket.socket) -> None:
        senders = Senders(self.settings.senders)
        if self.settings.kind in STREAMS:
            self._receiver = Streams(bound, self._epoll, senders, self._name, self._open_channel)
        else:
            self._receiver = Datagrams(bound, self._epoll, senders, self._name)
        if self._problem is not None:
            self._sayings = [Saying(Level.NOTICE, f"listening on {self.settings.address} now")]
        self._problem = self._retry_at = None

    def _complain(self, error: SourceError) -> None:
        """Says a problem, unless it is the one that is known; of several nobody has asked about, the last counts."""
        if self._problem is None or self._problem.message != error.message:
            self._sayings = [Saying(Level.ERROR, f"{error.message} → {error.remedy}")]
        self._problem = error

    def _entries(self, messages: list[Message]) -> list[Chunk | Entries]:
        if not messages:
            return []
        now, entry = self._local.wall(), self._messages.entry
        self._counts["messages"] += len(messages)
        self._counts["bytes"] += sum(len(data) for data, _ in messages)
        entries = tuple(found for data, sender in messages if (found := entry(data, sender, now)) is not None)
        is_spoofable = self.settings.is_spoofable
        return [Entries(self.source, entries, "", is_live=True, is_spoofable=is_spoofable)] if entries else []

    def _remarks(self) -> list[str]:
        """What `status` says besides that it is read."""
        counts = self.statistics()
        found = ["anybody can forge the sender of UDP"] if self.settings.is_spoofable else []
        if self._problem is not None:
            found.append(f"{self._problem.message} → {self._problem.remedy}")
        if counts["dropped"]:
            found.append(f"{counts['dropped']} dropped, they came faster than they could be read → use TCP, or `from`")
        if counts["connections"] >= MAX_CONNECTIONS:
            found.append(f"{MAX_CONNECTIONS} connections, which is the most → say with `from` who may connect")
        return found + [f"{counts[fault]} {what}" for fault, what in _FAULTS.items() if counts[fault]]
