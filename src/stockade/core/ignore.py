"""Ignore rules of one jail: `ignoreip` (addresses, networks, names, other identifiers) and `ignoreself`.

Owns which identifiers are never counted. Answers with the rule that applies, so that `why` can say it. Names match
through the addresses that `Resolved` brings; until then, and when resolving fails, the last known addresses count.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

from stockade.model.block import Network
from stockade.model.identifier import parse_network

MAX_REMEMBERED = 65_536
"""Verdicts kept per jail. At the bound all are forgotten and found again when asked."""


class IgnoreRules:
    """Tells which rule, if any, exempts an identifier."""

    def __init__(self, entries: Iterable[str], *, is_ignoreself: bool) -> None:
        self._single: dict[str, str] = {}
        self._networks: list[tuple[Network, str]] = []
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
            self._networks.append((network, entry))

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
        network = parse_network(identifier)
        if network is None:
            return ""
        for own in self._own if self._is_ignoreself else ():
            if _covers(network, own):
                return "ignoreself"
        for wider, entry in self._networks:
            if _contains(wider, network):
                return f"ignoreip {entry}"
        for single, entry in self._single.items():
            if network.num_addresses > 1 and _covers(network, single):
                return f"ignoreip {entry}"
        for name, addresses in self._names.items():
            if any(_covers(network, address) for address in addresses):
                return f"ignoreip {name}"
        return ""


def _contains(wider: Network, network: Network) -> bool:
    """Whether `network` lies within `wider`, or `wider` within it: a ban of a network must spare what it contains."""
    if isinstance(wider, IPv4Network) and isinstance(network, IPv4Network):
        return network.overlaps(wider)
    return isinstance(wider, IPv6Network) and isinstance(network, IPv6Network) and network.overlaps(wider)


def _covers(network: Network, address: str) -> bool:
    """Whether an address, given as text, lies within a network."""
    other = parse_network(address)
    return other is not None and _contains(other, network)


def _is_name(entry: str) -> bool:
    return "." in entry and not entry.startswith("file:") and all(c.isalnum() or c in ".-_" for c in entry)
