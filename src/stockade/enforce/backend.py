"""What every way of blocking must offer to the enforcer, nftables now and others later; the contract tests hold it.

In: changes of elements. Out: the kernel's truth. A backend keeps no record of who wants what: `wanted` does.
It has a clock, because long transactions take time that must not be added to deadlines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from stockade.enforce.target import Change, Element, Target
from stockade.model.block import JailCounter


class TableLost(Exception):
    """The rules that make elements block are gone or not ours any more: everything must be made anew."""


class Backend(Protocol):
    """A firewall that blocks targets until their deadlines. Errors are FirewallError; then nothing has changed."""

    name: str

    def rebuild(self, wanted: Mapping[Target, Element]) -> int:
        """Makes the firewall hold exactly `wanted`, touching only what differs; gives the number of differences."""

    def write(self, changes: Sequence[Change]) -> None:
        """Carries out changes in one transaction; raises TableLost when the table is not there to take them."""

    def is_intact(self) -> bool:
        """Whether the rules are in place, exactly as made."""

    def missing(self, targets: Sequence[Target]) -> list[int]:
        """Reads targets back; gives the indexes of those that are not held."""

    def counters(self) -> list[JailCounter]:
        """Packets and bytes dropped, by jail, in order of name."""

    def remove(self) -> None:
        """Removes the table and everything in it; no error when there is none."""

    def close(self) -> None:
        """Releases descriptors; leaves the kernel as it is. Idempotent."""
