"""Watching: shows the watchdog what goes on, and keeps what it has learnt.

Owns the watchdog and the streams it is shown; both survive a reload. In: the sources' status, the open probes of the
present configuration, the time. Out: alarms that began or ended, the standing ones for `status`, and counters for the
ledger. Must not say anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stockade.core.looks import Look, SourceLook
from stockade.core.pace import Pace
from stockade.core.rhythm import RhythmMemory
from stockade.core.watchdog import Watchdog
from stockade.daemon.listening import listening_ports
from stockade.daemon.streams import OpenProbe, Streams
from stockade.model.alarm import ALARM_KINDS, Alarm, AlarmChange
from stockade.model.chunk import SourceStatus
from stockade.model.clock import Monotonic, Seconds, Wall

RAISED = "alarms."
"""Counters `alarms.<code>`: how often each kind was raised since the ledger began."""

RHYTHM = "rhythm:"
"""Counters `rhythm:<stream>.<what>`: what was learnt of a stream's silences."""

LEARNT = ("arrivals", "watched", "longest")


class Watching:
    """Looks round for the watchdog; see the module's docstring."""

    def __init__(self, streams: Streams, counters: Mapping[str, int]) -> None:
        """`counters` are the ledger's."""
        self._streams = streams
        raised = {code: counters.get(RAISED + code, 0) for code in ALARM_KINDS}
        self._watchdog = Watchdog(_memories(counters), raised)

    def look(
        self,
        sources: Sequence[SourceStatus],
        open_probe: OpenProbe,
        stages: Mapping[str, Seconds],
        now: Wall,
        mono: Monotonic,
    ) -> list[AlarmChange]:
        """Looks once; `stages` says what a sign of life waits for, and how long."""
        look = Look(
            streams=self._streams.look(now, open_probe),
            sources=tuple(SourceLook(one.source, one.state, one.detail, one.position, one.unread) for one in sources),
            listening=listening_ports() if self._watchdog.is_mute() else frozenset(),
            stages=stages,
        )
        return self._watchdog.look(look, now, mono)

    def configured(self) -> None:
        """Other filters are in use: what no filter recognised, one may recognise now."""
        self._watchdog.forget_suspicions()

    def alarms(self) -> Sequence[Alarm]:
        """The alarms that stand, oldest first."""
        return self._watchdog.alarms()

    def raised(self) -> Mapping[str, int]:
        """How often each kind was raised since the ledger began."""
        return self._watchdog.raised

    def pace(self, source: str) -> Pace | None:
        """How fast a source is read that has a backlog."""
        return self._watchdog.paces().get(source)

    def offset(self, stream: str) -> Seconds | None:
        """By how much the clock of a stream is ahead of this machine's, where that is known."""
        return self._watchdog.offset(stream)

    def counters(self, mono: Monotonic) -> dict[str, int]:
        """What is to outlive a restart, by counter name."""
        learnt = {
            f"{RHYTHM}{stream}.{what}": getattr(memory, what)
            for stream, memory in self._watchdog.memory(mono).items()
            for what in LEARNT
        }
        return {**learnt, **{RAISED + code: count for code, count in self.raised().items()}}


def _memories(counters: Mapping[str, int]) -> dict[str, RhythmMemory]:
    """The rhythms that the ledger knows, by stream."""
    suffix = f".{LEARNT[0]}"
    names = [name[len(RHYTHM) : -len(suffix)] for name in counters if name.startswith(RHYTHM) and name.endswith(suffix)]
    return {
        name: RhythmMemory(**{what: counters.get(f"{RHYTHM}{name}.{what}", 0) for what in LEARNT}) for name in names
    }
