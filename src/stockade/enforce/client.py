"""The daemon's end of the enforcer: forks it while there are still rights to give, then exchanges messages with it.

In: requests. Out: replies, in order. Must be spawned before the process has threads or has read anything hostile: the
child inherits its memory. The daemon cannot spawn a second one after it has dropped its rights; see `EnforcerGone`.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from stockade import rights
from stockade.enforce import process
from stockade.enforce.codec import Refused, decode_reply, encode_request
from stockade.enforce.link import EnforcerBusy, EnforcerGone
from stockade.enforce.nftables import Nftables
from stockade.enforce.protocol import MESSAGE_BYTES, Close, Failed, Reply, Request
from stockade.errors import FirewallError, RightsError
from stockade.model.clock import Monotonic
from stockade.rights import Identity

QUEUE: Final = 4096
"""Requests that may wait for the socket (an Ensure of 1,048,576 blocks takes 1049); at the bound EnforcerBusy."""

_START_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 5.0
"""How long `close` waits for an orderly end before it kills; the kernel keeps the blocks either way."""

_KILL_SECONDS: Final = 2.0
_RECEIVED_AT_ONCE: Final = 256
"""Replies one `receive` takes, so that a flood of them cannot hold the daemon's loop."""


def _monotonic() -> Monotonic:
    return Monotonic(time.monotonic())


class Enforcer:
    """A running enforcer. Not thread-safe: the daemon's loop owns it. See `link.Link` for the contract."""

    is_dry: Final = False

    def __init__(self, link: socket.socket, pid: int, clock: Callable[[], Monotonic] = _monotonic) -> None:
        self._link = link
        self._clock = clock
        self._serial = process.READY
        self._queue: deque[bytes] = deque()
        self._replies: deque[Reply] = deque()
        self._waiting = 0
        self._has_ended = False
        self._status: int | None = None
        self.pid = pid

    @classmethod
    def spawn(
        cls,
        *,
        identity: Identity | None = None,
        insecure: frozenset[str] = frozenset(),
        make_backend: process.MakeBackend = Nftables,
        clock: Callable[[], Monotonic] = _monotonic,
        turn: int = -1,
    ) -> Enforcer:
        """Forks the enforcer and waits until it obeys.

        Raises RightsError or FirewallError with the child's own message when it cannot. `identity` is the user it runs
        as when started as root; by default the one for `rights.ENFORCER`. `turn` is a descriptor of `wait_for_turn`
        that the child keeps; the caller closes its own.
        """
        rights.require_net_admin()
        identity = identity or rights.identity_for(rights.ENFORCER)
        ours, theirs = _socketpair()
        pid = os.fork()
        if pid == 0:
            _live(theirs, identity, insecure, make_backend, turn)
        theirs.close()
        enforcer = cls(ours, pid, clock)
        try:
            enforcer._wait_ready()
        except BaseException:
            enforcer.close()
            raise
        ours.setblocking(False)
        return enforcer

    @property
    def waiting(self) -> int:
        """See `Link`."""
        return self._waiting

    def send(self, request: Request) -> int:
        """See `Link`."""
        if len(self._queue) >= QUEUE:
            raise EnforcerBusy(f"{QUEUE} requests wait for the enforcer", "it is stuck, or the host is overloaded")
        data = encode_request(self._serial + 1, request, self._clock())
        self._serial += 1
        self._waiting += 1
        self._queue.append(data)
        self._push()
        if self._has_ended:
            raise self._gone()
        return self._serial

    def receive(self) -> list[Reply]:
        """See `Link`."""
        self._push()
        self._pull()
        replies = list(self._replies)
        self._replies.clear()
        return replies

    def fileno(self) -> int:
        """See `Link`; -1 after `close`."""
        return self._link.fileno()

    def wants_write(self) -> bool:
        """See `Link`."""
        return bool(self._queue)

    def call(self, request: Request, seconds: float = _START_SECONDS) -> Reply:
        """See `Link`. Raises FirewallError when no reply comes in time."""
        serial = self.send(request)
        deadline = Monotonic(self._clock() + seconds)
        while True:
            self._push()
            self._pull()
            for reply in self._replies:
                if reply.serial == serial:
                    self._replies.remove(reply)
                    return reply
            if not self._wait(deadline):
                raise FirewallError(f"the enforcer does not answer within {seconds:g} s", "the host is overloaded")

    def close(self, is_keep: bool = True) -> None:
        """See `Link`. Raises FirewallError when the blocks should go and could not be removed."""
        if self._link.fileno() < 0:
            return
        failure: FirewallError | None = None
        try:
            if self._serial > process.READY or not is_keep:
                failure = self._say_close(is_keep)
        finally:
            self._link.close()
            self._reap()
        if failure is not None and not is_keep:
            raise failure

    def _say_close(self, is_keep: bool) -> FirewallError | None:
        try:
            reply = self.call(Close(is_keep), _CLOSE_SECONDS)
        except FirewallError as problem:
            return problem
        return FirewallError(reply.message, reply.remedy) if isinstance(reply, Failed) else None

    def _wait_ready(self) -> None:
        if not self._wait(Monotonic(self._clock() + _START_SECONDS)):
            raise FirewallError(f"the enforcer does not start within {_START_SECONDS:g} s", "the host is overloaded")
        data = self._link.recv(MESSAGE_BYTES)
        if not data:
            raise self._gone()
        reply = self._decode(data)
        if isinstance(reply, Failed):
            kind = RightsError if reply.code == RightsError.code else FirewallError
            raise kind(reply.message, reply.remedy)

    def _push(self) -> None:
        while self._queue:
            try:
                self._link.send(self._queue[0])
            except BlockingIOError:
                return
            except OSError:  # it has ended; its last replies can still be read
                self._queue.clear()
                self._has_ended = True
                return
            self._queue.popleft()

    def _pull(self) -> None:
        for _ in range(_RECEIVED_AT_ONCE):
            try:
                data = self._link.recv(MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                if self._replies:  # the caller gets these first, and the news with the next call
                    return
                raise self._gone()
            self._replies.append(self._decode(data))
            self._waiting -= 1

    def _decode(self, data: bytes) -> Reply:
        try:
            return decode_reply(data)
        except Refused as refusal:
            message = f"the enforcer's reply is not of the protocol: {refusal}"
            raise FirewallError(message, "report this as a bug") from None

    def _wait(self, deadline: Monotonic) -> bool:
        """Waits until the link can be read, or written if something is queued; False at the deadline."""
        poll = select.poll()
        poll.register(self._link, select.POLLIN | (select.POLLOUT if self._queue else 0))
        left = deadline - self._clock()
        return left > 0 and bool(poll.poll(left * 1000))

    def _gone(self) -> EnforcerGone:
        self._reap()
        return EnforcerGone(
            f"the enforcer's process has ended ({_ending(self._status)}); what is blocked stays blocked by the kernel",
            "start Stockade again: it adopts the blocks; its last lines on stderr say why it ended",
        )

    def _reap(self) -> None:
        """Collects the child; kills it first when its end does not come by itself."""
        if self._status is not None:
            return
        with contextlib.suppress(ChildProcessError):  # another part of the daemon collected it
            if not _has_ended(self.pid, _KILL_SECONDS):
                os.kill(self.pid, signal.SIGKILL)
            self._status = os.waitpid(self.pid, 0)[1]


def _socketpair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MESSAGE_BYTES)
    return ours, theirs


def _live(
    link: socket.socket, identity: Identity, insecure: frozenset[str], make_backend: process.MakeBackend, turn: int
) -> None:
    """The child's side of the fork. Never returns."""
    status = process.EXIT_BUG
    try:
        status = process.run(link, identity, insecure, make_backend, turn)
    finally:
        os._exit(status)


def _has_ended(pid: int, seconds: float) -> bool:
    """Waits for a child's end without collecting it."""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def _ending(status: int | None) -> str:
    if status is None:
        return "nobody knows how"
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit status {os.WEXITSTATUS(status)}"
