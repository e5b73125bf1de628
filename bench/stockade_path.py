"""The daemon's way from bytes to decisions, put together for a benchmark: `Intake` and `Core` with any number of jails.

In: blocks of bytes with the time at which they are read. Out: how many failures and bans came of them, and whose the
failures of a block are. Must add nothing to the work that the daemon would not do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from bench.corpus import moment
from stockade._scanner import Scanner
from stockade.config import SHIPPED, load, load_filter
from stockade.core import Core
from stockade.core.commands import StartBan
from stockade.core.events import Failures, Tick
from stockade.daemon.intake import Intake
from stockade.daemon.memory import settle_collector
from stockade.match.engine import FilterUse, open_scanner
from stockade.model.chunk import Chunk
from stockade.model.clock import Wall
from stockade.model.settings import BanTimeSettings, JailSettings, LogPath, Settings

SOURCE = "file:bench"
DAY = 86_400.0
"""`bantime = 1d`, as the README's jail.local has it."""

START = Wall(moment(0, 1))


class Machinery:
    """One log's scanner, windows and decisions: a jail for each filter, with the shipped limits."""

    def __init__(self, items: Sequence[str], base: Path = SHIPPED) -> None:
        """`items` are filters of the tree `base`, in jails of their names."""
        loaded = load(has_files=lambda pattern: True)
        sshd = next(jail for jail in loaded.settings.jails if jail.name == "sshd")
        sshd = replace(sshd, ban=BanTimeSettings(bantime=DAY))
        self._jails = tuple(sshd if item == "sshd" else _other(sshd, item, base) for item in items)
        self._intake = Intake(lambda source: self._jails, _scanner, {})
        self._core = Core(Settings(jails=self._jails), START)
        self._position = 0
        self._intake.take(Chunk(SOURCE, "bench", 0, b"", is_live=True), START)  # the scanner is made at the first
        settle_collector()
        self.failures = 0
        self.bans = 0

    def scan(self, data: bytes, time: float) -> list[Failures]:
        """Finds the failures of one block."""
        events, _ = self._intake.take(Chunk(SOURCE, "bench", self._position, data, is_live=True), Wall(time))
        self._position += len(data)
        return events

    def take(self, data: bytes, time: float) -> list[Failures]:
        """Handles one block as the daemon does; gives the failures that were found."""
        now = Wall(time)
        events = self.scan(data, time)
        for event in events:
            self.failures += len(event.found)
            self.bans += sum(isinstance(command, StartBan) for command in self._core.handle(event, now))
        if self._core.deadline() <= now:
            self._core.handle(Tick(), now)
        return events


def _scanner(jails: Sequence[JailSettings]) -> Scanner:
    return open_scanner([FilterUse(jail.filter, jail.findtime) for jail in jails], now=START, local_zone=UTC)


def _other(jail: JailSettings, item: str, base: Path) -> JailSettings:
    settings, problems = load_filter(base, item)
    if problems:
        raise SystemExit("\n".join(str(problem) for problem in problems))
    return replace(jail, name=settings.name, filter=settings, logpaths=(LogPath("bench"),), journal=None)
