"""The enforcer's process: gives up all rights but CAP_NET_ADMIN, then obeys requests until the socket closes.

In: one message at a time from the daemon. Out: one reply each. Whatever is not a request of the protocol ends it, and
so does the daemon's end; the kernel keeps the blocks and ends them by their timeouts. Must not read files, run
programs or take signals.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Final

from stockade import capabilities, rights
from stockade.enforce.backend import Backend
from stockade.enforce.codec import Refused, decode_request, encode_reply
from stockade.enforce.protocol import MESSAGE_BYTES, Done, Failed, Reply, Request
from stockade.enforce.service import Service
from stockade.errors import StockadeError
from stockade.model.clock import Monotonic
from stockade.rights import Identity

MakeBackend = Callable[[Callable[[], Monotonic]], Backend]
"""Makes the backend in the child, after its rights are gone, with the clock of both processes (CLOCK_MONOTONIC)."""

READY: Final = 0
"""Serial number of the message that says that the enforcer obeys from now on; requests count from 1."""

EXIT_DONE, EXIT_HOST, EXIT_REFUSED, EXIT_BUG = 0, 3, 4, 70

_LIMITS: Final = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NOFILE, 32),  # beyond it libnftables and replies fail; nothing is opened after the start
    (resource.RLIMIT_NPROC, 0),  # no child and no thread, whatever runs in here
    (resource.RLIMIT_AS, 4 << 30),  # 1,048,576 networks take about 0.5 GiB; beyond it a request fails (MemoryError)
)

_IGNORED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
"""Terminals and service managers signal both processes; the daemon decides when the enforcer ends, by the socket."""


def _clock() -> Monotonic:
    return Monotonic(time.monotonic())


def run(
    link: socket.socket, identity: Identity, insecure: frozenset[str], make_backend: MakeBackend, turn: int = -1
) -> int:
    """Is the whole life of the child after the fork; gives its exit status. `turn` is kept open as long as it lives."""
    try:
        backend = _start(link, identity, insecure, make_backend, turn)
    except (StockadeError, OSError) as problem:
        return _say_why(link, problem)
    try:
        link.send(encode_reply(Done(READY)))
        gc.freeze()  # what the parent left us stays shared with it
        gc.disable()  # nothing here lives in cycles; looking for them doubles the time of large batches
        return serve(link, Service(backend), _clock)
    except OSError:  # the daemon went away before it read our answer
        return EXIT_DONE
    finally:
        backend.close()


def serve(link: socket.socket, service: Service, clock: Callable[[], Monotonic]) -> int:
    """Answers requests until the daemon closes (0), says so (0) or sends what is no request (4).

    A daemon that dies may have told people already what it asked for last: everything that is still on the link is
    carried out, whether anybody reads the replies or not.
    """
    last = READY
    while not service.is_closed:
        data = _receive(link)
        if not data:
            return EXIT_DONE
        try:
            serial, request, sent = decode_request(data)
            if serial != last + 1:
                raise Refused(f"serial number {serial} after {last}")
            reply = _answer(service, serial, request, clock(), sent)
        except Refused as refusal:
            _log(f"enforcer ends: a message is not of the protocol ({refusal}); blocks stay in the kernel")
            return EXIT_REFUSED
        last = serial
        with contextlib.suppress(ConnectionError):  # gone, or gone with replies unread
            link.send(encode_reply(reply))
    return EXIT_DONE


def _receive(link: socket.socket) -> bytes:
    """The next message. That the daemon died with replies unread is reported once, ahead of what it had sent."""
    try:
        return link.recv(MESSAGE_BYTES + 1)
    except ConnectionResetError:
        return link.recv(MESSAGE_BYTES + 1)


def _answer(service: Service, serial: int, request: Request, now: Monotonic, sent: Monotonic) -> Reply:
    """This is the child's supervisor: an unexpected error costs one request, not the enforcer."""
    try:
        return service.handle(serial, request, now, sent)
    except Refused:
        raise
    except Exception as problem:
        what = f"{type(problem).__name__}: {problem}"
        gc.collect()  # tracebacks are the one kind of cycle
        _log(f"enforcer: request {type(request).__name__} failed: {what}")
        return Failed(serial, "bug", f"the enforcer failed: {what}", "report this as a bug")


def _start(
    link: socket.socket, identity: Identity, insecure: frozenset[str], make_backend: MakeBackend, turn: int
) -> Backend:
    """Leaves the parent, drops rights, opens the firewall: in this order, so that libnftables runs unprivileged."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    _close_inherited({link.fileno(), turn})
    capabilities.rename("stockade-enforc")
    rights.drop(identity, keep=["CAP_NET_ADMIN"], insecure=insecure)
    for limit, value in _LIMITS:
        with contextlib.suppress(ValueError):  # a hard limit that is lower already
            resource.setrlimit(limit, (value, value))
    return make_backend(_clock)


def _close_inherited(kept: set[int]) -> None:
    """Keeps the standard streams (input from nowhere), the link and the turn; everything else was the parent's."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    for standard in (1, 2):
        try:
            os.fstat(standard)
        except OSError:
            os.dup2(null, standard)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    first = 3
    for number in (*sorted(number for number in kept if number >= first), limit if limit > 0 else 1 << 20):
        os.closerange(first, number)
        first = number + 1


def _say_why(link: socket.socket, problem: StockadeError | OSError) -> int:
    if isinstance(problem, StockadeError):
        reply = Failed(READY, problem.code, problem.message, problem.remedy)
    else:
        reply = Failed(READY, "host", f"the enforcer cannot start: {problem}")
    with contextlib.suppress(OSError):
        link.send(encode_reply(reply))
    return EXIT_HOST


def _log(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads: not a reason to stop blocking
        sys.stderr.write(line.replace("\n", " ") + "\n")
        sys.stderr.flush()
