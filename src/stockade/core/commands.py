"""What the core wants done. A closed union, `Command`; `daemon.runner` executes it in one `match`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stockade.model.ban import Ban, BanState
from stockade.model.clock import Wall


@dataclass(frozen=True, slots=True)
class StartBan:
    """Block it, and write it to the ledger, with its evidence, before anyone is told.

    The core keeps the ban without the evidence: the ledger has it.
    """

    ban: Ban
    fields: Mapping[str, str] = field(default_factory=dict)
    matches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetryBan:
    """Block it again: the last try failed. The ledger knows it already."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class EndBan:
    """Unblock it (unless it expired, which the kernel does by itself) and close it in the ledger."""

    ban: Ban
    at: Wall
    state: BanState


@dataclass(frozen=True, slots=True)
class Ignored:
    """A failure was not counted because of a rule; said once per identifier while the rule stands."""

    jail: str
    id: str
    rule: str


@dataclass(frozen=True, slots=True)
class Resolve:
    """Find the addresses of a name, away from the loop; the answer comes as `Resolved`."""

    name: str


Command = StartBan | RetryBan | EndBan | Ignored | Resolve
