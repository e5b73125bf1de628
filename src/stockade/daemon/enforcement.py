"""Enforcement: the daemon's conversation with the enforcer.

In: bans to block and to unblock; out: typed requests in their order, and `Enforced` events for what came of them. A
block is read back from the kernel as soon as it is applied. Owns what is under way; must not decide anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from stockade.core.events import Enforced, Outcome
from stockade.enforce.link import Link
from stockade.enforce.protocol import (
    BATCH,
    AddBlocks,
    Counted,
    Done,
    Ensure,
    Failed,
    LiftBlocks,
    Probe,
    Probed,
    ReadCounters,
    Reply,
    Request,
    Verified,
    Verify,
    ensure_requests,
    in_batches,
)
from stockade.model.ban import Ban
from stockade.model.block import Block, JailCounter, Network
from stockade.model.clock import Wall
from stockade.model.identifier import parse_network

Key = tuple[str, str]
"""A ban by jail and identifier."""


MAX_WAITING = 1024
"""Requests that the enforcer has not answered. At the bound further ones wait in the daemon, joined into batches."""


@dataclass(slots=True)
class _Adds:
    """Consecutive blocks, sent in as few requests as possible."""

    keys: list[Key] = field(default_factory=list)
    items: list[Block] = field(default_factory=list)

    def add(self, key: Key, block: Block) -> None:
        """One more."""
        self.keys.append(key)
        self.items.append(block)

    def requests(self) -> Iterator[tuple[Request, tuple[Key, ...]]]:
        """What to send, each with the bans it is about."""
        for keys, blocks in zip(in_batches(self.keys), in_batches(self.items), strict=True):
            yield AddBlocks(blocks), keys


@dataclass(slots=True)
class _Lifts:
    """Consecutive ends of blocks."""

    items: list[tuple[str, Network]] = field(default_factory=list)

    def requests(self) -> Iterator[tuple[Request, tuple[Key, ...]]]:
        """What to send."""
        for lifts in in_batches(self.items):
            yield LiftBlocks(lifts), ()


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request under way and the bans it is about (for Verify: one per network, in order)."""

    request: Request
    keys: tuple[Key, ...] = ()


class Enforcement:
    """Blocks, unblocks and reads back; see the module's docstring."""

    def __init__(self, enforcer: Link) -> None:
        self._enforcer = enforcer
        self._sent: dict[int, _Sent] = {}
        self._queue: deque[_Adds | _Lifts] = deque()
        self.counters: dict[str, JailCounter] = {}
        self.probe: Probed | None = None
        self.failure: Failed | None = None
        self.is_asked = False
        self.asks = 0
        self.answered = 0
        """How many times it was asked, and the last time that it answered without a failure."""

    def fileno(self) -> int:
        """Readable when replies wait."""
        return self._enforcer.fileno()

    @property
    def is_dry(self) -> bool:
        """Whether nothing is really blocked."""
        return self._enforcer.is_dry

    @property
    def has_unsent(self) -> bool:
        """Whether requests have not left this process yet; those that have are carried out even if it is killed."""
        return bool(self._queue) or self._enforcer.wants_write()

    def ensure(self, bans: Iterable[Ban], now: Wall) -> None:
        """Makes exactly these bans stand in the kernel, adopting those that are there."""
        blocks = [(key, block) for ban in bans for key, block in _blocks(ban, now)]
        batches = ensure_requests([block for _, block in blocks])
        for number, request in enumerate(batches):
            some = blocks[number * BATCH : (number + 1) * BATCH]
            self._send(request, tuple(key for key, _ in some))

    def block(self, ban: Ban, now: Wall) -> bool:
        """Queues a block; False for an identifier that is no address, which no firewall can block."""
        blocks = _blocks(ban, now)
        for key, block in blocks:
            last = self._queue[-1] if self._queue else None
            if not isinstance(last, _Adds):
                last = _Adds()
                self._queue.append(last)
            last.add(key, block)
        return bool(blocks)

    def unblock(self, ban: Ban) -> None:
        """Queues the end of a block."""
        network = parse_network(ban.id)
        if network is None:
            return
        last = self._queue[-1] if self._queue else None
        if not isinstance(last, _Lifts):
            last = _Lifts()
            self._queue.append(last)
        last.items.append((ban.jail, network))

    def flush(self) -> None:
        """Sends what is queued, in order; the rest waits while the enforcer has MAX_WAITING requests before it."""
        while self._queue and self._enforcer.waiting < MAX_WAITING:
            for request, keys in self._queue.popleft().requests():
                self._send(request, keys)

    def ask(self) -> None:
        """Asks how the enforcer is and what was dropped; the answers are kept in `probe` and `counters`."""
        if not self.is_asked:
            self.is_asked = True
            self.asks += 1
            self._send(Probe())
            self._send(ReadCounters())

    def receive(self) -> list[Enforced]:
        """Takes replies; returns what became of bans."""
        return [event for reply in self._enforcer.receive() for event in self._take(reply)]

    def _send(self, request: Request, keys: tuple[Key, ...] = ()) -> None:
        self._sent[self._enforcer.send(request)] = _Sent(request, keys)

    def _take(self, reply: Reply) -> Iterable[Enforced]:
        sent = self._sent.pop(reply.serial, None)
        match reply:
            case Counted(_, counters):
                self.counters = {counter.jail: counter for counter in counters}
                self.is_asked = False
                self.answered = self.asks
            case Probed():
                self.probe = reply
            case Done() if sent is not None:
                self.failure = None
                yield from self._read_back(sent)
            case Verified(_, missing) if sent is not None:
                yield from _verified(sent.keys, missing)
            case Failed() if sent is not None:
                self.failure = reply
                self.is_asked = self.is_asked and not isinstance(sent.request, ReadCounters)
                if sent.keys:
                    yield Enforced(Outcome.FAILED, sent.keys, reply.message)

    def _read_back(self, sent: _Sent) -> Iterable[Enforced]:
        if sent.keys and isinstance(sent.request, AddBlocks | Ensure):
            if not self.is_dry:
                self._send(Verify(tuple(block.network for block in sent.request.blocks)), sent.keys)
            yield Enforced(Outcome.APPLIED, sent.keys)


def _verified(keys: Sequence[Key], missing: Sequence[int]) -> Iterable[Enforced]:
    lost = set(missing)
    found = tuple(key for index, key in enumerate(keys) if index not in lost)
    if found:
        yield Enforced(Outcome.VERIFIED, found)
    if lost:
        gone = tuple(key for index, key in enumerate(keys) if index in lost)
        yield Enforced(Outcome.FAILED, gone, "the kernel does not have it")


def _blocks(ban: Ban, now: Wall) -> list[tuple[Key, Block]]:
    network = parse_network(ban.id)
    if network is None:
        return []
    timeout = None if ban.until is None else max(0.001, ban.until - now)
    return [((ban.jail, ban.id), Block(ban.jail, network, timeout))]
