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
        trouble = _check(entry) if entry else None
        if trouble is not None:
            troubles.append(trouble)
        elif entry:
            entries[entry] = None
    if len(entries) > MAX_ITEMS:
        troubles.append(Trouble(f"ignoreip: more than {MAX_ITEMS} entries", "", "put them into a file: file:/path"))
    return tuple(entries)[:MAX_ITEMS], troubles


def _check(entry: str) -> Trouble | None:
    if entry.startswith("file:") or "/" not in entry:
        return None
    address, _, length = entry.partition("/")
    try:
        ipaddress.ip_network(f"{address.strip('[]')}/{_prefix(address, length)}", strict=False)
    except ValueError:
        return Trouble("ignoreip: not a network", entry, _REMEDY)
    return None


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
