"""Situation: everything that answers are made of, at one moment.

Made by `daemon.parts` for one request and read by `daemon.answers` and `daemon.verdict`. Holds the running parts
themselves: whoever gets it must not change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stockade.core import Core
from stockade.core.jail import Jail
from stockade.daemon.enforcement import Enforcement
from stockade.daemon.funnel import Tallies
from stockade.daemon.watching import Watching
from stockade.errors import Problem
from stockade.ledger import Ledger
from stockade.model.chunk import SourceStatus
from stockade.model.clock import Wall


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything an answer may be made of, at one moment."""

    core: Core
    ledger: Ledger
    enforcement: Enforcement
    sources: Sequence[SourceStatus]
    odd_lines: dict[str, int]
    problems: Sequence[Problem]
    troubles: Sequence[str]
    rights: dict[str, str]
    tallies: Tallies
    watching: Watching
    stream_of: Callable[[str], str]
    jails_of: Callable[[str], Sequence[str]]
    started: Wall
    now: Wall


def shown_jails(it: Situation) -> list[Jail]:
    """The jails that `status` shows: all but those that are only kept for bans that have ended."""
    return [jail for jail in it.core.jails.values() if not jail.is_orphan or jail.bans]


def sources_by_jail(it: Situation) -> dict[str, list[SourceStatus]]:
    """The sources that each jail reads; with thousands of files, looking them up jail by jail would take seconds."""
    found: dict[str, list[SourceStatus]] = {}
    for one in it.sources:
        for name in it.jails_of(one.source):
            found.setdefault(name, []).append(one)
    return found
