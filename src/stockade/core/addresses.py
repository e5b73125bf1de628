"""Sets of addresses, networks, names and other identifiers, as `ignoreip` and its files list them.

In: entries as text; out: the entry that contains an identifier. A question costs one look-up per prefix length in use,
however many entries there are. Names are only kept here: who resolves them is the owner's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from socket import AF_INET, AF_INET6, inet_pton

from stockade.model.block import Network
from stockade.model.identifier import parse_network


class AddressSet:
    """Tells which entry, if any, contains an identifier."""

    __slots__ = ("_literal", "_networks", "names")

    def __init__(self, entries: Iterable[str]) -> None:
        self._literal: dict[str, str] = {}
        self._networks: dict[tuple[int, int], dict[int, str]] = {}
        names = []
        for entry in entries:
            network = parse_network(entry)
            if network is not None:
                host_bits = network.max_prefixlen - network.prefixlen
                same = self._networks.setdefault((network.version, host_bits), {})
                same.setdefault(int(network.network_address) >> host_bits, entry)
            else:
                self._literal[entry] = entry
                if is_name(entry):
                    names.append(entry.lower())
        self.names = tuple(dict.fromkeys(names))
        """The entries that may be host names, in small letters."""

    def find(self, identifier: str) -> str:
        """The entry that is this identifier or contains it; "" for none. A network is found where it shares an address
        with an entry: whoever asks about it is about to shut out all of it."""
        if identifier in self._literal:
            return identifier
        if "/" in identifier:
            network = parse_network(identifier)
            return "" if network is None else self._overlapping(network)
        return self._containing(identifier) if self._networks else ""

    def _containing(self, identifier: str) -> str:
        version, number = _number(identifier)
        for (of_version, host_bits), prefixes in self._networks.items():
            if of_version == version and number >> host_bits in prefixes:
                return prefixes[number >> host_bits]
        return ""

    def _overlapping(self, network: Network) -> str:
        own_bits = network.max_prefixlen - network.prefixlen
        number = int(network.network_address)
        for (version, host_bits), prefixes in self._networks.items():
            if version != network.version:
                continue
            if host_bits >= own_bits:
                if number >> host_bits in prefixes:
                    return prefixes[number >> host_bits]
                continue
            shift = own_bits - host_bits
            for prefix, entry in prefixes.items():
                if prefix >> shift == number >> own_bits:
                    return entry
        return ""


def overlap(identifier: str, addresses: Iterable[str]) -> bool:
    """Whether an identifier is one of the addresses, or a network that contains one."""
    if "/" not in identifier:
        return identifier in addresses
    network = parse_network(identifier)
    return network is not None and any(_is_inside(network, address) for address in addresses)


def _is_inside(network: Network, address: str) -> bool:
    version, number = _number(address)
    bits = network.max_prefixlen - network.prefixlen
    return version == network.version and number >> bits == int(network.network_address) >> bits


def _number(identifier: str) -> tuple[int, int]:
    """Version and number of a canonical address; (0, 0) for any other text. Every new attacker passes here: several
    times quicker than `ipaddress`."""
    version, family = (6, AF_INET6) if ":" in identifier else (4, AF_INET)
    try:
        return version, int.from_bytes(inet_pton(family, identifier), "big")
    except (OSError, ValueError):
        return 0, 0


def is_name(entry: str) -> bool:
    """Whether an entry that is no address may be a host name."""
    return not entry.startswith("file:") and entry.isascii() and all(c.isalnum() or c in ".-_" for c in entry)
