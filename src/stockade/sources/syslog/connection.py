"""One stream connection: its channel (plain or TLS), its framing, and what it owes.

In: a channel and the time. Out: whole messages. Decides nothing about other connections; see `streams`.
"""

from __future__ import annotations

import socket
from typing import Protocol

from stockade.model.clock import Monotonic
from stockade.sources.syslog.framing import Frames
from stockade.sources.syslog.limits import FRAME_SECONDS, HANDSHAKE_SECONDS, MAX_READ, SPARE_SECONDS
from stockade.sources.syslog.senders import holder, name_of


class Channel(Protocol):
    """Bytes of a connection that never blocks. `is_shaking` while a handshake goes on, `is_writing` when it waits until
    it can write."""

    is_shaking: bool
    is_writing: bool

    def receive(self, most: int) -> bytes | None:
        """Bytes; b"" at the end, None while there are none. Raises OSError when the connection is broken."""

    def has_buffered(self) -> bool:
        """Whether bytes wait that the descriptor does not tell of."""

    def fileno(self) -> int:
        """The descriptor."""

    def close(self) -> None:
        """Closes it."""


class PlainChannel:
    """A connection without TLS."""

    def __init__(self, accepted: socket.socket) -> None:
        self._socket = accepted
        self.is_shaking = False
        self.is_writing = False

    def receive(self, most: int) -> bytes | None:
        """See `Channel`."""
        try:
            return self._socket.recv(most)
        except (BlockingIOError, InterruptedError):
            return None

    def has_buffered(self) -> bool:
        """See `Channel`."""
        return False

    def fileno(self) -> int:
        """See `Channel`."""
        return self._socket.fileno()

    def close(self) -> None:
        """See `Channel`."""
        self._socket.close()


class Connection:
    """A channel with its framing. `fault` says why it ended, if not by the peer's will: a name in the counters."""

    def __init__(self, channel: Channel, host: str, now: Monotonic) -> None:
        self.channel = channel
        self.holder = holder(host)
        self.sender = name_of(host)
        self.frames = Frames()
        self.fault = ""
        self.is_over = False
        self.has_more = False
        self.is_watched_writing = False
        self._began = self._heard = now
        self._owes_since: Monotonic | None = now if channel.is_shaking else None
        self._has_spoken = False

    def take(self, most: int, now: Monotonic) -> list[bytes]:
        """Gives at most so many messages; reads once when what it has is not enough for them."""
        messages = self.frames.take(most)
        is_full = False
        if len(messages) < most and not self.frames.is_garbled:
            is_full = self._receive(now)
            messages += self.frames.take(most - len(messages))
        if self.frames.is_garbled:
            self._end("garbled")
        self.has_more = not self.is_over and (len(messages) == most or is_full or self.channel.has_buffered())
        self._settle_debts(bool(messages), now)
        return messages

    def _receive(self, now: Monotonic) -> bool:
        """Reads once; tells whether there may be more at once."""
        was_shaking = self.channel.is_shaking
        try:
            data = self.channel.receive(MAX_READ)
        except OSError:  # reset by the peer, or its TLS is none
            self._end("untrusted" if was_shaking else "")
            return False
        if data == b"":
            # What has begun is dropped: the beginning of an address may be another address.
            self._end("unfinished" if self.frames.is_within else "")
        elif data is not None:
            self.frames.feed(data)
            self._heard = now
        return data is not None and len(data) == MAX_READ

    def _settle_debts(self, has_spoken: bool, now: Monotonic) -> None:
        """Notes since when a handshake or the rest of a message is outstanding."""
        self._has_spoken |= has_spoken
        if self.channel.is_shaking:
            return
        if not self.frames.is_within:
            self._owes_since = None
        elif has_spoken or self._owes_since is None:
            self._owes_since = now

    @property
    def owes(self) -> bool:
        """Whether something is outstanding that must come in time."""
        return self._owes_since is not None

    def check(self, now: Monotonic) -> None:
        """Ends it when what it owes is overdue."""
        patience = HANDSHAKE_SECONDS if self.channel.is_shaking else FRAME_SECONDS
        if self._owes_since is not None and now - self._owes_since > patience:
            self._end("stalled")

    def spare_for(self, now: Monotonic) -> float:
        """How long it could have been spared already, in seconds; below zero while it has a right to its place."""
        if not self._has_spoken:
            return now - self._began - FRAME_SECONDS
        return now - self._heard - SPARE_SECONDS

    def _end(self, fault: str) -> None:
        self.is_over, self.fault = True, fault

    def close(self) -> None:
        """Closes it."""
        self.channel.close()
