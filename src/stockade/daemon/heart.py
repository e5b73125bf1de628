"""The heart: a sign of life that passes through every stage of the daemon before the service manager is told.

Owns one beat at a time. A line goes in at the source `Pulse`, is read like a log, matched by a real scanner, handled
by the core, committed to the ledger, and followed by a probe of the enforcer; its answer completes the beat. A stage
that stalls keeps the beat, and `waiting()` says which. Nobody else feeds the service manager's watchdog.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import IntEnum

from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic, Seconds
from stockade.model.settings import FilterSettings, JailSettings

PULSE = "pulse"
"""The name of the source, and of the jail that its line is for. Neither is ever configured or shown."""

JAIL = JailSettings(PULSE, FilterSettings(PULSE, failregex=(r"^beat <F-ID>\d+</F-ID>$",), datepattern=("{NONE}",)))
"""Recognises the line."""

BEAT_SECONDS: Seconds = 15.0
"""From one beat to the next, unless the service manager wants it faster: each one is a small transaction on disk."""


class Stage(IntEnum):
    """Where a beat is: what it waits for."""

    READER = 0
    SCANNER = 1
    CORE = 2
    LEDGER = 3
    ENFORCER = 4
    NOTHING = 5


class Pulse:
    """A `Source` of one line for each beat."""

    def __init__(self) -> None:
        self._beat: int | None = None
        self._position = 0

    def beat(self, number: int) -> None:
        """The next `read` gives the line of this beat."""
        self._beat = number

    def fileno(self) -> int:
        """None: the deadline counts."""
        return -1

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while a beat waits."""
        return now if self._beat is not None else None

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes the beat that waits."""
        if self._beat is None:
            return []
        data, self._beat = b"beat %d\n" % self._beat, None
        chunk = Chunk(PULSE, "", self._position, data, is_live=True)
        self._position += len(data)
        return [chunk]

    def status(self) -> list[SourceStatus]:
        """Nothing that an operator wants to see."""
        return []

    def close(self) -> None:
        """Nothing is held."""


class Heart:
    """One beat at a time; see the module's docstring. The stages report in their order, others are ignored."""

    def __init__(self, period: Seconds = BEAT_SECONDS) -> None:
        self.pulse = Pulse()
        self._period = period
        self._number = 0
        self._stage = Stage.NOTHING
        self._began: Monotonic | None = None

    def begin(self, now: Monotonic) -> bool:
        """Begins a beat if one is due and the last one has come through."""
        if self._stage is not Stage.NOTHING or (self._began is not None and now - self._began < self._period):
            return False
        self._number += 1
        self._stage, self._began = Stage.READER, now
        self.pulse.beat(self._number)
        return True

    def due(self) -> Monotonic | None:
        """When the next beat is to begin; None while one is on its way."""
        if self._stage is not Stage.NOTHING:
            return None
        return Monotonic(self._began + self._period) if self._began is not None else Monotonic(0.0)

    def passed(self, stage: Stage, number: int | None = None) -> bool:
        """Takes note that the beat came through a stage; tells whether it was waiting for that one. `number` is that of
        the beat which the stage has seen, where it knows one."""
        if stage is not self._stage or number not in (None, self._number):
            return False
        self._stage = Stage(stage + 1)
        return True

    def is_at(self, stage: Stage) -> bool:
        """Whether the beat waits for this stage."""
        return self._stage is stage

    @property
    def is_complete(self) -> bool:
        """Whether the last beat came through."""
        return self._stage is Stage.NOTHING and self._began is not None

    def waiting(self, now: Monotonic) -> Mapping[str, Seconds]:
        """The stage that keeps the beat, and for how long the beat has been on its way."""
        if self._stage is Stage.NOTHING or self._began is None:
            return {}
        return {self._stage.name.lower(): now - self._began}


def beat_period(environment: Mapping[str, str] = os.environ) -> Seconds:
    """A quarter of what the service manager allows (sd_watchdog_enabled(3)), at most BEAT_SECONDS."""
    text = environment.get("WATCHDOG_USEC", "")
    allowed = int(text) / 1e6 if text.isascii() and text.isdigit() and len(text) < 16 else 0.0
    return max(0.1, min(BEAT_SECONDS, allowed / 4)) if allowed else BEAT_SECONDS
