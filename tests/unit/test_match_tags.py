"""Tags of the dialect accept what it says they accept, and nothing else."""

from __future__ import annotations

import re

import pytest

from stockade.match.tags import expand_tags


def captured(tagged: str, text: str, usedns: str = "warn") -> dict[str, str] | None:
    """The groups of a whole match that took part, or None."""
    found = re.fullmatch(expand_tags(tagged, usedns), text)
    return None if found is None else {name: value for name, value in found.groupdict().items() if value is not None}


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        ("<IP4>", "192.0.2.1", {"ip4": "192.0.2.1"}),
        ("<IP4>", "999.1.1.1", {"ip4": "999.1.1.1"}),
        ("<IP4>", "::ffff:192.0.2.1", {"ip4": "192.0.2.1"}),
        ("<IP4>", "1.2.3", None),
        ("<F-IP4/>", "1.2.3.4", {"ip4": "1.2.3.4"}),
        ("<IP6>", "::", {"ip6": "::"}),
        ("<IP6>", "::1", {"ip6": "::1"}),
        ("<IP6>", "a:b::", {"ip6": "a:b::"}),
        ("<IP6>", "2001:db8:0:0:0:0:0:1", {"ip6": "2001:db8:0:0:0:0:0:1"}),
        ("<IP6>", "12345::1", None),
        ("<IP6>", "abcd", None),
        ("<ADDR>", "[2001:db8::1]", {"ip6": "2001:db8::1"}),
        ("<ADDR>", "[192.0.2.1]", {"ip4": "192.0.2.1"}),
        ("<ADDR>", "host.example", None),
        ("<HOST>", "192.0.2.1", {"ip4": "192.0.2.1"}),
        ("<HOST>", "host.example", {"dns": "host.example"}),
        ("<DNS>", "a^b_c-d.e", {"dns": "a^b_c-d.e"}),
        ("<DNS>", "ends.with.", None),
        ("<F-DNS/>", "x", {"dns": "x"}),
        ("<CIDR>", "24", {"cidr": "24"}),
        ("<SUBNET>", "[192.0.2.0/24]", {"ip4": "192.0.2.0", "cidr": "24"}),
        ("<SUBNET>", "2001:db8::/32", {"ip6": "2001:db8::", "cidr": "32"}),
        ("<SUBNET>", "192.0.2.1", {"ip4": "192.0.2.1"}),
        ("<F-ID/>", "some-thing!", {"fid": "some-thing!"}),
        ("<F-ID/>", "two words", None),
        ("<F-PORT/>", "8080", {"fport": "8080"}),
        ("<F-ID>a b</F-ID>", "a b", {"fid": "a b"}),
        ("<F-PORT>\\d</F-PORT>", "8", {"fport": "8"}),
        ("<F-USER>\\w+</F-USER> <F-ALT_USER_1>\\d</F-ALT_USER_1>", "bob 7", {"user": "bob", "alt_user_1": "7"}),
        ("a<SKIPLINES>b", "a\nx\ny\nb", {"skiplines0": "x\ny\n"}),
        ("a<SKIPLINES>b<SKIPLINES>c", "a\nb\nx\nc", {"skiplines0": "", "skiplines1": "x\n"}),
    ],
)
def test_each_tag_accepts_its_form(tag: str, text: str, expected: dict[str, str] | None) -> None:
    """Each row of the dialect's table of tags: what it captures, under which name, and what it refuses."""
    assert captured(tag, text) == expected


def test_usedns_no_takes_names_from_host_only() -> None:
    """With `usedns = no`, <HOST> is an address; <DNS> still takes names."""
    assert captured("<HOST>", "host.example", "no") is None
    assert captured("<HOST>", "[::1]", "no") == {"ip6": "::1"}
    assert captured("<DNS>", "host.example", "no") == {"dns": "host.example"}


@pytest.mark.parametrize(
    "text", ["<host>", "<F-HOST/>", "</F-USER>", "<f-user>x</f-user>", "<NOSUCH>", "</HOST>", "<F-FOO/>", "(?P<user>x)"]
)
def test_unknown_tags_stay_literal(text: str) -> None:
    """Lower-case and unknown tags, and closing tags that close nothing, are left as they are."""
    assert expand_tags(text) == text


def test_host_prefers_addresses_to_names() -> None:
    """<HOST> tries IPv4, then IPv6, then a name, and gives back what the rest of the expression needs."""
    found = re.search(expand_tags(r"from <HOST>(?: port \d+)?:"), "from 192.0.2.7 port 22:")
    assert found is not None
    assert found["ip4"] == "192.0.2.7"
    found = re.search(expand_tags(r"from <HOST>:\d+ x"), "from 2001:db8::1:8080 x")
    assert found is not None
    assert found["ip6"] == "2001:db8::1"
