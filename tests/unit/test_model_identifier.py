"""Identifiers and their one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockade.model.identifier import canonical, parse_network, widen_v6


@pytest.mark.parametrize(
    ("text", "one_spelling"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("192.0.2.77/255.255.255.0", "192.0.2.0/24"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1/128", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1/128", "192.0.2.1"),
        ("::ffff:192.0.2.1/120", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("999.1.1.1", "999.1.1.1"),
        ("192.030.0.6", "192.030.0.6"),
        ("bob", "bob"),
        ("", ""),
    ],
)
def test_every_identifier_has_one_spelling(text: str, one_spelling: str) -> None:
    """Addresses and networks are normalised, mapped IPv4 is IPv4, anything else stays as it is."""
    assert canonical(text) == one_spelling
    assert canonical(one_spelling) == one_spelling


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Attackers write identifiers; whatever is no address is none, quietly."""
    network = parse_network(text)
    assert network is None or canonical(text) == canonical(str(network))


def test_ipv6_addresses_widen_to_their_network() -> None:
    """Only IPv6, and never to something narrower."""
    assert widen_v6("2001:db8:1:2:3::4", 64) == "2001:db8:1:2::/64"
    assert widen_v6("2001:db8::/48", 64) == "2001:db8::/48"
    assert widen_v6("192.0.2.1", 64) == "192.0.2.1"
