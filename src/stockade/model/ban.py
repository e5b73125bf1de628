"""Ban: a decision that stands in the ledger; Block: its effect in the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from stockade.model.clock import Wall


class BanState(StrEnum):
    """decided → applied → verified → expired or lifted; a failed one is retried with back-off."""

    DECIDED = "decided"
    APPLIED = "applied"
    VERIFIED = "verified"
    FAILED = "failed"
    EXPIRED = "expired"
    LIFTED = "lifted"


class BanOrigin(StrEnum):
    """Who decided."""

    FILTER = "filter"
    MANUAL = "manual"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Ban:
    """One address (or network, or free identifier) shut out by one jail.

    `until` is None for a permanent ban. `count` says how often this identifier was banned by this jail, this time
    included. `failures` is the number of failures that led here (0 for a ban by hand).
    """

    jail: str
    id: str
    since: Wall
    until: Wall | None
    count: int = 1
    failures: int = 0
    origin: BanOrigin = BanOrigin.FILTER
    reason: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    matches: tuple[str, ...] = ()

    def is_over(self, now: Wall) -> bool:
        """Tells whether the ban has ended at `now`."""
        return self.until is not None and self.until <= now
