"""Target: one network in the shape the firewall looks it up, and the element that stands for it.

In: networks and jail names of the model. Out: map names, packed addresses, counter names, all derived without loss so
that what the kernel holds can be read back. Must not touch the kernel or know the wire.
"""

from __future__ import annotations

import math
import re
from ipaddress import IPv4Network, IPv6Network
from typing import Final, NamedTuple

from stockade.model.block import Network

JAIL_PATTERN: Final = re.compile(r"[^\x00-\x1f\x7f/]{1,64}")
"""What a jail may be called here: 1 to 64 characters, no control characters, no slash, at most 100 bytes of UTF-8. The
dialect allows any section name; whoever reads the configuration reports longer ones."""

_JAIL_BYTES: Final = 100
"""An nft name has at most 255 bytes; `hex-` and two digits a byte stay below that."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MAP: Final = re.compile(r"v([46])_([1-9][0-9]{0,2})")

_MAPS_V4: Final = tuple(f"v4_{prefix}" for prefix in range(33))
_MAPS_V6: Final = tuple(f"v6_{prefix}" for prefix in range(129))
"""One text per map, shared by a million targets."""

FOREVER: Final = math.inf
"""The deadline of an element without timeout."""


class Target(NamedTuple):
    """One network: the map of its family and prefix length (`v6_64`), and its first address, packed."""

    map: str
    address: bytes

    @classmethod
    def of(cls, network: Network) -> Target:
        """Makes the target that stands for a network."""
        names = _MAPS_V4 if network.version == 4 else _MAPS_V6
        return cls(names[network.prefixlen], network.network_address.packed)

    def network(self) -> Network:
        """Gives the network back."""
        prefix = int(self.map[3:])
        number = int.from_bytes(self.address, "big")
        return IPv4Network((number, prefix)) if self.map[1] == "4" else IPv6Network((number, prefix))


class Element(NamedTuple):
    """What the kernel should hold for a target: the jail that counts its packets, and until when (monotonic)."""

    jail: str
    deadline: float


class Change(NamedTuple):
    """One target's next state. `is_present` is our belief about the kernel; `element` None removes it."""

    target: Target
    is_present: bool
    element: Element | None


def map_shape(name: str) -> tuple[int, int] | None:
    """Reads family (4 or 6) and prefix length out of a map's name; None for a name that is not ours."""
    found = _MAP.fullmatch(name)
    if found is None:
        return None
    version, prefix = int(found[1]), int(found[2])
    return (version, prefix) if prefix <= (32 if version == 4 else 128) else None


def is_jail(name: str) -> bool:
    """Tells whether a text may be a jail's name in a request."""
    if JAIL_PATTERN.fullmatch(name) is None:
        return False
    try:
        return len(name.encode()) <= _JAIL_BYTES
    except UnicodeEncodeError:  # a lone surrogate
        return False


def counter_name(jail: str) -> str:
    """Names a jail's counter. Injective: plain names follow `jail-`, all others follow `hex-` as UTF-8 in hex."""
    return f"jail-{jail}" if _PLAIN.fullmatch(jail) else f"hex-{jail.encode().hex()}"


def jail_of_counter(name: str) -> str | None:
    """Reads the jail out of a counter's name; None for a name that `counter_name` never makes."""
    kind, _, rest = name.partition("-")
    try:
        jail = rest if kind == "jail" else bytes.fromhex(rest).decode()
    except ValueError:
        return None
    return jail if is_jail(jail) and counter_name(jail) == name else None
