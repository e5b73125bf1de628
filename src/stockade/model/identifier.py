"""Identifier: what a jail counts and bans. Mostly an address, sometimes a network, for `<F-ID>` filters any text."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_network

from stockade.model.block import Network

MAX_LENGTH = 256
"""Characters of an identifier. A longer one is cut (filters) or refused (commands)."""

MAPPED_PREFIX = 96
"""Bits of `::ffff:0:0/96`, in which IPv4 addresses appear as IPv6 ones."""


def parse_network(text: str) -> Network | None:
    """Reads an address or CIDR network, host bits cleared; None for any other text.

    Brackets around IPv6 are accepted, zones (`%eth0`) are not; IPv4-mapped IPv6 becomes IPv4.
    """
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    if len(text) > 64 or not text or text[0] not in "0123456789abcdefABCDEF:" or "%" in text:
        return None
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.prefixlen >= MAPPED_PREFIX:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ip_network((mapped, network.prefixlen - MAPPED_PREFIX))
    return network


def canonical(text: str) -> str:
    """The one spelling of an identifier: addresses and networks normalised, a single address without its `/32`."""
    network = parse_network(text)
    if network is None:
        return text
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def widen_v6(identifier: str, prefix: int) -> str:
    """The network of `prefix` bits around an IPv6 address, as text; anything else is returned as it is."""
    network = parse_network(identifier)
    if not isinstance(network, IPv6Network) or network.prefixlen <= prefix:
        return identifier
    return str(network.supernet(new_prefix=prefix))
