"""Blocks on a real kernel: packets are dropped, and only theirs, for as long as they should be."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from stockade.enforce.client import Enforcer
from stockade.enforce.link import EnforcerGone
from stockade.enforce.protocol import (
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
)
from stockade.errors import FirewallError
from stockade.model.block import Block, JailCounter
from tests.real.namespaces import Namespace, Pair

pytestmark = [
    pytest.mark.real,
    pytest.mark.usefixtures("away_from_host"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

SECONDS = 20.0
SILENCE = 0.15
"""How long a packet that should be dropped gets to arrive after all. The cable needs microseconds."""


@contextmanager
def enforcing(namespace: Namespace) -> Iterator[Enforcer]:
    """An enforcer inside, which is ended but whose blocks stay."""
    with namespace.enter():
        enforcer = Enforcer.spawn()
    try:
        yield enforcer
    finally:
        enforcer.close()


def done(enforcer: Enforcer, request: Request) -> Done:
    reply = enforcer.call(request, SECONDS)
    assert isinstance(reply, Done), reply
    return reply


def counters(enforcer: Enforcer) -> dict[str, JailCounter]:
    reply = enforcer.call(ReadCounters(), SECONDS)
    assert isinstance(reply, Counted)
    return {counter.jail: counter for counter in reply.counters}


def wait_until(is_so: Callable[[], bool]) -> None:
    """Waits for a condition that each look at takes some time for."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "never came true"


class Probes:
    """UDP datagrams from the client's addresses to a socket of the server."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._servers = {
            4: pair.server.socket(socket.AF_INET, socket.SOCK_DGRAM, pair.server_v4),
            6: pair.server.socket(socket.AF_INET6, socket.SOCK_DGRAM, pair.server_v6),
        }

    def arrives(self, source: str) -> bool:
        """Sends one datagram and tells whether the server gets it."""
        version = 6 if ":" in source else 4
        server = self._servers[version]
        family = socket.AF_INET6 if version == 6 else socket.AF_INET
        with closing(self._pair.client.socket(family, socket.SOCK_DGRAM, source)) as client:
            mark = os.urandom(8)
            client.sendto(mark, server.getsockname()[:2])
            while select.select([server], [], [], SILENCE)[0]:
                if server.recv(100) == mark:
                    return True
            return False

    def close(self) -> None:
        for server in self._servers.values():
            server.close()


@pytest.fixture
def probes(netns: Pair) -> Iterator[Probes]:
    with closing(Probes(netns)) as made:
        yield made


def test_only_blocked_addresses_are_dropped_and_counted(netns: Pair, probes: Probes) -> None:
    """A packet from a blocked address is dropped and counted for its jail; its neighbour's arrives; lifting ends it."""
    bad, good, other = netns.client_v4
    with enforcing(netns.server) as enforcer:
        done(enforcer, Ensure(()))
        assert all(probes.arrives(source) for source in (bad, good, other))
        done(enforcer, AddBlocks((Block("sshd", ip_network(bad), 600.0),)))
        assert not probes.arrives(bad)
        assert probes.arrives(good)
        assert counters(enforcer)["sshd"] == JailCounter("sshd", 1, 20 + 8 + 8)
        done(enforcer, LiftBlocks((("sshd", ip_network(bad)),)))
        assert probes.arrives(bad)


def test_prefixes_cover_exactly_their_addresses(netns: Pair, probes: Probes) -> None:
    """An IPv6 /64 and an IPv4 /24 drop every address inside and none outside."""
    first6, second6, other6 = netns.client_v6
    first4, second4, other4 = netns.client_v4
    with enforcing(netns.server) as enforcer:
        v6, v4 = ip_network("fd99:0:0:2::/64"), ip_network("10.99.0.0/24")
        assert all(
            probes.arrives(source) for source in (*netns.client_v6, *netns.client_v4)
        )  # neighbours are known now
        done(enforcer, Ensure((Block("a", v6, 600.0), Block("b", v4, 600.0))))
        assert [probes.arrives(source) for source in (first6, second6, other6)] == [False, False, True]
        assert [probes.arrives(source) for source in (first4, second4, other4)] == [False, False, True]
        found = counters(enforcer)
        assert found["a"].packets >= 2  # neighbour discovery may add some
        assert found["b"].packets == 2


def test_every_prefix_length_is_accepted(lone_netns: Namespace) -> None:
    """One network of each length from 1 bit on can be blocked, read back and lifted."""
    networks = [ip_network((1 << 31, bits)) for bits in range(1, 33)]
    networks += [ip_network((1 << 127, bits)) for bits in range(1, 129)]
    with enforcing(lone_netns) as enforcer:
        done(enforcer, AddBlocks(tuple(Block("a", network, 600.0) for network in networks)))
        assert enforcer.call(Verify(tuple(networks)), SECONDS) == Verified(2)
        assert done(enforcer, Ensure(tuple(Block("a", network, 600.0) for network in networks))).changed == 0
        assert done(enforcer, LiftBlocks(tuple(("a", network) for network in networks))).changed == len(networks)


def test_established_connections_die(netns: Pair) -> None:
    """A TCP connection that stands when its peer is blocked carries nothing any more, and a new one does not open."""
    bad = netns.client_v4[0]
    with (
        closing(netns.server.socket(socket.AF_INET, socket.SOCK_STREAM, netns.server_v4)) as listener,
        closing(netns.client.socket(socket.AF_INET, socket.SOCK_STREAM, bad)) as client,
        closing(netns.client.socket(socket.AF_INET, socket.SOCK_STREAM, bad)) as late,
        enforcing(netns.server) as enforcer,
    ):
        listener.listen()
        client.connect(listener.getsockname())
        with closing(listener.accept()[0]) as server:
            client.send(b"before")
            assert server.recv(100) == b"before"
            done(enforcer, AddBlocks((Block("sshd", ip_network(bad), 600.0),)))
            client.send(b"after")
            late.settimeout(SILENCE)
            with pytest.raises(TimeoutError):
                late.connect(listener.getsockname())
            assert not select.select([server, listener], [], [], 0)[0]
            assert counters(enforcer)["sshd"].packets >= 2


def test_the_kernel_ends_a_block_although_everybody_is_dead(netns: Pair, probes: Probes) -> None:
    """kill -9 of the enforcer leaves the block, and its timeout ends it."""
    bad, forever = netns.client_v4[:2]
    with enforcing(netns.server) as enforcer:
        done(enforcer, AddBlocks((Block("a", ip_network(bad), 1.0), Block("a", ip_network(forever)))))
        started = time.monotonic()
        os.kill(enforcer.pid, signal.SIGKILL)
        select.select([enforcer], [], [], SECONDS)
        with pytest.raises(EnforcerGone, match="SIGKILL"):
            enforcer.receive()
        assert not probes.arrives(bad)
        wait_until(lambda: probes.arrives(bad))
        assert 0.9 < time.monotonic() - started < 5
        assert not probes.arrives(forever)


def test_the_block_outlives_a_killed_daemon(netns: Pair, probes: Probes) -> None:
    """kill -9 of the daemon's side ends the enforcer within moments and leaves the block."""
    bad = netns.client_v4[0]
    reading, writing = os.pipe()
    with netns.server.enter():
        daemon = os.fork()
        if daemon == 0:  # still inside: leaving the block would lead home
            _be_a_daemon(Block("sshd", ip_network(bad), 600.0), writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        pid = int(pipe.readline())
    descriptor = os.pidfd_open(pid)
    os.kill(daemon, signal.SIGKILL)
    os.waitpid(daemon, 0)
    assert select.select([descriptor], [], [], SECONDS)[0]
    os.close(descriptor)
    assert not probes.arrives(bad)


def _be_a_daemon(block: Block, pipe: int) -> None:
    """Blocks, tells the enforcer's number, and waits to be killed. Never returns."""
    try:
        enforcer = Enforcer.spawn()
        done(enforcer, AddBlocks((block,)))
        os.write(pipe, f"{enforcer.pid}\n".encode())
        signal.pause()
    finally:
        os._exit(1)


def test_a_new_enforcer_adopts_without_a_gap(netns: Pair, probes: Probes) -> None:
    """Elements that are still wanted are not touched (the kernel reports no change of theirs); others are exchanged."""
    kept, gone, new = netns.client_v4
    with enforcing(netns.server) as first:
        done(first, Ensure((Block("a", ip_network(kept), 600.0), Block("a", ip_network(gone), 600.0))))
    monitor = netns.server.popen(["nft", "monitor", "elements"], stdout=-1)
    try:
        assert monitor.stdout is not None
        with enforcing(netns.server) as second:
            trial = ip_network("203.0.113.1")
            reports = b""
            while b"203.0.113.1" not in reports:  # until the monitor is known to listen
                done(second, Ensure((Block("a", ip_network(kept), 600.0), Block("a", ip_network(gone), 600.0))))
                done(second, AddBlocks((Block("a", trial, 600.0),)))
                done(second, LiftBlocks((("a", trial),)))
                if select.select([monitor.stdout], [], [], 0.02)[0]:
                    reports += os.read(monitor.stdout.fileno(), 65536)
            assert (
                done(second, Ensure((Block("a", ip_network(kept), 600.0), Block("a", ip_network(new), 600.0)))).changed
                == 2
            )
            done(second, AddBlocks((Block("a", ip_network("203.0.113.9"), 600.0),)))
            while b"203.0.113.9" not in reports:
                reports += os.read(monitor.stdout.fileno(), 65536)
        assert kept.encode() + b" " not in reports
        assert gone.encode() + b" " in reports
    finally:
        monitor.kill()
        monitor.wait()
        monitor.stdout.close()
    assert [probes.arrives(source) for source in (kept, gone, new)] == [False, True, False]


def test_a_block_is_prolonged_and_shortened_in_the_kernel(lone_netns: Namespace) -> None:
    """A repeated block sets the kernel's timeout anew; a huge one has none; two jails have the longer one."""
    address = ip_network("192.0.2.1")

    def held() -> tuple[str, float | None]:
        listed = lone_netns.run(["nft", "-j", "list", "map", "inet", "stockade", "v4_32"]).stdout
        [[element, counter]] = json.loads(listed)["nftables"][1]["map"]["elem"]
        timeout = None if isinstance(element, str) else round(element["elem"]["timeout"] + 0.5, -1)
        return counter.removeprefix("jail-"), timeout

    with enforcing(lone_netns) as enforcer:
        seen = []
        for jail, timeout in (("a", 600.0), ("a", 6000.0), ("a", 60.0), ("b", 30.0), ("b", 3600.0), ("a", 1e11)):
            done(enforcer, AddBlocks((Block(jail, address, timeout),)))
            seen.append(held())
        assert seen == [("a", 600), ("a", 6000), ("a", 60), ("a", 60), ("b", 3600), ("a", None)]
        done(enforcer, LiftBlocks((("a", address),)))
        assert held()[0] == "b"


@pytest.mark.parametrize(
    "sabotage",
    ["flush ruleset", "delete table inet stockade", "flush chain inet stockade prerouting"],
)
def test_foreign_hands_are_noticed_and_repaired(netns: Pair, probes: Probes, sabotage: str) -> None:
    """When another tool removes table or rules, the next verification says so and has put every block back."""
    first, second, free = netns.client_v4
    with enforcing(netns.server) as enforcer:
        done(enforcer, Ensure((Block("a", ip_network(first), 600.0), Block("b", ip_network(second), 600.0))))
        netns.server.run(["nft", *sabotage.split()])
        assert probes.arrives(first)
        verified = enforcer.call(Verify((ip_network(first), ip_network(free))), SECONDS)
        assert isinstance(verified, Verified)
        assert (verified.missing, verified.is_repaired) == ((1,), True)
        assert [probes.arrives(source) for source in (first, second, free)] == [False, False, True]
        netns.server.run(["nft", *sabotage.split()])
        done(enforcer, AddBlocks((Block("new", ip_network(free), 600.0),)))
        done(enforcer, AddBlocks((Block("new", ip_network("192.0.2.1"), 600.0),)))
        probed = enforcer.call(Probe(), SECONDS)
        verified = enforcer.call(Verify((ip_network(first), ip_network(second), ip_network(free))), SECONDS)
        assert isinstance(probed, Probed)
        assert isinstance(verified, Verified)
        assert verified.missing == ()


def test_elements_that_others_changed_do_not_fail_a_batch(lone_netns: Namespace) -> None:
    """Elements deleted or added by hand are reconciled within the batch that meets them."""
    one, two, three = (ip_network(f"192.0.2.{number}") for number in (1, 2, 3))
    with enforcing(lone_netns) as enforcer:
        done(enforcer, Ensure((Block("a", one, 600.0), Block("a", two, 600.0))))
        lone_netns.run(["nft", "delete", "element", "inet", "stockade", "v4_32", "{ 192.0.2.1 }"])
        lone_netns.run(["nft", "add", "element", "inet", "stockade", "v4_32", '{ 192.0.2.3 : "jail-a" }'])
        assert enforcer.call(Verify((one, two, three)), SECONDS) == Verified(2, (0,))
        done(enforcer, LiftBlocks((("a", one), ("a", two))))
        done(enforcer, AddBlocks((Block("a", three, 600.0), Block("a", one, 600.0))))
        assert enforcer.call(Verify((one, two, three)), SECONDS) == Verified(5, (1,))


def test_a_table_of_another_shape_is_made_anew(lone_netns: Namespace) -> None:
    """A leftover whose maps or chain do not fit ours is replaced, not a reason to stand unprotected."""
    lone_netns.run(["nft", "add table inet stockade; add set inet stockade v4_32 { type ipv4_addr; }"])
    with enforcing(lone_netns) as enforcer:
        done(enforcer, Ensure((Block("a", ip_network("192.0.2.1"), 600.0),)))
        assert enforcer.call(Verify((ip_network("192.0.2.1"),)), SECONDS) == Verified(2)


def test_close_without_keeping_leaves_nothing_behind(lone_netns: Namespace) -> None:
    """The table goes; other tables stay."""
    lone_netns.run(["nft", "add", "table", "inet", "other"])
    with lone_netns.enter():
        enforcer = Enforcer.spawn()
    done(enforcer, Ensure((Block("a", ip_network("192.0.2.1")),)))
    enforcer.close(is_keep=False)
    enforcer.close(is_keep=False)
    assert lone_netns.run(["nft", "list", "tables"]).stdout.split() == ["table", "inet", "other"]


def test_nonsense_on_the_socket_ends_the_enforcer_and_keeps_the_blocks(lone_netns: Namespace) -> None:
    """A daemon that was broken into gets nothing but the protocol: anything else is the end, and the kernel goes on."""
    for nonsense in (b'[2,"run","sh",5.0]', b"\xff", b'[7,"probe",5.0]', b'[2,"probe",5.0]' + b" " * 200_000):
        with lone_netns.enter():
            enforcer = Enforcer.spawn()
        done(enforcer, Ensure((Block("a", ip_network("192.0.2.1")),)))
        enforcer._link.setblocking(True)
        enforcer._link.send(nonsense)
        with pytest.raises(EnforcerGone, match="exit status 4"):
            enforcer._pull()
        enforcer.close()
        assert "192.0.2.1" in lone_netns.run(["nft", "list", "ruleset"]).stdout


def test_an_ensure_may_not_be_interrupted(lone_netns: Namespace) -> None:
    """Another request between the parts of an Ensure is out of order and ends the enforcer."""
    with enforcing(lone_netns) as enforcer:
        done(enforcer, Ensure((), is_last=False))
        with pytest.raises(EnforcerGone, match="exit status 4"):
            enforcer.call(Probe(), SECONDS)


def test_the_table_stands_before_the_first_block(lone_netns: Namespace) -> None:
    """Ensure of nothing makes table, chain and the rule that lets loopback through."""
    with enforcing(lone_netns) as enforcer:
        done(enforcer, Ensure(()))
        listed = lone_netns.run(["nft", "list", "table", "inet", "stockade"]).stdout
    assert "type filter hook prerouting priority raw; policy accept;" in listed
    assert 'iif "lo" accept' in listed


def test_loopback_is_never_blocked(lone_netns: Namespace) -> None:
    """A host that bans its own address keeps talking to itself."""
    with enforcing(lone_netns) as enforcer:
        done(enforcer, AddBlocks((Block("a", ip_network("127.0.0.1"), 600.0),)))
        with (
            closing(lone_netns.socket(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1")) as server,
            closing(lone_netns.socket(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1")) as client,
        ):
            client.sendto(b"x", server.getsockname())
            assert select.select([server], [], [], SECONDS)[0]


def test_too_many_jails_are_refused_by_name_of_the_bound(lone_netns: Namespace) -> None:
    """The thousand-and-first jail's blocks fail with the bound in the message; the others go on."""
    with enforcing(lone_netns) as enforcer:
        blocks = [Block(f"j{number}", ip_network((number + 1, 32)), 600.0) for number in range(1001)]
        done(enforcer, AddBlocks(tuple(blocks[:1000])))
        reply = enforcer.call(AddBlocks((blocks[1000],)), SECONDS)
        assert isinstance(reply, Failed)
        assert "at most 1000" in reply.message
        assert enforcer.call(Verify((blocks[0].network, blocks[1000].network)), SECONDS) == Verified(3, (1,))


def test_a_hundred_thousand_blocks(lone_netns: Namespace) -> None:
    """Half IPv6 prefixes, half IPv4 addresses: made in seconds, adopted untouched, removed again."""
    blocks = [Block("a", IPv4Network((0x0A000000 + number, 32))) for number in range(50_000)]
    blocks += [Block("a", IPv6Network(((0x20010DB8 << 96) + (number << 64), 64))) for number in range(50_000)]
    parts = ensure_requests(blocks)
    with enforcing(lone_netns) as enforcer:
        assert answers(enforcer, [*parts, *parts])[len(parts) - 1 :: len(parts)] == [
            Done(len(parts), 100_000),
            Done(2 * len(parts), 0),
        ]
        assert enforcer.call(Verify((blocks[0].network, blocks[-1].network)), SECONDS) == Verified(2 * len(parts) + 1)
        enforcer.close(is_keep=False)


def answers(enforcer: Enforcer, requests: list[Request]) -> list[Reply]:
    """Sends everything at once and gives all replies, as the daemon's loop would."""
    replies: list[Reply] = []
    for request in requests:
        enforcer.send(request)
    while len(replies) < len(requests):
        select.select([enforcer], [enforcer] if enforcer.wants_write() else [], [], SECONDS)
        replies += enforcer.receive()
    return replies


def test_without_the_library_the_start_says_what_to_install(
    lone_netns: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing libnftables is an error of the start, with the package's name, not a silent daemon."""
    monkeypatch.setattr("stockade.enforce.libnftables._LIBRARY", "libnftables-that-is-not-there.so")
    with lone_netns.enter(), pytest.raises(FirewallError, match="libnftables1"):
        Enforcer.spawn()
