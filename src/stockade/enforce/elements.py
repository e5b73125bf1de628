"""Map elements as nf_tables messages: adding, removing, asking for, and reading them back.

In: targets and elements. Out: attributes for `netlink`, and the same read from its answers. Formats: enum
nft_set_elem_attributes in linux/netfilter/nf_tables.h. Must not talk to the kernel.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from stockade.enforce.netlink import CREATE, NESTED, Message, attribute, attributes, text
from stockade.enforce.protocol import LONGEST
from stockade.enforce.target import FOREVER, Element, Target, counter_name

TABLE: Final = "stockade"
_LIST_BYTES: Final = 60_000
"""A list is one attribute, whose length has 16 bits."""
_LIST_TABLE, _LIST_SET, _LIST_ELEMENTS = 1, 2, 3
_ITEM, _KEY, _TIMEOUT, _EXPIRATION, _OBJECT = 1, 1, 4, 5, 9
_VALUE: Final = 1
_BIG64 = struct.Struct(">Q")


class Held(NamedTuple):
    """An element as the kernel holds it: counter's name, and deadline (monotonic; infinite without timeout)."""

    counter: str
    deadline: float


def removing(targets: Iterable[Target]) -> list[tuple[int, int, bytes]]:
    """Makes messages that remove elements; all of them must exist."""
    items = ((target.map, attribute(_ITEM | NESTED, _key(target.address))) for target in targets)
    return [(Message.DELETE_ELEMENTS, 0, payload) for payload in _lists(items)]


def adding(pairs: Iterable[tuple[Target, Element]], now: float) -> list[tuple[int, int, bytes]]:
    """Makes messages that add elements for the time that is left to each; none of them may exist."""
    return [(Message.NEW_ELEMENTS, CREATE, payload) for payload in _lists(_items(pairs, now))]


def asking(targets: Sequence[Target]) -> list[bytes]:
    """Makes one question per target."""
    return [_list(target.map, attribute(_ITEM | NESTED, _key(target.address))) for target in targets]


def asking_all(name: str) -> bytes:
    """Makes the question for every element of one map."""
    return text(_LIST_TABLE, TABLE) + text(_LIST_SET, name)


def read_elements(name: str, data: bytes, now: float) -> Iterator[tuple[Target, Held]]:
    """Reads the elements of one answer, given at `now`."""
    for kind, start, end in attributes(data):
        if kind == _LIST_ELEMENTS:
            for _, item_start, item_end in attributes(data, start, end):
                yield _read_item(name, data, item_start, item_end, now)


def _read_item(name: str, data: bytes, start: int, end: int, now: float) -> tuple[Target, Held]:
    address, counter, deadline = b"", "", FOREVER
    for kind, at, stop in attributes(data, start, end):
        if kind == _KEY:
            address = data[at + 4 : stop]
        elif kind == _EXPIRATION:
            deadline = now + _BIG64.unpack_from(data, at)[0] / 1000
        elif kind == _OBJECT:
            counter = data[at : stop - 1].decode(errors="replace")
    return Target(name, address), Held(counter, deadline)


def _key(address: bytes) -> bytes:
    return attribute(_KEY | NESTED, attribute(_VALUE, address))


class _Mould:
    """The bytes around address and timeout, which are the same for every element of one jail, family and kind."""

    def __init__(self, element: Element, address_size: int, has_timeout: bool) -> None:
        whole = attribute(
            _ITEM | NESTED,
            _key(bytes(address_size))
            + (attribute(_TIMEOUT, bytes(8)) if has_timeout else b"")
            + text(_OBJECT, counter_name(element.jail)),
        )
        address, timeout = 12, 12 + address_size + 4  # behind three headers; behind the timeout's header
        self.head = whole[:address]
        self.middle = whole[address + address_size : timeout] if has_timeout else b""
        self.tail = whole[timeout + 8 :] if has_timeout else whole[address + address_size :]


def _items(pairs: Iterable[tuple[Target, Element]], now: float) -> Iterator[tuple[str, bytes]]:
    moulds: dict[tuple[str, int, bool], _Mould] = {}
    for target, element in pairs:
        left = element.deadline - now
        key = (element.jail, len(target.address), left <= LONGEST)
        mould = moulds.get(key)
        if mould is None:
            mould = moulds[key] = _Mould(element, len(target.address), left <= LONGEST)
        timeout = _BIG64.pack(max(1, round(left * 1000))) if left <= LONGEST else b""
        yield target.map, mould.head + target.address + mould.middle + timeout + mould.tail


def _lists(items: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Packs items into lists, one map each, none longer than an attribute can be."""
    for name, group in groupby(sorted(items, key=itemgetter(0)), key=itemgetter(0)):
        packed: list[bytes] = []
        size = 0
        for _, item in group:
            if size + len(item) > _LIST_BYTES:
                yield _list(name, b"".join(packed))
                packed, size = [], 0
            packed.append(item)
            size += len(item)
        yield _list(name, b"".join(packed))


def _list(name: str, items: bytes) -> bytes:
    return text(_LIST_TABLE, TABLE) + text(_LIST_SET, name) + attribute(_LIST_ELEMENTS | NESTED, items)
