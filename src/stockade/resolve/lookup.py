"""One look-up through the system's resolver, so that /etc/hosts, NSS and resolv.conf count. May take half a minute.

In: a name that `names` accepts. Out: addresses, or LookupFailed. Runs in the resolver's threads only.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, ip_address

Lookup = Callable[[str, bool], Iterable[str]]
"""Finds the addresses of a name; the flag asks for IPv6 as well. Raises OSError, as `getaddrinfo` does."""

_ABSENT = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def system_lookup(name: str, with_ipv6: bool) -> list[str]:
    """Asks `getaddrinfo` for IPv4 addresses and, `with_ipv6`, for IPv6 ones.

    The name goes as bytes: as text it would pass through Python's IDNA codec, whose time grows with the square of the
    length.
    """
    family = socket.AF_UNSPEC if with_ipv6 else socket.AF_INET
    found = socket.getaddrinfo(name.encode("ascii"), None, family=family, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_absent(error: OSError) -> bool:
    """Tells whether the error is an answer (there is no such name) rather than the lack of one."""
    return isinstance(error, socket.gaierror) and error.errno in _ABSENT


def canonical(texts: Iterable[str]) -> list[str]:
    """The addresses among `texts` in canonical form, each once: IPv4 before IPv6, ascending; mapped IPv4 is IPv4, zones
    are cut off."""
    found = set()
    for text in texts:
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            continue
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        found.add(mapped or address)
    return [str(address) for address in sorted(found, key=lambda one: (one.version, int(one)))]
