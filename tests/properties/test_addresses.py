"""Sets of addresses against Python's `ipaddress`, entry by entry."""

from __future__ import annotations

import time
from ipaddress import ip_address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.core.addresses import AddressSet
from stockade.model.identifier import canonical

V4 = st.builds(lambda n, bits: f"{ip_address(n << 27 | n)}/{bits}", st.integers(0, 31), st.integers(0, 32))
V6 = st.builds(
    lambda n, bits: f"{ip_address(0x20010DB8 << 96 | n << 64 | n)}/{bits}", st.integers(0, 31), st.integers(0, 128)
)
TEXT = st.sampled_from(["bob", "a b", "example.org", "1.2.3", "2001:zz::", ""])
ENTRIES = st.one_of(V4, V6, V4.map(lambda one: one.split("/")[0]), TEXT)
ASKED = st.one_of(ENTRIES.map(canonical), st.builds(lambda n: str(ip_address(n << 27 | n)), st.integers(0, 31)))


def contains(entry: str, identifier: str) -> bool:
    """Whether they are the same text, or share an address."""
    if entry == identifier:
        return True
    try:
        one, other = ip_network(entry, strict=False), ip_network(identifier, strict=False)
    except ValueError:
        return False
    return one.version == other.version and one.overlaps(other)


@settings(max_examples=400, deadline=None)
@given(st.lists(ENTRIES, max_size=12), ASKED)
def test_an_identifier_is_found_exactly_when_an_entry_holds_it(entries: list[str], identifier: str) -> None:
    """Single addresses, networks of any length in both directions, and text compared literally (§10.13, §10.14)."""
    found = AddressSet(entries).find(identifier)
    assert bool(found) == any(contains(entry, identifier) and entry for entry in entries)
    assert not found or (found in entries and contains(found, identifier))


def test_a_large_set_answers_quickly() -> None:
    """A hundred thousand entries cost no more than one look-up per prefix length."""
    known = AddressSet(f"10.{n >> 8 & 255}.{n & 255}.{n >> 16}/{24 + n % 9}" for n in range(100_000))
    begin = time.perf_counter()
    assert [known.find(f"192.0.2.{n % 256}") for n in range(1000)] == [""] * 1000
    assert time.perf_counter() - begin < 0.5
