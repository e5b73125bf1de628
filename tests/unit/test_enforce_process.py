"""The enforcer's loop, without a process of its own."""

from __future__ import annotations

import socket
from ipaddress import ip_network

import pytest

from stockade.enforce.codec import encode_request
from stockade.enforce.process import serve
from stockade.enforce.protocol import AddBlocks, Reply, Request
from stockade.enforce.recorder import MemoryFirewall
from stockade.enforce.service import Service
from stockade.model.block import Block
from stockade.model.clock import Monotonic


class Deadly(Service):
    """A service during whose first request the daemon dies."""

    def __init__(self, firewall: MemoryFirewall, daemon: socket.socket) -> None:
        super().__init__(firewall, 1000)
        self._daemon = daemon

    def handle(self, serial: int, request: Request, now: Monotonic, sent: Monotonic) -> Reply:
        """Handles it, without anybody left to tell."""
        self._daemon.close()
        return super().handle(serial, request, now, sent)


@pytest.mark.parametrize("is_reply_unread", [False, True])
@pytest.mark.parametrize("is_dying_at_work", [False, True])
def test_what_a_dead_daemon_asked_for_is_still_done(is_reply_unread: bool, is_dying_at_work: bool) -> None:
    """Requests on the link are carried out whenever the daemon is killed: people may have been told already.

    A daemon that dies with replies unread resets the link, which the kernel reports at the next receive or send.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    firewall = MemoryFirewall(lambda: Monotonic(0.0))
    with theirs:
        for number in range(1, 21):
            block = Block("sshd", ip_network(f"192.0.2.{number}"), 600.0)
            ours.send(encode_request(number, AddBlocks((block,)), Monotonic(0.0)))
        if is_reply_unread:
            theirs.send(b"a reply that nobody reads")
        if not is_dying_at_work:
            ours.close()
        assert serve(theirs, Deadly(firewall, ours), lambda: Monotonic(0.0)) == 0
    assert len(firewall.held) == 20
