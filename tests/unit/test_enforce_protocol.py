"""The wire between daemon and enforcer: everything of the protocol passes unchanged, everything else is refused."""

from __future__ import annotations

import json
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stockade.enforce import protocol
from stockade.enforce.codec import Refused, decode_reply, decode_request, encode_reply, encode_request
from stockade.enforce.protocol import (
    BATCH,
    MESSAGE_BYTES,
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
    Verified,
    Verify,
)
from stockade.enforce.target import is_jail
from stockade.model.block import Block, JailCounter
from stockade.model.clock import Monotonic

NOW = Monotonic(123456.789)
V4 = IPv4Network("192.0.2.0/24")
V6 = IPv6Network("2001:db8::/64")

REQUESTS = [
    Ensure((Block("sshd", V4, 1.5), Block("sshd", V6, None)), is_last=False),
    Ensure(()),
    AddBlocks((Block("nginx-http-auth", V4, 86400.0),)),
    LiftBlocks((("sshd", V4), ("a", V6))),
    Flush("sshd"),
    Flush(),
    ListBlocks(7),
    Verify((V4, V6)),
    ReadCounters(),
    Probe(),
    Close(is_keep=False),
]
REPLIES = [
    Done(1, 5),
    Verified(2, (0, 999), is_repaired=True),
    Listed(3, (Block("sshd", V6, 2.25),), None),
    Listed(3, (), 4000),
    Counted(4, (JailCounter("sshd", 2**64 - 1, 0),)),
    Probed(5, "nftables", is_intact=True, networks=3, repairs=1),
    Failed(6, "firewall", 'nft says "no"\n', "→ do this"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: type(one).__name__)
def test_a_request_arrives_as_it_was_sent(request_: protocol.Request) -> None:
    """Every request survives its way through bytes, with its serial number."""
    assert decode_request(encode_request(12, request_, NOW)) == (12, request_, NOW)


@pytest.mark.parametrize("reply", REPLIES, ids=lambda one: type(one).__name__)
def test_a_reply_arrives_as_it_was_sent(reply: protocol.Reply) -> None:
    """Every reply survives its way through bytes."""
    assert decode_reply(encode_reply(reply)) == reply


@given(st.binary(max_size=300))
@example(b"[" * 100_000)
@example(b"9" * 10_000)
@example(b'[1,"add",[["sshd","c0000201/32",NaN]]]')
@example(b'[1,"add",[["sshd","c0000201/32",1e999]]]')
@example(b"[1e400,2]")
@example(b" " * (MESSAGE_BYTES + 1))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    """Bytes that are no message raise Refused, never anything else: no depth, digits or encoding break the reader."""
    for decode in (decode_request, decode_reply):
        with pytest.raises(Refused):
            decode(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
KINDS = ["ensure", "add", "lift", "flush", "list", "verify", "counters", "probe", "close"]
KINDS += ["done", "verified", "listed", "counted", "probed", "failed"]


@given(st.integers(-2, 2**70), st.sampled_from(KINDS), st.lists(JSON, max_size=4))
def test_wellformed_json_with_wrong_contents_is_refused_or_means_the_same(
    serial: int, kind: str, arguments: list[Any]
) -> None:
    """Whatever JSON stands behind a known kind, the reader takes it exactly (it encodes again alike) or refuses it."""
    data = json.dumps([serial, kind, *arguments]).encode()
    try:
        number, request, sent = decode_request(data)
    except Refused:
        pass
    else:
        again = decode_request(encode_request(number, request, sent))
        assert again[:2] == (number, request)
        assert abs(again[2] - sent) <= 0.001
    try:
        reply = decode_reply(data)
    except Refused:
        return
    assert decode_reply(encode_reply(reply)) == reply


@pytest.mark.parametrize(
    "message",
    [
        '[1,"run",["sh"],5.0]',
        '[1,"probe",1,5.0]',
        '[true,"probe",5.0]',
        '[1.0,"probe",5.0]',
        '[-1,"probe",5.0]',
        '[9007199254740992,"probe",5.0]',
        '{"1":"probe"}',
        '[1,"probe"]',
        '[1,"probe",null]',
        '[1,"probe",-1]',
        '[1,"probe",true]',
        '[1,"probe",1e300]',
        '[1,"add",[["sshd","c0000201/33",1]],5.0]',
        '[1,"add",[["sshd","c0000201/24",1]],5.0]',
        '[1,"add",[["sshd","C0000201/32",1]],5.0]',
        '[1,"add",[["sshd","192.0.2.1/32",1]],5.0]',
        '[1,"add",[["sshd","c0000201/32",0]],5.0]',
        '[1,"add",[["sshd","c0000201/32",-5]],5.0]',
        '[1,"add",[["sshd","c0000201/32",true]],5.0]',
        '[1,"add",[["sshd","c0000201/32",1e300]],5.0]',
        '[1,"add",[["","c0000201/32",1]],5.0]',
        '[1,"add",[["a\\nb","c0000201/32",1]],5.0]',
        '[1,"add",[["a/b","c0000201/32",1]],5.0]',
        '[1,"add",[["\\ud800","c0000201/32",1]],5.0]',
        '[1,"add",[["sshd","c0000201/32"]],5.0]',
        '[1,"close",1,5.0]',
        '[1,"list",-1,5.0]',
    ],
)
def test_a_nearly_right_request_is_refused(message: str) -> None:
    """Unknown kinds, wrong types, host bits, capital digits and values out of range are refused one by one."""
    with pytest.raises(Refused):
        decode_request(message.encode())


def test_the_largest_batch_fits_a_message() -> None:
    """1000 blocks with the longest names and addresses stay below the bound; one more is refused on both sides."""
    jail = "ü" * 36 + "x" * 28
    assert is_jail(jail)
    networks = [IPv6Network((2**128 - 1 - number, 128)) for number in range(BATCH + 1)]
    blocks = [Block(jail, network, 3_155_760_000.0 - 0.123) for network in networks]
    data = encode_request(2**53 - 1, AddBlocks(tuple(blocks[:BATCH])), NOW)
    assert len(data) <= MESSAGE_BYTES
    assert decode_request(data)[1] == AddBlocks(tuple(blocks[:BATCH]))
    with pytest.raises(ValueError, match="at most 1000"):
        encode_request(1, AddBlocks(tuple(blocks)), NOW)
    row = '["a","c0000201/32",1]'
    with pytest.raises(Refused):
        decode_request(f'[1,"add",[{",".join([row] * (BATCH + 1))}],5.0]'.encode())


def test_our_own_side_refuses_what_would_end_the_enforcer() -> None:
    """A jail's name that the enforcer does not accept is a ValueError of the sender, not the end of the enforcer."""
    for jail in ("", "a\nb", "x" * 65, "\ud800"):
        for request in (AddBlocks((Block(jail, V4),)), LiftBlocks(((jail, V4),)), Flush(jail)):
            with pytest.raises(ValueError, match="jail"):
                encode_request(1, request, NOW)


def test_timeouts_are_brought_into_the_kernels_range() -> None:
    """A timeout that has just run out is the shortest one; more than a hundred years is for ever."""
    blocks = AddBlocks(tuple(Block("a", V4, timeout) for timeout in (-3.0, 0.0, 1e12)))
    decoded = decode_request(encode_request(1, blocks, NOW))[1]
    assert isinstance(decoded, AddBlocks)
    assert [block.timeout for block in decoded.blocks] == [0.001, 0.001, None]


def test_ensure_is_split_into_consecutive_parts() -> None:
    """Any number of blocks becomes whole parts of which only the last carries out; no blocks still make one."""
    blocks = [Block("a", ip_network((number, 32))) for number in range(2 * BATCH + 1)]
    parts = protocol.ensure_requests(blocks)
    assert [(len(part.blocks), part.is_last) for part in parts] == [(BATCH, False), (BATCH, False), (1, True)]
    assert protocol.ensure_requests([]) == [Ensure(())]
