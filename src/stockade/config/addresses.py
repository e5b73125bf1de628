"""`ignoreip`: a list of addresses, networks, names and `file:` references, checked and otherwise kept as text.

In: the option's text. Out: its entries, and a Trouble for each that can mean nothing. Nothing is resolved or opened.
"""

from __future__ import annotations

import ipaddress
import re

from stockade.config.limits import MAX_ITEMS
from stockade.config.trouble import Trouble

_REMEDY = "write an address, a network such as 192.0.2.0/24, a host name or file:/path"


def parse_ignoreip(text: str) -> tuple[tuple[str, ...], list[Trouble]]:
    """Splits at blanks and commas; entries that can mean nothing are left out and reported."""
    entries: dict[str, None] = {}
    troubles: list[Trouble] = []
    for entry in re.split(r"[\s,]+", text):
        try:
            if entry:
                entries[parse_entry(entry)] = None
        except Trouble as trouble:
            troubles.append(trouble)
    if len(entries) > MAX_ITEMS:
        troubles.append(Trouble(f"ignoreip: more than {MAX_ITEMS} entries", "", "put them into a file: file:/path"))
    return tuple(entries)[:MAX_ITEMS], troubles


def parse_entry(entry: str) -> str:
    """One entry as the core reads it, a mask in IPv6 form made a prefix length. Raises Trouble for what means
    nothing."""
    if entry.startswith("file:"):
        if not entry.removeprefix("file:").strip("/"):
            raise Trouble("ignoreip: no file is named", entry, _REMEDY)
        return entry
    if "/" not in entry:
        return entry
    address, _, length = entry.partition("/")
    try:
        prefix = _prefix(address, length)
        ipaddress.ip_network(f"{address.strip('[]')}/{prefix}", strict=False)
    except ValueError:
        raise Trouble("ignoreip: not a network", entry, _REMEDY) from None
    return f"{address.strip('[]')}/{prefix}"


def _prefix(address: str, length: str) -> str:
    """The prefix length as ipaddress understands it: it knows no masks in IPv6 form."""
    if ":" not in length:
        if "." in length and int(ipaddress.IPv4Address(length)) & 1 and length != "255.255.255.255":
            raise ValueError("a host mask, not a network mask")
        return length
    bits = f"{int(ipaddress.IPv6Address(length)):0128b}"
    if "01" in bits:
        raise ValueError("a mask with holes")
    return str(bits.count("1"))
