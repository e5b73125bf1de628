"""Ignore rules of one jail: `ignoreip` (addresses, networks, names, other identifiers) and `ignoreself`.

Owns which identifiers are never counted. Answers with the rule that applies, so that `why` can say it. Names match
through the addresses that `Resolved` brings; until then, and when resolving fails, the last known addresses count.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

from stockade.model.block import Network
from stockade.model.identifier import parse_network

MAX_REMEMBERED = 65_536
"""Verdicts kept per jail. At the bound all are forgotten and found again when asked."""


class IgnoreRules:
    """Tells which rule, if any, exempts an identifier."""

    def __init__(self, entries: Iterable[str], *, is_ignoreself: bool) -> None:
        self._single: dict[str, str] = {}
        self._networks: list[_Ignored] = []
        self._names: dict[str, tuple[str, ...]] = {}
        self._is_ignoreself = is_ignoreself
        self._own: frozenset[str] = frozenset()
        self._remembered: dict[str, str] = {}
        for entry in entries:
            self._take(entry)

    def _take(self, entry: str) -> None:
        network = parse_network(entry)
        if network is None:
            self._single[entry] = entry
            if _is_name(entry):
                self._names[entry.lower()] = ()
        elif network.num_addresses == 1:
            self._single[str(network.network_address)] = entry
        else:
            self._networks.append(_Ignored.of(network, entry))

    @property
    def names(self) -> tuple[str, ...]:
        """Host names among the entries; the owner has them resolved again and again."""
        return tuple(self._names)

    @property
    def own(self) -> frozenset[str]:
        """The addresses last given to `learn_own`."""
        return self._own

    def learn(self, name: str, addresses: tuple[str, ...]) -> None:
        """Takes the addresses of a name; an empty answer keeps the last good one."""
        if name in self._names and addresses and self._names[name] != addresses:
            self._names[name] = addresses
            self._remembered.clear()

    def learn_own(self, addresses: frozenset[str]) -> None:
        """Takes this machine's own addresses."""
        if addresses != self._own:
            self._own = addresses
            self._remembered.clear()

    def rule_for(self, identifier: str) -> str:
        """The rule that exempts an identifier, as the operator wrote it; "" when none does."""
        rule = self._remembered.get(identifier)
        if rule is None:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            rule = self._remembered[identifier] = self._find(identifier)
        return rule

    def _find(self, identifier: str) -> str:
        if identifier in self._single:
            return f"ignoreip {self._single[identifier]}"
        if self._is_ignoreself and identifier in self._own:
            return "ignoreself"
        if "/" in identifier:
            return self._find_inside(identifier)
        version, number = _number(identifier)
        for ignored in self._networks:
            if ignored.version == version and number >> ignored.host_bits == ignored.prefix:
                return f"ignoreip {ignored.entry}"
        for name, addresses in self._names.items():
            if identifier in addresses:
                return f"ignoreip {name}"
        return ""

    def _find_inside(self, identifier: str) -> str:
        """The rule that exempts an address inside a network: a ban of the network must spare it."""
        network = parse_network(identifier)
        if network is None:
            return ""
        if self._is_ignoreself and any(_overlap(network, own) for own in self._own):
            return "ignoreself"
        for ignored in self._networks:
            if _overlap(network, str(ignored.network)):
                return f"ignoreip {ignored.entry}"
        for single, entry in self._single.items():
            if _overlap(network, single):
                return f"ignoreip {entry}"
        for name, addresses in self._names.items():
            if any(_overlap(network, address) for address in addresses):
                return f"ignoreip {name}"
        return ""


class _Ignored(NamedTuple):
    """A network of `ignoreip`, ready to be compared with an address by one shift."""

    version: int
    prefix: int
    host_bits: int
    network: Network
    entry: str

    @classmethod
    def of(cls, network: Network, entry: str) -> _Ignored:
        host_bits = network.max_prefixlen - network.prefixlen
        return cls(network.version, int(network.network_address) >> host_bits, host_bits, network, entry)


def _number(identifier: str) -> tuple[int, int]:
    """Version and number of a canonical address; (0, 0) for any other text. Every new attacker passes here: several
    times quicker than `ipaddress`."""
    version, family = (6, AF_INET6) if ":" in identifier else (4, AF_INET)
    try:
        return version, int.from_bytes(inet_pton(family, identifier), "big")
    except (OSError, ValueError):
        return 0, 0


def _overlap(network: Network, text: str) -> bool:
    """Whether a network shares an address with another, or an address, given as text."""
    other = parse_network(text)
    if isinstance(network, IPv4Network) and isinstance(other, IPv4Network):
        return network.overlaps(other)
    return isinstance(network, IPv6Network) and isinstance(other, IPv6Network) and network.overlaps(other)


def _is_name(entry: str) -> bool:
    return "." in entry and not entry.startswith("file:") and all(c.isalnum() or c in ".-_" for c in entry)
