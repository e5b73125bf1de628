"""Selection: whom the operator names, by hand, for an unban."""

from __future__ import annotations

from collections.abc import Iterable

from stockade.model.identifier import canonical, parse_network


class Selection:
    """Identifiers named by the operator: themselves, and every address inside a network named."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.identifiers = {canonical(text) for text in texts}
        self._networks = [n for text in self.identifiers if (n := parse_network(text)) is not None]
        self._is_wide = any(network.num_addresses > 1 for network in self._networks)

    def __contains__(self, identifier: str) -> bool:
        if identifier in self.identifiers:
            return True
        network = parse_network(identifier)
        return network is not None and any(
            wanted.version == network.version and network.overlaps(wanted) for wanted in self._networks
        )

    def among(self, identifiers: Iterable[str]) -> list[str]:
        """Those that are named. Without a network among the names only networks have to be looked into."""
        return [i for i in identifiers if (i in self if self._is_wide or "/" in i else i in self.identifiers)]
