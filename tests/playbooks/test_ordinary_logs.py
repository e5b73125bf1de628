"""Six hours of generated logs, read live by real scanners on a fake clock.

No alarm while all is well, and one, soon, when the program that writes them is no longer recognised.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC

import pytest
from bench.generate import END, KINDS, SPAN, Plan

from stockade.config import load
from stockade.core.looks import Look
from stockade.core.rhythm import RhythmMemory
from stockade.core.watchdog import Watchdog
from stockade.daemon.intake import Intake, Observing
from stockade.match.engine import FilterUse, open_scanner
from stockade.match.line_scanner import LineScanner
from stockade.model.chunk import Chunk
from stockade.model.clock import Monotonic, Wall
from stockade.model.settings import JailSettings

LINES = 6000
PACE = 30
"""Seconds between looks."""
SOURCE = "file:/var/log/auth.log"
BEGIN = END - SPAN


def open_jails(jails: list[JailSettings], *, is_explaining: bool = False) -> LineScanner:
    """A scanner as the daemon opens it."""
    uses = [FilterUse(jail.filter, jail.findtime) for jail in jails]
    return open_scanner(uses, now=BEGIN, local_zone=UTC, is_explaining=is_explaining)


def written(kind: str, old: str = "", new: str = "") -> list[tuple[float, bytes]]:
    """The lines with their times; each `old` in them is `new`."""
    make, stamp = KINDS[kind]
    lines = [line.replace(old, new) if old else line for line in make(Plan(lines=LINES, hosts=50, stamp=stamp))]
    return [(BEGIN + SPAN * n // LINES, line.rstrip("\n").encode() + b"\n") for n, line in enumerate(lines)]


def alarms(lines: list[tuple[float, bytes]]) -> Iterator[tuple[str, int]]:
    """Reads them as they were written; gives each alarm with the number of lines that had been read by then."""
    jails = [next(jail for jail in load(has_files=lambda pattern: True).settings.jails if jail.name == "sshd")]
    observing = Observing()
    intake = Intake(lambda source: jails, open_jails, {}, observing)
    observing.streams.keep([(SOURCE, jails)])
    dog = Watchdog({SOURCE: RhythmMemory(10_000, 30 * 86_400, 900)})
    times, done, position = [time for time, _ in lines], 0, 0
    for now in range(BEGIN, END, PACE):
        upto = bisect_right(times, now)
        data = b"".join(line for _, line in lines[done:upto])
        if data:
            intake.take(Chunk(SOURCE, "1:1:1", position, data, is_live=True), Wall(now))
            intake.take_progress()
        done, position = upto, position + len(data)
        look = Look(observing.streams.look(Wall(now), lambda mine: open_jails(list(mine), is_explaining=True)))
        for change in dog.look(look, Wall(now), Monotonic(float(now - BEGIN))):
            yield change.alarm.code, done


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_ordinary_logs_raise_no_alarm(kind: str) -> None:
    """Attacks that are recognised, quiet days, and the log of a web server that the filter has nothing to do with."""
    assert list(alarms(written(kind))) == []


def test_a_program_with_another_name_is_noticed() -> None:
    """sshd's lines come under another name: an alarm within 200 lines that look like failed log-ins."""
    (alarm,) = alarms(written("attack", "sshd[", "sshd-other["))
    assert alarm[0] == "filter-blind"
    assert alarm[1] < 400
