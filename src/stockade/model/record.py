"""Record: everything one ledger transaction holds. Written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stockade.model.ban import Ban, BanState
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor


@dataclass(frozen=True, slots=True)
class WindowState:
    """The failures of one identifier that one jail still counts; no times means the window is gone."""

    jail: str
    id: str
    times: tuple[float, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    matches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BanEnd:
    """How and when a ban ended (`expired` or `lifted`)."""

    jail: str
    id: str
    at: Wall
    state: BanState


@dataclass(frozen=True, slots=True)
class Forgiven:
    """The past of one identifier in one jail no longer counts; without `id` that of all the jail's identifiers."""

    jail: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source was read, with the scanner's own state at that point (`Scanner.dump()`)."""

    cursor: Cursor
    scanner: bytes = b""


@dataclass(frozen=True, slots=True)
class Record:
    """Bans made or changed, bans ended, pasts forgiven, windows changed and progress of sources: one transaction, in
    this order."""

    bans: tuple[Ban, ...] = ()
    ends: tuple[BanEnd, ...] = ()
    windows: tuple[WindowState, ...] = ()
    progress: tuple[Progress, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    """Absolute values of counters that outlive a restart, by name."""
    forgiven: tuple[Forgiven, ...] = ()

    def is_empty(self) -> bool:
        """Tells whether there is nothing to write."""
        return not (self.bans or self.ends or self.windows or self.progress or self.counters or self.forgiven)
