"""Vitals: the daemon's sign of life on its way through the stages, and the watchdog's regular look.

Owns the heart. In: what the loop does, stage by stage; out: the service manager is fed, and alarms are said. Decides
nothing about bans.
"""

from __future__ import annotations

from collections.abc import Callable

from stockade.core.events import Beat, Event, Failures
from stockade.daemon import host
from stockade.daemon.heart import PULSE, Heart, Pulse, Stage, beat_period
from stockade.daemon.parts import Parts
from stockade.daemon.words import Level, printable
from stockade.model.alarm import AlarmChange
from stockade.model.chunk import Source
from stockade.model.clock import Monotonic, Wall


class Vitals:
    """Follows a sign of life; see the module's docstring."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._heart = Heart(beat_period())
        self._asks_wanted = 0

    @property
    def pulse(self) -> Pulse:
        """The source of signs of life. It is to be read after all others, for which it so waits."""
        return self._heart.pulse

    def due(self) -> Monotonic | None:
        """When `turn` must be called even if nothing else happens."""
        return self._heart.due()

    def was_read(self, source: Source) -> None:
        """A source gave something."""
        if source is self._heart.pulse:
            self._heart.passed(Stage.READER)

    def took(self, event: Failures, handle: Callable[[Event], object]) -> bool:
        """Takes what the scanner made of a sign of life, and lets the core have it by `handle`; False for anything
        else."""
        if event.jail != PULSE:
            return False
        number = int(event.found.ids[-1])
        if self._heart.passed(Stage.SCANNER, number):
            handle(Beat(number))
            self._heart.passed(Stage.CORE, number)
        return True

    def turn(self, mono: Monotonic) -> None:
        """At the end of a turn: begins a sign of life when one is due; asks the enforcer for the end of one that is in
        the ledger, and tells the service manager when its answer, not an earlier one, is here."""
        self._heart.begin(mono)
        enforcement = self._parts.enforcement
        if self._heart.passed(Stage.LEDGER, self._parts.runner.beat_on_disk):
            self._asks_wanted = enforcement.asks + 1
        if self._heart.is_at(Stage.ENFORCER):
            if enforcement.asks < self._asks_wanted:
                enforcement.ask()
            elif enforcement.answered >= self._asks_wanted and self._heart.passed(Stage.ENFORCER):
                host.tell_service_manager("WATCHDOG=1")

    def look_round(self, now: Wall, mono: Monotonic) -> None:
        """Has the watchdog look, and says which alarms began and ended."""
        for change in self._parts.look_round(self._heart.waiting(mono), now, mono):
            level = Level.WARNING if change.is_begin else Level.NOTICE
            self._parts.words.say_seldom("alarm", level, "server", printable(_sentence(change)))


def _sentence(change: AlarmChange) -> str:
    alarm = change.alarm
    return f"Alarm: {alarm.sentence}" if change.is_begin else f"Alarm over: {alarm.text} ({alarm.code})"
