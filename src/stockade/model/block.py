"""Block: what the enforcer must make true in the kernel, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from stockade.model.clock import Seconds

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Block:
    """One network that must not get through, for `timeout` more seconds (None: until lifted)."""

    jail: str
    network: Network
    timeout: Seconds | None = None


@dataclass(frozen=True, slots=True)
class JailCounter:
    """Packets and bytes that a jail's blocks have dropped since the table was made."""

    jail: str
    packets: int
    bytes: int
