"""Ban: a decision that stands in the ledger; Block: its effect in the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from stockade.model.clock import Seconds, Wall

NO_FIELDS: Mapping[str, str] = MappingProxyType({})
"""The fields of bans that have none, shared: bans without evidence are held by the hundred thousand."""

STALE_FACTOR = 3
"""A ban tells something of its identifier for three times its length, and then for `dbpurgeage` (dialect §4.7)."""


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
    included. `failures` is the number of failures that led here (0 for a ban by hand). `fields` are the captured groups
    of the first of them, `last_fields` those of the last one where they differ; `matches` the last lines.
    """

    jail: str
    id: str
    since: Wall
    until: Wall | None
    count: int = 1
    failures: int = 0
    origin: BanOrigin = BanOrigin.FILTER
    reason: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: NO_FIELDS)
    matches: tuple[str, ...] = ()
    last_fields: Mapping[str, str] = field(default_factory=lambda: NO_FIELDS)

    def is_over(self, now: Wall) -> bool:
        """Tells whether the ban has ended at `now`."""
        return self.until is not None and self.until <= now


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of an identifier's bans by one jail: how many, when the last one began and for how long.

    `seconds` below zero: the last one was to be for ever.
    """

    jail: str
    id: str
    count: int
    since: Wall
    seconds: Seconds

    @classmethod
    def of(cls, ban: Ban) -> Past:
        """What a ban leaves behind when its time is over."""
        return cls(ban.jail, ban.id, ban.count, ban.since, -1.0 if ban.until is None else ban.until - ban.since)
