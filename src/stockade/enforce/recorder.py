"""Recorder: obeys like the enforcer but changes nothing: for `--dry-run`, and for tests of others.

In: requests. Out: the replies that the enforcer would give, at once. Blocks live in a dictionary; deadlines are kept.
Needs no rights and forks nothing.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from stockade.enforce.codec import decode_reply, decode_request, encode_reply, encode_request
from stockade.enforce.link import EnforcerGone
from stockade.enforce.protocol import CAPACITY, Close, Reply, Request
from stockade.enforce.service import Service
from stockade.enforce.target import Change, Element, Target
from stockade.model.block import JailCounter
from stockade.model.clock import Monotonic


class MemoryFirewall:
    """A backend that holds its elements in memory; tests may empty `held` or clear `has_rules` to play another tool."""

    name = "dry-run"

    def __init__(self, clock: Callable[[], Monotonic]) -> None:
        self.held: dict[Target, Element] = {}
        self.has_rules = False
        self._jails: set[str] = set()
        self._clock = clock

    def rebuild(self, wanted: Mapping[Target, Element]) -> int:
        """See `Backend`."""
        differing = sum(1 for target, element in wanted.items() if self.held.get(target) != element)
        differing += sum(1 for target in self.held if target not in wanted)
        self.held = dict(wanted)
        self.has_rules = True
        self._jails |= {element.jail for element in wanted.values()}
        return differing

    def write(self, changes: Sequence[Change]) -> None:
        """See `Backend`. Makes the table if need be, as a repair would."""
        self.has_rules = True
        for change in changes:
            if change.element is None:
                self.held.pop(change.target, None)
            else:
                self.held[change.target] = change.element
                self._jails.add(change.element.jail)

    def is_intact(self) -> bool:
        """See `Backend`."""
        return self.has_rules

    def missing(self, targets: Sequence[Target]) -> list[int]:
        """See `Backend`."""
        now = self._clock()
        found = [self.held.get(target) for target in targets]
        return [index for index, element in enumerate(found) if element is None or element.deadline <= now]

    def counters(self) -> list[JailCounter]:
        """See `Backend`. Nothing is ever dropped."""
        return [JailCounter(jail, 0, 0) for jail in sorted(self._jails)]

    def remove(self) -> None:
        """See `Backend`."""
        self.held, self._jails, self.has_rules = {}, set(), False

    def close(self) -> None:
        """See `Backend`."""


def _monotonic() -> Monotonic:
    return Monotonic(time.monotonic())


class Recorder:
    """A link whose other end is in this process. See `link.Link`. `requests` holds everything it was asked."""

    is_dry: Final = True

    def __init__(self, clock: Callable[[], Monotonic] = _monotonic, capacity: int = CAPACITY) -> None:
        self.firewall = MemoryFirewall(clock)
        self.requests: deque[Request] = deque(maxlen=10_000)  # older ones are forgotten: a dry run may last for weeks
        self._service = Service(self.firewall, capacity)
        self._clock = clock
        self._serial = 0
        self._replies: deque[Reply] = deque()
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    @property
    def waiting(self) -> int:
        """See `Link`."""
        return len(self._replies)

    def send(self, request: Request) -> int:
        """See `Link`. The request passes through its bytes, so that a dry run meets the same bounds."""
        if self._event < 0 or self._service.is_closed:
            raise EnforcerGone("the recorder is closed")
        now = self._clock()
        serial, decoded, sent = decode_request(encode_request(self._serial + 1, request, now))
        self._serial = serial
        self.requests.append(decoded)
        self._replies.append(decode_reply(encode_reply(self._service.handle(serial, decoded, now, sent))))
        os.eventfd_write(self._event, 1)
        return serial

    def receive(self) -> list[Reply]:
        """See `Link`."""
        if self._event >= 0 and self._replies:
            os.eventfd_read(self._event)
        replies = list(self._replies)
        self._replies.clear()
        return replies

    def fileno(self) -> int:
        """See `Link`; -1 after `close`."""
        return self._event

    def wants_write(self) -> bool:
        """See `Link`."""
        return False

    def call(self, request: Request, seconds: float = 0.0) -> Reply:
        """See `Link`."""
        self.send(request)
        reply = self._replies.pop()
        if not self._replies:
            os.eventfd_read(self._event)
        return reply

    def close(self, is_keep: bool = True) -> None:
        """See `Link`."""
        if self._event >= 0:
            if not self._service.is_closed:
                self.call(Close(is_keep))
            os.close(self._event)
            self._event = -1
