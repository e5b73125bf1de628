"""The watchdog: notices when Stockade may be blind although it runs, and raises alarms.

In: a `Look` every few seconds, with the time. Out: alarms that began and ended; each is said once and stands until its
cause has gone. Owns what it has learnt of each stream. No I/O, no clock; must not decide bans.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from stockade.core.looks import Look, SourceLook, StreamLook
from stockade.core.pace import Pace
from stockade.core.rhythm import Rhythm, RhythmMemory
from stockade.core.skew import Skew
from stockade.core.suspicion import Suspicion
from stockade.model.alarm import ALARM_KINDS, Alarm, AlarmChange
from stockade.model.clock import Monotonic, Seconds, Wall

MAX_ALARMS = 256
"""Alarms that stand at once. A cause beyond is not told apart; it is told when another has ended."""

STALL_SECONDS: Seconds = 30.0
"""So long may a source be unreadable, or its bytes wait, before that is an alarm."""

BEHIND_SECONDS: Seconds = 300.0
"""So long may what is unread grow."""

BEHIND_BYTES = 16 * 1024 * 1024
"""Less than this is no backlog, however it grows."""

MUTE_SECONDS: Seconds = 3600.0
"""So long may a log give nothing at all although its service listens."""

SKEW_SECONDS: Seconds = 75 * 60.0
"""So long must a clock differ: an hour that daylight saving time repeats does not look like another zone."""

STAGE_SECONDS: Seconds = 10.0
"""So long may a sign of life take through all stages."""

DATE_LINES = 20
"""Lines that were looked at, from which on the share without a date is judged."""

UNDATED_SHARE, DATED_SHARE = 0.9, 0.5
"""From the first share without a date on it is an alarm; below the second one (of those without) it ends."""

QUIET_SECONDS: Seconds = 86_400.0
"""A program that was called blind and has shown nothing suspicious for so long is forgotten."""

Cause = tuple[str, str, str]
"""A code, what it is about, and what is to be said."""


class _Stream:
    """What is known of one stream."""

    def __init__(self, now: Monotonic, memory: RhythmMemory | None) -> None:
        self.rhythm = Rhythm(now, memory)
        self.since = now
        self.arrivals = self.candidates = self.dated = 0
        self.is_undated = False
        self.suspicion = Suspicion()
        self.suspected = now
        self.skew = Skew()

    def take(self, look: StreamLook, now: Monotonic) -> None:
        """Takes the next look."""
        if look.arrivals > self.arrivals:
            self.arrivals = look.arrivals
            self.rhythm.arrived(now)
        for tried in look.tried:
            self.suspicion.take(tried)
            self.suspected = now
        if now - self.suspected > QUIET_SECONDS:
            self.suspicion = Suspicion()
        for sample in look.offsets:
            self.skew.take(sample, now)
        self._take_dates(look)

    def _take_dates(self, look: StreamLook) -> None:
        candidates, dated = look.candidates - self.candidates, look.dated - self.dated
        if candidates < DATE_LINES:
            return
        self.candidates, self.dated = look.candidates, look.dated
        share = 1 - dated / candidates
        self.is_undated = share >= (DATED_SHARE if self.is_undated else UNDATED_SHARE)


class Watchdog:
    """Raises and ends alarms; see the module's docstring."""

    def __init__(
        self, memory: Mapping[str, RhythmMemory] | None = None, raised: Mapping[str, int] | None = None
    ) -> None:
        """`memory` is what the last run had learnt, by stream; `raised` how often each kind was raised before."""
        self._memory = dict(memory or {})
        self._streams: dict[str, _Stream] = {}
        self._paces: dict[str, Pace] = {}
        self._standing: dict[tuple[str, str], Alarm] = {}
        known = raised or {}
        self.raised = {code: known.get(code, 0) for code in ALARM_KINDS}

    def look(self, look: Look, now: Wall, mono: Monotonic) -> list[AlarmChange]:
        """Takes a look; returns what began and what ended, in the order of the table."""
        self._take_streams(look.streams, mono)
        self._take_sources(look.sources, mono)
        causes = {(code, subject): text for code, subject, text in self._causes(look, mono)}
        changes = [AlarmChange(alarm, False) for key, alarm in self._standing.items() if key not in causes]
        for change in changes:
            del self._standing[change.alarm.code, change.alarm.subject]
        for (code, subject), text in causes.items():
            if (code, subject) not in self._standing and len(self._standing) < MAX_ALARMS:
                alarm = self._standing[code, subject] = Alarm(code, subject, text, now)
                self.raised[code] += 1
                changes.append(AlarmChange(alarm, True))
        return changes

    def alarms(self) -> Sequence[Alarm]:
        """The alarms that stand, oldest first."""
        return sorted(self._standing.values(), key=lambda alarm: alarm.since)

    def paces(self) -> Mapping[str, Pace]:
        """How fast each source with a backlog is read."""
        return self._paces

    def offset(self, stream: str) -> Seconds | None:
        """By how much a stream's clock is ahead of this machine's; None while that is not known."""
        known = self._streams.get(stream)
        return known.skew.offset if known else None

    def memory(self, now: Monotonic) -> Mapping[str, RhythmMemory]:
        """What has been learnt of each stream, to be kept."""
        return {name: known.rhythm.memory(now) for name, known in self._streams.items()}

    def is_mute(self) -> bool:
        """Whether some stream has never given a line: then it matters which ports listen."""
        return any(known.rhythm.arrivals == 0 for known in self._streams.values())

    def forget_suspicions(self) -> None:
        """Other filters are in use now."""
        for known in self._streams.values():
            known.suspicion = Suspicion()

    def _take_streams(self, looks: Sequence[StreamLook], mono: Monotonic) -> None:
        before, self._streams = self._streams, {}
        for look in looks:
            known = before.get(look.stream) or _Stream(mono, self._memory.pop(look.stream, None))
            known.take(look, mono)
            self._streams[look.stream] = known

    def _take_sources(self, looks: Sequence[SourceLook], mono: Monotonic) -> None:
        before, self._paces = self._paces, {}
        for look in looks:
            if look.unread or look.state == "failed":
                pace = before.get(look.source) or Pace(look, mono)
                pace.take(look, mono)
                self._paces[look.source] = pace

    def _causes(self, look: Look, mono: Monotonic) -> Iterator[Cause]:
        for stream in look.streams:
            known = self._streams[stream.stream]
            yield from _silent(stream, known, mono)
            yield from _blind(stream, known)
            yield from _undated(stream, known)
            yield from _mute(stream, known, look.listening, mono)
            yield from _skewed(stream, known, mono)
        for source in look.sources:
            pace = self._paces.get(source.source)
            if pace is not None:
                yield from _stalled(source, pace, mono)
        for stage, seconds in look.stages.items():
            if seconds > STAGE_SECONDS:
                yield "pipeline-stalled", stage, f"a sign of life waits for the {stage}"


def _silent(look: StreamLook, known: _Stream, mono: Monotonic) -> Iterator[Cause]:
    limit, silence = known.rhythm.limit(mono), known.rhythm.silence(mono)
    if limit is not None and silence > limit:
        usual = span(known.rhythm.longest())
        text = f"{shown(look.stream)} has been silent for more than {span(limit)}; {usual} is its longest usual silence"
        yield "source-silent", look.stream, text


def _blind(look: StreamLook, known: _Stream) -> Iterator[Cause]:
    for program, judged in known.suspicion.blind():
        by = f" of {program}" if program else ""
        what = f"no filter recognises lines{by} that look like failed log-ins, such as: {judged.line}"
        yield "filter-blind", f"{look.stream} {program}".rstrip(), f"{shown(look.stream)}: {what}"


def _undated(look: StreamLook, known: _Stream) -> Iterator[Cause]:
    if known.is_undated:
        yield "dates-unread", look.stream, f"{shown(look.stream)}: its lines have no date that a filter can read"


def _mute(look: StreamLook, known: _Stream, listening: frozenset[int], mono: Monotonic) -> Iterator[Cause]:
    open_ports = sorted(look.ports & listening)
    if known.rhythm.arrivals == 0 and open_ports and mono - known.since > MUTE_SECONDS:
        text = f"{shown(look.stream)} has given nothing for {span(MUTE_SECONDS)}, although port {open_ports[0]} is open"
        yield "nothing-seen", look.stream, text


def _skewed(look: StreamLook, known: _Stream, mono: Monotonic) -> Iterator[Cause]:
    skew = known.skew
    if skew.is_off and skew.since is not None and mono - skew.since > SKEW_SECONDS:
        offset = skew.offset or 0.0
        side, zone = "ahead of" if offset > 0 else "behind", ", as another zone would" if skew.is_zone else ""
        yield (
            "clock-differs",
            look.stream,
            f"{shown(look.stream)} is {span(abs(offset))} {side} this machine's clock{zone}",
        )


def _stalled(look: SourceLook, pace: Pace, mono: Monotonic) -> Iterator[Cause]:
    if mono - pace.still_since > STALL_SECONDS:
        why = look.detail if look.state == "failed" else f"{look.unread:,} bytes wait, and none is read"
        yield "reader-stalled", look.source, f"{shown(look.source)}: {why}"
    elif pace.behind_since is not None and mono - pace.behind_since > BEHIND_SECONDS and pace.unread > BEHIND_BYTES:
        yield "reader-behind", look.source, f"{shown(look.source)} grows faster than it is read"


def shown(source: str) -> str:
    """The name of a stream or source for people."""
    return source.removeprefix("file:")


def span(seconds: Seconds) -> str:
    """A duration for people: one unit, rounded."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
