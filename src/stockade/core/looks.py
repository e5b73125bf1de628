"""Looks: what the watchdog is shown every few seconds. Values only; `daemon.watching` makes them.

A *stream* is everything that one line of `logpath` means (a glob's files together: yesterday's file is silent for
ever), or one journal. Its counts are since the start and only grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stockade.model.clock import Seconds


@dataclass(frozen=True, slots=True)
class Tried:
    """A line that looks like a failed log-in, and whether any filter of its log recognised it."""

    program: str
    line: str
    is_recognised: bool


@dataclass(frozen=True, slots=True)
class StreamLook:
    """One stream. `ports` are those of its jails; `tried` and `offsets` (log time minus arrival) are new since the last
    look, bounded by whoever makes them."""

    stream: str
    arrivals: int
    candidates: int = 0
    dated: int = 0
    ports: frozenset[int] = frozenset()
    tried: tuple[Tried, ...] = ()
    offsets: tuple[Seconds, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceLook:
    """One source: its state and how far it was read. `unread` None where that cannot be known."""

    source: str
    state: str
    detail: str
    position: int
    unread: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """Everything at one moment. `listening` are the ports on which this machine accepts connections; `stages` names
    what a sign of life waits for, each with the seconds it has waited."""

    streams: tuple[StreamLook, ...] = ()
    sources: tuple[SourceLook, ...] = ()
    listening: frozenset[int] = frozenset()
    stages: Mapping[str, Seconds] = field(default_factory=dict)
