"""Who may send: the networks of `from`, and the name under which a sender's messages and connections are counted.

In: addresses as the kernel gives them. Out: whether they may send, and their texts. Remembers a bounded number.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from stockade.sources.syslog.limits import MAX_KNOWN

_SITE_BITS = 64


class Senders:
    """The senders that one listener accepts; no networks mean everybody who reaches it."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(network) for network in networks]
        self._known: dict[str, bool] = {}

    def may_send(self, host: str) -> bool:
        """Tells whether messages from this address are taken."""
        if not self._networks:
            return True
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            address = ip_address(_bare(host))
            known = self._known[host] = any(address in network for network in self._networks)
        return known


def holder(host: str) -> str:
    """Whom a connection from this address is counted against: with IPv6 the whole /64, any address of which one sender
    can take."""
    if ":" not in host:
        return host
    return str(ip_network((_bare(host), _SITE_BITS), strict=False))


def name_of(host: str) -> bytes:
    """What stands in a line for a sender that does not name itself."""
    return _bare(host).encode("ascii", "replace")


def _bare(host: str) -> str:
    """The address without the link it was seen on (`fe80::1%eth0`)."""
    return host.partition("%")[0]
