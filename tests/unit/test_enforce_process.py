"""The enforcer's loop, without a process of its own."""

from __future__ import annotations

import socket
from ipaddress import ip_network

import pytest

from stockade.enforce.codec import encode_request
from stockade.enforce.process import serve
from stockade.enforce.protocol import AddBlocks
from stockade.enforce.recorder import MemoryFirewall
from stockade.enforce.service import Service
from stockade.model.block import Block
from stockade.model.clock import Monotonic


@pytest.mark.parametrize("is_reply_unread", [False, True])
def test_what_a_dead_daemon_asked_for_is_still_done(is_reply_unread: bool) -> None:
    """Requests that wait on the link when the daemon is killed are carried out: people may have been told already."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    firewall = MemoryFirewall(lambda: Monotonic(0.0))
    with theirs:
        with ours:
            for number in range(1, 21):
                block = Block("sshd", ip_network(f"192.0.2.{number}"), 600.0)
                ours.send(encode_request(number, AddBlocks((block,)), Monotonic(0.0)))
            if is_reply_unread:
                theirs.send(b"a reply that nobody reads")
        assert serve(theirs, Service(firewall, 1000), lambda: Monotonic(0.0)) == 0
    assert len(firewall.held) == 20
