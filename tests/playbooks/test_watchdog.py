"""The watchdog's stories: what goes wrong, which alarm begins, and what ends it. The clock is the story's own."""

from __future__ import annotations

import random
from collections.abc import Mapping

from stockade.core.looks import Look, SourceLook, StreamLook, Tried
from stockade.core.rhythm import DAY, RhythmMemory
from stockade.core.watchdog import MAX_ALARMS, Watchdog
from stockade.model.clock import Monotonic, Seconds, Wall

LOG = "file:/var/log/auth.log"
START = 1_795_366_800.0
PACE = 5.0
"""Seconds between looks, as in the daemon."""


class Story:
    """One watchdog, its clock, one stream with one source, and which alarms began and ended."""

    def __init__(self, memory: Mapping[str, RhythmMemory] | None = None) -> None:
        self.dog = Watchdog(memory)
        self.now = 0.0
        self.arrivals = self.candidates = self.dated = 0
        self.ports: frozenset[int] = frozenset({22})
        self.listening: frozenset[int] = frozenset()
        self.source = SourceLook(LOG, "reading", "", 0, 0)
        self.stages: dict[str, Seconds] = {}
        self.said: list[str] = []

    def look(
        self, seconds: float = PACE, lines: int = 0, tried: tuple[Tried, ...] = (), offsets: tuple[float, ...] = ()
    ) -> list[str]:
        """Lets time pass, then lines arrive, then the watchdog looks; gives what it has to say."""
        self.now += seconds
        self.arrivals += lines
        stream = StreamLook(LOG, self.arrivals, self.candidates, self.dated, self.ports, tried, offsets)
        look = Look((stream,), (self.source,), self.listening, self.stages)
        changes = self.dog.look(look, Wall(START + self.now), Monotonic(self.now))
        told = [("+" if change.is_begin else "-") + change.alarm.code for change in changes]
        self.said += told
        return told

    def days(self, count: float, gap: float, *, nights: float = 0.0) -> None:
        """Lines every `gap` seconds; each day ends with a silent night of so many seconds."""
        end = self.now + count * DAY
        while self.now < end:
            morning = self.now + DAY - nights
            while self.now < morning:
                self.look(gap, 1)
            if nights:
                self.look(nights, 0)


def line(program: str = "sshd", *, is_recognised: bool = False) -> Tried:
    """A line that looks like a failed log-in."""
    return Tried(program, "Failed password for root from 192.0.2.1", is_recognised)


def test_silence_is_unusual_only_when_it_is() -> None:
    """A log that spoke every minute for days and falls silent raises one alarm, which ends with its next line."""
    story = Story()
    story.days(3, 60)
    assert story.said == []
    for _ in range(200):
        story.look(60)
    assert story.said == ["+source-silent"]
    alarm = story.dog.alarms()[0]
    assert (alarm.subject, alarm.since) == (LOG, START + 3 * DAY + 3660)
    assert "longest usual silence" in alarm.text
    assert alarm.remedy
    assert story.look(60, 1) == ["-source-silent"]
    assert story.dog.alarms() == []


def test_quiet_nights_and_weekends_are_usual() -> None:
    """Ten silent hours each night, and a silent weekend that comes after five days, raise nothing."""
    story = Story()
    for _ in range(3):
        story.days(5, 300, nights=10 * 3600)
        story.look(2 * DAY, 0)
    assert story.said == []


def test_nothing_is_unusual_before_enough_is_known() -> None:
    """In the first two days, and for a log that hardly ever speaks, silence says nothing."""
    young = Story()
    young.days(1, 60)
    young.look(0.9 * DAY)
    seldom = Story()
    for _ in range(20):
        seldom.look(DAY, 1)
    seldom.look(30 * DAY)
    assert young.said == seldom.said == []


def test_what_was_learnt_outlives_a_restart() -> None:
    """A new watchdog with the memory of the last one knows what is usual at once."""
    story = Story()
    story.days(3, 60)
    next_one = Story(story.dog.memory(Monotonic(story.now)))
    next_one.look(1, 1)
    assert next_one.look(3700) == ["+source-silent"]


def test_a_filter_that_recognises_nothing_is_blind() -> None:
    """Twenty lines of one program that look like failures, none of them recognised: an alarm that quotes one; it ends
    when such lines are recognised again. Programs whose lines are recognised in part are not blind."""
    story = Story()
    for _ in range(19):
        assert story.look(tried=(line("sshd-session"), line("sshd"), line("sshd", is_recognised=True))) == []
    assert story.look(tried=(line("sshd-session"),)) == ["+filter-blind"]
    alarm = story.dog.alarms()[0]
    assert alarm.subject == f"{LOG} sshd-session"
    assert "Failed password for root from 192.0.2.1" in alarm.text
    assert story.look(tried=(line("sshd-session"),) * 300) == []
    for _ in range(30):
        story.look(tried=(line("sshd-session", is_recognised=True),) * 3)
    assert story.said == ["+filter-blind", "-filter-blind"]


def test_other_filters_are_given_a_chance() -> None:
    """After a reload nothing is held against the filters; without such lines for a day it is forgotten, too."""
    story = Story()
    story.look(tried=(line(),) * 20)
    story.dog.forget_suspicions()
    assert story.look() == ["-filter-blind"]
    story.look(tried=(line(),) * 20)
    assert story.look(2 * DAY, 1) == ["-filter-blind"]


def test_programs_beyond_the_bound_are_judged_together() -> None:
    """An attacker who invents names of programs makes one alarm, not a thousand."""
    story = Story()
    story.look(tried=tuple(line(f"p{number}") for number in range(1000)))
    assert [alarm.subject for alarm in story.dog.alarms()] == [f"{LOG} others"]


def test_dates_that_are_no_longer_read() -> None:
    """When hardly a line's date is found any more there is an alarm; it ends when most are found again. A few lines
    without a date, or too few lines at all, are none."""
    story = Story()
    for candidates, dated, told in (
        (100, 80, []),
        (19, 0, []),
        (41, 1, ["+dates-unread"]),
        (100, 45, []),
        (100, 60, ["-dates-unread"]),
    ):
        story.candidates += candidates
        story.dated += dated
        assert story.look() == told, (candidates, dated)


def test_a_reader_that_stands_still() -> None:
    """Bytes that wait for half a minute while none is read are an alarm, reading on ends it."""
    story = Story()
    story.source = SourceLook(LOG, "reading", "", 100, 50)
    for _ in range(7):
        assert story.look() == []
    assert story.look() == ["+reader-stalled"]
    assert "50 bytes wait" in story.dog.alarms()[0].text
    story.source = SourceLook(LOG, "reading", "", 120, 30)
    assert story.look() == ["-reader-stalled"]


def test_a_source_that_fails() -> None:
    """A log that cannot be read is an alarm with its reason, once it has lasted; healing ends it."""
    story = Story()
    story.source = SourceLook(LOG, "failed", "permission denied → chmod", 0, None)
    for _ in range(8):
        story.look()
    assert story.said == ["+reader-stalled"]
    assert "permission denied" in story.dog.alarms()[0].text
    story.source = SourceLook(LOG, "reading", "", 0, 0)
    assert story.look() == ["-reader-stalled"]


def test_a_reader_that_falls_behind() -> None:
    """A backlog that grows for five minutes is an alarm although it is being read; one that shrinks is only progress,
    with its rate and the time to its end."""
    story = Story()
    for number in range(1, 63):
        story.source = SourceLook(LOG, "reading", "", number * 1_000_000, number * 2_000_000)
        story.look()
    assert story.said == ["+reader-behind"]
    pace = story.dog.paces()[LOG]
    assert pace.rate == 200_000
    for number in range(60, 20, -1):
        story.source = SourceLook(LOG, "reading", "", (200 - number) * 1_000_000, number * 2_000_000)
        story.look()
    assert story.said == ["+reader-behind", "-reader-behind"]
    assert story.dog.paces()[LOG].eta() == story.source.unread / story.dog.paces()[LOG].rate
    story.source = SourceLook(LOG, "reading", "", 300_000_000, 0)
    story.look()
    assert story.dog.paces() == {}


def test_a_log_that_never_gave_a_line_though_its_service_listens() -> None:
    """An hour without any line at all, while the jail's port is open, is an alarm; the first line ends it for good. A
    service that does not run has nothing to say."""
    story = Story()
    for _ in range(100):
        story.look(60)
    assert story.said == []
    assert story.dog.is_mute()
    story.listening = frozenset({22, 80})
    assert story.look() == ["+nothing-seen"]
    assert "port 22" in story.dog.alarms()[0].text
    assert story.look(5, 1) == ["-nothing-seen"]
    assert not story.dog.is_mute()
    later = Story(story.dog.memory(Monotonic(story.now)))
    later.listening = story.listening
    later.look(2 * DAY)
    assert later.said == []


def test_a_clock_that_differs() -> None:
    """A log an hour behind for long is an alarm, and says that it looks like a zone; within the repeated hour of
    daylight saving time it is none, and a few odd dates move nothing. The offset is known meanwhile."""
    story = Story()
    for _ in range(12):
        story.look(300, 1, offsets=(-3601.0,))
    assert story.said == []
    assert story.dog.offset(LOG) == -3601.0
    for _ in range(8):
        story.look(300, 1, offsets=(-3601.0, 86_400.0 * 365, -3600.0))
    assert story.said == ["+clock-differs"]
    assert "behind this machine's clock, as another zone would" in story.dog.alarms()[0].text
    for _ in range(10):
        story.look(5, 1, offsets=(0.2,))
    assert story.said == ["+clock-differs", "-clock-differs"]
    assert story.dog.offset(LOG) == 0.2


def test_a_sign_of_life_that_does_not_come_through() -> None:
    """The stage that keeps it is named; when it comes through the alarm ends."""
    story = Story()
    story.stages = {"ledger": 9.0}
    assert story.look() == []
    story.stages = {"ledger": 11.0}
    assert story.look() == ["+pipeline-stalled"]
    assert story.dog.alarms()[0].subject == "ledger"
    story.stages = {}
    assert story.look() == ["-pipeline-stalled"]
    assert story.dog.raised["pipeline-stalled"] == 1


def test_alarms_are_bounded() -> None:
    """Thousands of logs that fail at once raise a bounded number of alarms."""
    dog = Watchdog()
    sources = tuple(SourceLook(f"file:/{number}", "failed", "gone", 0, None) for number in range(2000))
    for second in (0.0, 40.0):
        dog.look(Look(sources=sources), Wall(START), Monotonic(second))
    assert len(dog.alarms()) == MAX_ALARMS


def test_an_ordinary_month_raises_nothing() -> None:
    """Lines that come at random, by day often and by night seldom, with some that look like failures of which a filter
    recognises a part: no alarm in thirty days."""
    chance = random.Random(7)
    story = Story()
    while story.now < 30 * DAY:
        is_night = story.now % DAY < 7 * 3600
        gap = chance.expovariate(1 / (1500 if is_night else 120))
        tried = (line(is_recognised=chance.random() < 0.3),) if chance.random() < 0.2 else ()
        story.candidates += 2
        story.dated += chance.random() < 0.95
        story.dated += 1
        story.source = SourceLook(LOG, "reading", "", int(story.now * 1000), chance.choice((0, 0, 80)))
        story.look(gap, 1, tried, (chance.gauss(-0.5, 1),))
    assert story.said == []
