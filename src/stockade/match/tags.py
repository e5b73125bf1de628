"""Tags of the dialect (`<HOST>`, `<F-USER>…</F-USER>`, `<SKIPLINES>`, …) become named groups of Python's `re`.

In: one expression with tags. Out: the same with groups, not yet checked. Tags are textual, as the dialect has it:
nothing here knows about classes or escapes. What each tag accepts is written in the dialect's own words beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_IP4 = r"(?:::f{4,6}:)?(?P<ip4>(?:[0-9]{1,3}\.){3}[0-9]{1,3})"
"""Four runs of one to three digits, whose range is checked later; an IPv4-mapped prefix is not part of the group."""

_IP6 = r"(?P<ip6>(?:[0-9A-Fa-f]{1,4}::?|:){1,7}(?:[0-9A-Fa-f]{1,4}|:))"
"""One to seven pieces (one to four hex digits and one or two colons, or a lone colon), then one to four hex digits or
a colon. Every piece ends with a colon, so the last colon always follows one: no look-behind is needed. Loose on
purpose; the scanner parses what was captured."""

_DNS = r"(?P<dns>[\w\-.^]*\w)"
"""Word characters, `-`, `.`, `^`, and a word character at the end."""

_ADDR = rf"\[?(?:{_IP4}|{_IP6})\]?"
_SUBNET = rf"\[?(?:{_IP4}|{_IP6})(?:/(?P<cidr>[0-9]+))?\]?"
_CIDR = "(?P<cidr>[0-9]+)"

_PLAIN = {
    "IP4": _IP4,
    "IP6": _IP6,
    "ADDR": _ADDR,
    "DNS": _DNS,
    "CIDR": _CIDR,
    "SUBNET": _SUBNET,
    "F-IP4/": _IP4,
    "F-IP6/": _IP6,
    "F-ADDR/": _ADDR,
    "F-DNS/": _DNS,
    "F-CIDR/": _CIDR,
    "F-SUBNET/": _SUBNET,
    "F-ID/": r"(?P<fid>\S+)",
    "F-PORT/": r"(?P<fport>\w+)",
}

_HOST = f"(?:{_ADDR}|{_DNS})"

_GROUP_NAMES = {"ID": "fid", "PORT": "fport"}

_TAG = re.compile(r"<(/?)(F-[A-Z0-9_\-]+|[A-Z][A-Z0-9]*)(/?)>")


def expand_tags(text: str, usedns: str = "warn") -> str:
    """Replaces every tag that the dialect knows; anything else between `<` and `>` stays as it is.

    With `usedns = no`, `<HOST>` is an address only. A closing tag without an opening one stays literal.
    """
    return "".join(meaning for _, meaning in _pieces(text, usedns))


def written_offset(text: str, offset: int, usedns: str = "warn") -> int:
    """Tells which character of `text` gave the one at `offset` of its expansion; a tag's meaning stands at its `<`."""
    at = 0
    for written, meaning in _pieces(text, usedns):
        if offset < at + len(meaning):
            is_literal = text.startswith(meaning, written)
            return written + offset - at if is_literal else written
        at += len(meaning)
    return len(text)


def _pieces(text: str, usedns: str) -> Iterator[tuple[int, str]]:
    """The text in pieces, each with the place where it is written: plain text and the meanings of tags by turns."""
    host = _ADDR if usedns == "no" else _HOST
    opened: set[str] = set()
    skips = at = 0
    for found in _TAG.finditer(text):
        yield at, text[at : found.start()]
        at = found.end()
        closing, name, single = found.groups()
        if closing:
            yield found.start(), ")" if name in opened and not single else found[0]
        elif name == "HOST" and not single:
            yield found.start(), host
        elif name == "SKIPLINES" and not single:
            yield found.start(), _skip_lines(skips)
            skips += 1
        elif name + single in _PLAIN:
            yield found.start(), _PLAIN[name + single]
        elif single or not name.startswith("F-"):
            yield found.start(), found[0]
        else:
            opened.add(name)
            yield found.start(), f"(?P<{_group_name(name)}>"
    yield at, text[at:]


def _group_name(tag: str) -> str:
    """`F-ID` → `fid`, `F-PORT` → `fport`, every other `F-XXX` → `xxx`."""
    short = tag.removeprefix("F-")
    return _GROUP_NAMES.get(short, short.lower())


def _skip_lines(number: int) -> str:
    """A newline and then as few whole lines as possible, captured so that the scanner can keep them."""
    return rf"\n(?P<skiplines{number}>(?:.*\n)*?)"
