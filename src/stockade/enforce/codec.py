"""Bytes of requests and replies: JSON arrays, `[serial, kind, argument…]`, checked by hand down to the last item.

A request's last argument is when it was sent (monotonic seconds), so that waiting in the queue prolongs no block.

In: bytes from the other process, which may have been broken into. Out: protocol values, or `Refused`, never another
exception. Must not act on anything.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final, NoReturn

from stockade.enforce.protocol import (
    BATCH,
    JAILS,
    LONGEST,
    MESSAGE_BYTES,
    SHORTEST,
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
    Request,
    Verified,
    Verify,
)
from stockade.enforce.target import is_jail
from stockade.model.block import Block, JailCounter, Network
from stockade.model.clock import Monotonic

SERIAL_MAX: Final = 2**53 - 1
_COUNT_MAX: Final = 2**63 - 1
_MOMENT_MAX: Final = 1e11  # seconds since the start of the host
_TEXT_MAX: Final = 2000
_NETWORK: Final = re.compile(r"([0-9a-f]{8}|[0-9a-f]{32})/([0-9]{1,3})")


class Refused(Exception):
    """A message that is none of the protocol's."""


def encode_request(serial: int, request: Request, sent: Monotonic) -> bytes:
    """Writes a request; ValueError for one that the reader would refuse."""
    match request:
        case Ensure(blocks, is_last):
            arguments: list[Any] = [_blocks_out(blocks), is_last]
        case AddBlocks(blocks):
            arguments = [_blocks_out(blocks)]
        case LiftBlocks(pairs):
            _check_out([jail for jail, _ in pairs])
            arguments = [[[jail, _network_out(network)] for jail, network in pairs]]
        case Flush(jail):
            _check_out([] if jail is None else [jail])
            arguments = [jail]
        case ListBlocks(start):
            arguments = [start]
        case Verify(networks):
            _check_count(networks)
            arguments = [[_network_out(network) for network in networks]]
        case Close(is_keep):
            arguments = [is_keep]
        case ReadCounters() | Probe():
            arguments = []
    return _dump([serial, _REQUEST_NAMES[type(request)], *arguments, round(sent, 3)])


def decode_request(data: bytes) -> tuple[int, Request, Monotonic]:
    """Reads a request, its serial number and when it was sent; raises Refused for anything else."""
    serial, kind, arguments = _open(data)
    if not arguments:
        _refuse("no time")
    sent = _moment(arguments.pop())
    reader = _REQUESTS.get(kind)
    if reader is None:
        _refuse("unknown request")
    return serial, reader(arguments), sent


def encode_reply(reply: Reply) -> bytes:
    """Writes a reply; texts are cut to what the reader accepts."""
    match reply:
        case Done(_, changed):
            arguments: list[Any] = [changed]
        case Verified(_, missing, is_repaired):
            arguments = [list(missing), is_repaired]
        case Listed(_, blocks, next_start):
            arguments = [_blocks_out(blocks), next_start]
        case Counted(_, counters):
            arguments = [[[counter.jail, counter.packets, counter.bytes] for counter in counters]]
        case Probed(_, backend, is_intact, networks, repairs):
            arguments = [backend, is_intact, networks, repairs]
        case Failed(_, code, message, remedy):
            arguments = [code[:_TEXT_MAX], message[:_TEXT_MAX], remedy[:_TEXT_MAX]]
    return _dump([reply.serial, _REPLY_NAMES[type(reply)], *arguments])


def decode_reply(data: bytes) -> Reply:
    """Reads a reply; raises Refused for anything else."""
    serial, kind, arguments = _open(data)
    reader = _REPLIES.get(kind)
    if reader is None:
        _refuse("unknown reply")
    return reader(serial, arguments)


def _refuse(why: str) -> NoReturn:
    raise Refused(why)


def _dump(value: list[Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(errors="replace")


def _check_count(items: Sequence[object]) -> None:
    if len(items) > BATCH:
        raise ValueError(f"{len(items)} items in one request; at most {BATCH} are read: split with in_batches")


def _check_out(jails: Sequence[str]) -> None:
    """Our own side looks before it sends, because the reader ends at what it does not like."""
    _check_count(jails)
    for jail in set(jails):
        if not is_jail(jail):
            raise ValueError(f"{jail!r} cannot name a jail here: 1 to 64 characters, no control characters, no slash")


def _open(data: bytes) -> tuple[int, str, list[Any]]:
    if len(data) > MESSAGE_BYTES:
        _refuse("message too long")
    try:
        value = json.loads(data.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):  # ValueError: no UTF-8, no JSON, a number of thousands of digits
        _refuse("not JSON")
    if type(value) is not list or len(value) < 2:
        _refuse("not an array of serial and kind")
    serial, kind, *arguments = value
    if type(kind) is not str:
        _refuse("kind is no text")
    return _integer(serial, SERIAL_MAX), kind, arguments


def _take(arguments: list[Any], count: int) -> list[Any]:
    if len(arguments) != count:
        _refuse("wrong number of arguments")
    return arguments


def _integer(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        _refuse("not an integer in range")
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        _refuse("not true or false")
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > _TEXT_MAX:
        _refuse("not a text in range")
    return value


def _items(value: Any, most: int = BATCH) -> list[Any]:
    if type(value) is not list or len(value) > most:
        _refuse("not a list in range")
    return value


def _jail(value: Any) -> str:
    if type(value) is not str or not is_jail(value):
        _refuse("not a jail's name")
    return sys.intern(value)  # a million blocks share one text


def _row(value: Any, width: int) -> list[Any]:
    if type(value) is not list or len(value) != width:
        _refuse("not a row of the right width")
    return value


def _network_out(network: Network) -> str:
    return f"{network.network_address.packed.hex()}/{network.prefixlen}"


def _network(value: Any) -> Network:
    found = _NETWORK.fullmatch(value) if type(value) is str else None
    if found is None:
        _refuse("not a network")
    number, prefix = int(found[1], 16), int(found[2])
    try:
        return IPv4Network((number, prefix)) if len(found[1]) == 8 else IPv6Network((number, prefix))
    except ValueError:  # prefix too long, or bits set behind it
        _refuse("not a network")


def _moment(value: Any) -> Monotonic:
    if type(value) not in (int, float) or not 0 <= value <= _MOMENT_MAX:  # false for NaN
        _refuse("not a moment")
    return Monotonic(float(value))


def _timeout(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not SHORTEST <= value <= LONGEST:  # false for NaN
        _refuse("not a timeout in range")
    return float(value)


def _timeout_out(timeout: float | None) -> float | None:
    if timeout is None or timeout > LONGEST:
        return None
    return round(max(timeout, SHORTEST), 3)


def _blocks_out(blocks: Sequence[Block]) -> list[list[Any]]:
    _check_out([block.jail for block in blocks])
    return [[block.jail, _network_out(block.network), _timeout_out(block.timeout)] for block in blocks]


def _block(value: Any) -> Block:
    jail, network, timeout = _row(value, 3)
    return Block(_jail(jail), _network(network), _timeout(timeout))


def _blocks(value: Any) -> tuple[Block, ...]:
    return tuple([_block(item) for item in _items(value)])


def _ensure(arguments: list[Any]) -> Ensure:
    blocks, is_last = _take(arguments, 2)
    return Ensure(_blocks(blocks), _boolean(is_last))


def _lift(arguments: list[Any]) -> LiftBlocks:
    rows = [_row(item, 2) for item in _items(_take(arguments, 1)[0])]
    return LiftBlocks(tuple([(_jail(jail), _network(network)) for jail, network in rows]))


def _flush(arguments: list[Any]) -> Flush:
    (jail,) = _take(arguments, 1)
    return Flush(None if jail is None else _jail(jail))


def _verify(arguments: list[Any]) -> Verify:
    return Verify(tuple([_network(item) for item in _items(_take(arguments, 1)[0])]))


def _bare(request: Request) -> Callable[[list[Any]], Request]:
    def read(arguments: list[Any]) -> Request:
        _take(arguments, 0)
        return request

    return read


def _done(serial: int, arguments: list[Any]) -> Done:
    return Done(serial, _integer(_take(arguments, 1)[0], _COUNT_MAX))


def _verified(serial: int, arguments: list[Any]) -> Verified:
    missing, is_repaired = _take(arguments, 2)
    return Verified(serial, tuple([_integer(item, BATCH - 1) for item in _items(missing)]), _boolean(is_repaired))


def _listed(serial: int, arguments: list[Any]) -> Listed:
    blocks, next_start = _take(arguments, 2)
    return Listed(serial, _blocks(blocks), None if next_start is None else _integer(next_start, _COUNT_MAX))


def _counter(value: Any) -> JailCounter:
    jail, packets, count = _row(value, 3)
    return JailCounter(_jail(jail), _integer(packets, 2**64 - 1), _integer(count, 2**64 - 1))


def _counted(serial: int, arguments: list[Any]) -> Counted:
    return Counted(serial, tuple([_counter(item) for item in _items(_take(arguments, 1)[0], JAILS)]))


def _probed(serial: int, arguments: list[Any]) -> Probed:
    backend, is_intact, networks, repairs = _take(arguments, 4)
    return Probed(
        serial, _text(backend), _boolean(is_intact), _integer(networks, _COUNT_MAX), _integer(repairs, _COUNT_MAX)
    )


def _failed(serial: int, arguments: list[Any]) -> Failed:
    code, message, remedy = _take(arguments, 3)
    return Failed(serial, _text(code), _text(message), _text(remedy))


_REQUESTS: Final[dict[str, Callable[[list[Any]], Request]]] = {
    "ensure": _ensure,
    "add": lambda arguments: AddBlocks(_blocks(_take(arguments, 1)[0])),
    "lift": _lift,
    "flush": _flush,
    "list": lambda arguments: ListBlocks(_integer(_take(arguments, 1)[0], _COUNT_MAX)),
    "verify": _verify,
    "counters": _bare(ReadCounters()),
    "probe": _bare(Probe()),
    "close": lambda arguments: Close(_boolean(_take(arguments, 1)[0])),
}
"""The whole table of what the enforcer can be asked."""

_REQUEST_NAMES: Final[dict[type[Request], str]] = {
    Ensure: "ensure",
    AddBlocks: "add",
    LiftBlocks: "lift",
    Flush: "flush",
    ListBlocks: "list",
    Verify: "verify",
    ReadCounters: "counters",
    Probe: "probe",
    Close: "close",
}

_REPLIES: Final[dict[str, Callable[[int, list[Any]], Reply]]] = {
    "done": _done,
    "verified": _verified,
    "listed": _listed,
    "counted": _counted,
    "probed": _probed,
    "failed": _failed,
}

_REPLY_NAMES: Final[dict[type[Reply], str]] = {
    Done: "done",
    Verified: "verified",
    Listed: "listed",
    Counted: "counted",
    Probed: "probed",
    Failed: "failed",
}
