"""Tags of the dialect accept what it says they accept, and nothing else."""

from __future__ import annotations

import re
from datetime import UTC

import pytest

from stockade.match.engine import FilterUse, open_scanner
from stockade.match.tags import expand_tags, written_offset
from stockade.model.settings import FilterSettings


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


def ids(failregex: str, line: str, usedns: str = "warn") -> list[tuple[str, str]]:
    """(identifier, address beside it) of every failure of a line, through the whole way of an expression."""
    settings = FilterSettings("t", (failregex,), datepattern=("{NONE}",), usedns=usedns)
    scanner = open_scanner([FilterUse(settings, 600.0)], now=0.0, local_zone=UTC)
    return [(failure.id, failure.ip) for failure in scanner.feed(line.encode() + b"\n", 0.0).failures]


@pytest.mark.parametrize(
    ("failregex", "line", "found"),
    [
        (r"^(?:<F-ID>a\w+</F-ID>|<F-ALT_ID>b\w+</F-ALT_ID>)$", "bob", "bob"),
        (r"^(?:<F-ID>a\w+</F-ID>|<F-ALT_ID1>b\w+</F-ALT_ID1>)$", "bob", "bob"),
        (r"^(?:x<IP4>|y<F-ALT_IP4>[\d.]+</F-ALT_IP4>)$", "y192.0.2.1", "192.0.2.1"),
        (r"^(?:x<IP6>|y<F-ALT_IP6>[\da-f:]+</F-ALT_IP6>)$", "y2001:db8::1", "2001:db8::1"),
        (r"^(?:x<DNS>|y<F-ALT_DNS>[\w.]+</F-ALT_DNS>)$", "yhost.example", "host.example"),
        (r"^<F-ID>\S+</F-ID> <F-TUPLE_ID>\S+</F-TUPLE_ID>$", "a b", "('a', 'b')"),
        (r"^(?P<fid>\S+)$", "free-text", "free-text"),
        (r"^(?P<ip4>[\d.]+)$", "192.0.2.1", "192.0.2.1"),
        (r"^<F-IP4/>:<F-PORT/>$", "192.0.2.1:22", "192.0.2.1"),
        (r"^<SUBNET>$", "192.0.2.77/24", "192.0.2.0/24"),
        (r"^<IP4>/<CIDR>$", "192.0.2.77/24", "192.0.2.0/24"),
        (r"^<ADDR>$", "[::ffff:c000:201]", "192.0.2.1"),
    ],
)
def test_tags_lead_to_identifiers(failregex: str, line: str, found: str) -> None:
    """Alternatives and tuples work for identifiers and addresses, plain groups mean the same as tags."""
    assert [id_ for id_, _ in ids(failregex, line)] == [found]


@pytest.mark.parametrize(
    ("tail", "found"),
    [
        ("u=bob from 192.0.2.1", ("bob", "192.0.2.1")),
        ("u=192.0.2.1 from 192.0.2.1", ("192.0.2.1", "")),
        ("u=198.51.100.8/24 from 192.0.2.1", ("198.51.100.0/24", "192.0.2.1")),
        ("u= from 192.0.2.1", ("", "192.0.2.1")),
        ("u=bob from 999.0.2.1", ("bob", "")),
    ],
)
def test_a_free_identifier_goes_before_the_address(tail: str, found: tuple[str, str]) -> None:
    """The dialect's examples: the identifier as it is or as a network, the address beside it if it differs."""
    assert ids(r"u=<F-ID>\S*</F-ID> from <HOST>$", f"x {tail}") == [found]


def test_addresses_that_are_none_are_dropped_and_odd() -> None:
    """Digits in the form of an address are no identifier; with `usedns = raw` the text is kept."""
    settings = FilterSettings("t", ("^bad <HOST>$",), datepattern=("{NONE}",))
    scanner = open_scanner([FilterUse(settings, 600.0)], now=0.0, local_zone=UTC)
    batch = scanner.feed(b"bad 192.030.0.6\n", 0.0)
    assert (batch.ids, [one.reason for one in batch.odd]) == ([], ["bad-address"])
    assert ids("^bad <HOST>$", "bad 192.030.0.6", "raw") == [("192.030.0.6", "")]


def test_helpers_without_a_session_are_no_failures() -> None:
    """<F-NOFAIL> means the same with and without <F-MLFID>: the line alone is no failure."""
    assert ids("^<F-NOFAIL>hello</F-NOFAIL> from <ADDR>$", "hello from 192.0.2.1") == []


def test_flags_of_a_group_are_scoped() -> None:
    """`((?i)x)` and `(?:(?i)x)` ignore case within the group and nowhere else."""
    for failregex in ("^((?i)bad) from <ADDR>$", "^(?:(?i)bad) from <ADDR>$"):
        assert ids(failregex, "BAD from 192.0.2.1") == [("192.0.2.1", "")]
        assert ids(failregex, "BAD FROM 192.0.2.1") == []


@pytest.mark.parametrize(
    ("text", "part", "written"),
    [
        ("^a <HOST>(b", "(b", 9),
        ("^a <HOST>(b", "(?:\\[?(?:(?:::f", 3),
        ("<F-USER>x</F-USER> [", "[", 19),
        ("<F-USER>x</F-USER> [", ") [", 9),
        ("a</F-USER>[", "[", 10),
        ("a<b>[", "<b>", 1),
    ],
)
def test_a_place_in_the_expansion_is_found_in_the_text(text: str, part: str, written: int) -> None:
    """A character of a tag's meaning stands where the tag is written, every other one where it is itself."""
    assert written_offset(text, expand_tags(text).rindex(part)) == written
    assert written_offset(text, len(expand_tags(text))) == len(text)
