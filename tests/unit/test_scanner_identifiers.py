"""From groups to identifiers: the table of the dialect (§3.2), names (§3.3) and what is no address (§10 row 12)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scanner_specs import ADDR, IP4, Filter, Rule, scan

FREE = Filter(rules=(Rule(rf"u=(?P<fid>\S*) from {ADDR}$"),))
SUBNET = Filter(rules=(Rule(rf"^bad {ADDR}(?:/(?P<cidr>\d+))?$"),))
NAME = Filter(rules=(Rule(r"^bad (?P<dns>[\w.-]+)$"),))


@pytest.mark.parametrize(
    ("tail", "identifier", "address"),
    [
        ("u=bob from 192.0.2.1", "bob", "192.0.2.1"),
        ("u=192.0.2.1 from 192.0.2.1", "192.0.2.1", ""),
        ("u=198.51.100.8/24 from 192.0.2.1", "198.51.100.0/24", "192.0.2.1"),
        ("u= from 192.0.2.1", "", "192.0.2.1"),
        ("u=2001:DB8::0:1 from [2001:db8::1]", "2001:db8::1", ""),
    ],
)
def test_free_identifiers(tail: str, identifier: str, address: str) -> None:
    """A free identifier goes first, as an address if it is one; the address then stands beside it."""
    failure = scan(FREE, tail.encode()).failures[0]
    assert (failure.id, failure.ip) == (identifier, address)


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("192.0.2.77/32", "192.0.2.77"),
        ("[2001:DB8:0:0::7]", "2001:db8::7"),
        ("2001:db8:1:2::7/64", "2001:db8:1:2::/64"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("::1/128", "::1"),
    ],
)
def test_canonical_addresses(text: str, identifier: str) -> None:
    """One spelling for each address and network; `raw_host` keeps what the line said."""
    failure = scan(SUBNET, f"bad {text}".encode()).failures[0]
    assert failure.id == identifier
    assert failure.raw_host == text.split("/", maxsplit=1)[0].strip("[]")
    assert not failure.is_name


@pytest.mark.parametrize("text", ["999.1.1.1", "192.030.0.6", "192.0.2.1/33", "1:2:3"])
def test_bad_addresses_are_odd(text: str) -> None:
    """Text in the form of an address that is none is reported as odd; raw mode takes it as text."""
    batch = scan(SUBNET, f"bad {text}".encode())
    assert (batch.failures, [odd.reason for odd in batch.odd]) == ([], ["bad-address"])
    raw = scan(replace(SUBNET, usedns="raw"), f"bad {text}".encode())
    assert [failure.id for failure in raw.failures] == [text.split("/", maxsplit=1)[0]]


def test_names() -> None:
    """`usedns` decides whether a name is to be resolved, is taken as it is, or is refused."""
    line = b"bad host.example\nbad 192.0.2.1\n"
    found = {
        mode: [(failure.id, failure.is_name) for failure in scan(replace(NAME, usedns=mode), line).failures]
        for mode in ("yes", "warn", "raw", "no")
    }
    address = ("192.0.2.1", False)
    assert found["yes"] == found["warn"] == [("host.example", True), address]
    assert found["raw"] == [("host.example", False), address]
    assert found["no"] == [address]


def test_nofail_without_session() -> None:
    """A nofail match without a session is no failure (§10 row 11)."""
    spec = Filter(rules=(Rule(rf"^(?P<nofail>ok) {IP4}"), Rule(f"^bad {IP4}")))
    assert [failure.rule for failure in scan(spec, b"ok 192.0.2.1\nbad 192.0.2.1\n").failures] == [1]
