"""The daemon's way from bytes to decisions, put together for a benchmark: `Intake` and `Core` on the shipped tree.

In: blocks of bytes with the time at which they are read. Out: how many failures and bans came of them. Must add nothing
to the work that the daemon would not do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

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
    """Scanner, windows and decisions of one jail, with the shipped defaults and the given filter."""

    def __init__(self, item: str) -> None:
        loaded = load(has_files=lambda pattern: True)
        sshd = next(jail for jail in loaded.settings.jails if jail.name == "sshd")
        jail = replace(sshd if item == "sshd" else _other(sshd, item), ban=BanTimeSettings(bantime=DAY))
        self._jails = (jail,)
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

    def take(self, data: bytes, time: float) -> None:
        """Handles one block as the daemon does."""
        now = Wall(time)
        for event in self.scan(data, time):
            self.failures += len(event.found.ids)
            self.bans += sum(isinstance(command, StartBan) for command in self._core.handle(event, now))
        if self._core.deadline() <= now:
            self._core.handle(Tick(), now)


def _scanner(jails: Sequence[JailSettings]) -> Scanner:
    return open_scanner([FilterUse(jail.filter, jail.findtime) for jail in jails], now=START, local_zone=UTC)


def _other(jail: JailSettings, item: str) -> JailSettings:
    settings, problems = load_filter(SHIPPED, item)
    if problems:
        raise SystemExit("\n".join(str(problem) for problem in problems))
    return replace(jail, name=settings.name, filter=settings, logpaths=(LogPath("bench"),), journal=None)
