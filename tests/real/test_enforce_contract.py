"""The contract of a link, held against the enforcer on a real kernel and against the recorder of a dry run."""

from __future__ import annotations

import select
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from stockade.enforce.client import Enforcer
from stockade.enforce.link import EnforcerGone, Link
from stockade.enforce.protocol import (
    BATCH,
    AddBlocks,
    Close,
    Counted,
    Done,
    Ensure,
    Failed,
    Flush,
    LiftBlocks,
    ListBlocks,
    Listed,
    Probe,
    Probed,
    ReadCounters,
    Reply,
    Verified,
    Verify,
    ensure_requests,
)
from stockade.enforce.recorder import Recorder
from stockade.model.block import Block, Network
from tests.real.namespaces import Namespace

pytestmark = [
    pytest.mark.real,
    pytest.mark.usefixtures("away_from_host"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

A = ip_network("192.0.2.1")
B = ip_network("2001:db8:1::/64")
C = ip_network("198.51.100.0/24")
SECONDS = 10.0


@pytest.fixture(params=["recorder", "enforcer"])
def link(request: pytest.FixtureRequest) -> Iterator[Link]:
    """One link of each kind, in a namespace of its own where it needs one."""
    if request.param == "recorder":
        recorder = Recorder()
        yield recorder
        recorder.close()
        return
    namespace: Namespace = request.getfixturevalue("lone_netns")
    with namespace.enter():
        enforcer = Enforcer.spawn()
    yield enforcer
    enforcer.close()


def missing(link: Link, *networks: Network) -> tuple[int, ...]:
    reply = link.call(Verify(networks), SECONDS)
    assert isinstance(reply, Verified)
    return reply.missing


def test_blocks_are_verified_until_lifted(link: Link) -> None:
    """What was added reads back, what was lifted does not, and neither does what never was."""
    link.call(Ensure(()), SECONDS)
    added = link.call(AddBlocks((Block("sshd", A, 60.0), Block("web", B), Block("web", C, 60.0))), SECONDS)
    assert added == Done(2, 3)
    assert missing(link, A, ip_network("192.0.2.2"), B, C) == (1,)
    assert link.call(LiftBlocks((("sshd", A), ("web", B))), SECONDS) == Done(4, 2)
    assert missing(link, A, B, C) == (0, 1)


def test_lifting_what_is_not_there_is_no_error(link: Link) -> None:
    """A batch with missing elements still carries out the rest, whether the table exists or not."""
    assert link.call(LiftBlocks((("sshd", A),)), SECONDS) == Done(1, 0)
    link.call(AddBlocks((Block("sshd", A, 60.0),)), SECONDS)
    assert link.call(LiftBlocks((("sshd", B), ("sshd", A), ("other", A))), SECONDS) == Done(3, 1)


def test_two_jails_hold_one_network(link: Link) -> None:
    """The network stays blocked until the last jail lifts it."""
    link.call(AddBlocks((Block("a", A, 60.0),)), SECONDS)
    link.call(AddBlocks((Block("b", A, 600.0),)), SECONDS)
    link.call(LiftBlocks((("b", A),)), SECONDS)
    assert missing(link, A) == ()
    link.call(LiftBlocks((("a", A),)), SECONDS)
    assert missing(link, A) == (0,)


def test_ensure_makes_the_kernel_hold_exactly_these(link: Link) -> None:
    """Unwanted blocks go, missing ones come, and what stands is not touched; parts count as one."""
    link.call(AddBlocks((Block("a", A), Block("a", B))), SECONDS)
    assert link.call(Ensure((Block("a", A), Block("b", C))), SECONDS) == Done(2, 2)
    assert missing(link, A, B, C) == (1,)
    blocks = [Block("a", ip_network((number, 32))) for number in range(1, BATCH + 2)]
    parts = ensure_requests(blocks)
    assert [link.call(part, SECONDS) for part in parts] == [Done(4), Done(5, BATCH + 3)]
    assert missing(link, A, B, C, blocks[-1].network) == (0, 1, 2)


def test_list_tells_the_time_that_is_left(link: Link) -> None:
    """Blocks come back with jail, network and remaining seconds; permanent ones without."""
    link.call(AddBlocks((Block("a", A, 60.0), Block("a b", B))), SECONDS)
    reply = link.call(ListBlocks(), SECONDS)
    assert isinstance(reply, Listed)
    assert [(block.jail, block.network) for block in reply.blocks] == [("a", A), ("a b", B)]
    timeout = reply.blocks[0].timeout
    assert timeout is not None
    assert 50 < timeout <= 60
    assert reply.blocks[1].timeout is None
    assert reply.next_start is None


def test_flush_lifts_one_jail_or_all(link: Link) -> None:
    """Flush of a jail leaves the others; flush of all leaves nothing."""
    link.call(AddBlocks((Block("a", A), Block("b", B), Block("b", C))), SECONDS)
    assert link.call(Flush("b"), SECONDS) == Done(2, 2)
    assert missing(link, A, B, C) == (1, 2)
    assert link.call(Flush(), SECONDS) == Done(4, 1)
    assert missing(link, A) == (0,)


def test_everybody_is_never_blocked(link: Link) -> None:
    """A /0 fails, with its whole batch, and the enforcer goes on."""
    reply = link.call(AddBlocks((Block("a", A), Block("a", ip_network("0.0.0.0/0")))), SECONDS)
    assert isinstance(reply, Failed)
    assert reply.code == "firewall"
    assert missing(link, A) == (0,)


def test_replies_come_in_order_and_wake_the_loop(link: Link) -> None:
    """The descriptor becomes readable; serial numbers count up; nothing is waited for in `send`."""
    link.call(Ensure(()), SECONDS)
    serials = [link.send(AddBlocks((Block("a", ip_network((number, 32)), 60.0),))) for number in range(1, 300)]
    replies: list[Reply] = []
    while len(replies) < len(serials):
        ready = select.select([link], [link] if link.wants_write() else [], [], SECONDS)
        assert ready[0] or ready[1]
        replies += link.receive()
    assert [reply.serial for reply in replies] == serials
    assert link.waiting == 0
    assert link.receive() == []
    assert not select.select([link], [], [], 0)[0]


def test_counters_name_every_jail_that_blocked(link: Link) -> None:
    """Each jail has one counter, also after its blocks are gone."""
    link.call(AddBlocks((Block("b", A), Block("a Ü", B))), SECONDS)
    link.call(Flush(), SECONDS)
    reply = link.call(ReadCounters(), SECONDS)
    assert isinstance(reply, Counted)
    assert [counter.jail for counter in reply.counters] == ["a Ü", "b"]


def test_probe_tells_whether_the_table_stands(link: Link) -> None:
    """Not before it is made, and from then on."""
    before = link.call(Probe(), SECONDS)
    link.call(Ensure((Block("a", A),)), SECONDS)
    after = link.call(Probe(), SECONDS)
    assert isinstance(before, Probed)
    assert isinstance(after, Probed)
    assert (before.is_intact, after.is_intact, after.networks) == (False, True, 1)


def test_close_ends_the_link(link: Link) -> None:
    """After Close is answered, the next request says that nobody is there."""
    assert link.call(Close(), SECONDS) == Done(1)
    with pytest.raises(EnforcerGone):
        link.call(Probe(), SECONDS)
