"""A sign of life comes through every stage in its order, or not at all."""

from __future__ import annotations

import pytest

from stockade.daemon.feeds import Feeds
from stockade.daemon.heart import BEAT_SECONDS, JAIL, PULSE, Heart, Stage, beat_period
from stockade.daemon.intake import Intake
from stockade.model.clock import Monotonic, Wall
from stockade.model.settings import Settings
from tests.unit.test_daemon_intake import opened

STAGES = (Stage.READER, Stage.SCANNER, Stage.CORE, Stage.LEDGER, Stage.ENFORCER)


def test_the_line_of_a_beat_goes_through_a_real_scanner() -> None:
    """What the pulse gives is read like any log, matched, and carries the number of the beat; it leaves no cursor."""
    heart = Heart()
    assert heart.begin(Monotonic(0.0))
    assert heart.pulse.deadline(Monotonic(0.0)) == 0.0
    feeds = Feeds(Settings(), {}, Wall(0.0))
    intake = Intake(feeds.jails_of, opened, {})
    (item,) = heart.pulse.read(Monotonic(0.0))
    events, odd = intake.take(item, Wall(1e9))
    assert [(event.jail, list(event.found.ids)) for event in events] == [(PULSE, ["1"])]
    assert odd == []
    assert (intake.take_progress(), intake.take_counters()) == ((), {})
    assert heart.pulse.read(Monotonic(0.0)) == []
    assert heart.pulse.deadline(Monotonic(0.0)) is None
    assert [name for name, _ in feeds.streams()] == []
    assert feeds.jails_of(PULSE) == [JAIL]
    feeds.close()


@pytest.mark.parametrize("stalled", STAGES)
def test_a_stage_that_stalls_keeps_the_beat(stalled: Stage) -> None:
    """No later stage can take its place, no further beat begins, and how long it has been waiting is known."""
    heart = Heart()
    heart.begin(Monotonic(100.0))
    for stage in STAGES[:stalled]:
        assert heart.passed(stage, 1)
    for stage in STAGES:
        assert stage is stalled or not heart.passed(stage, 1)
    assert not heart.begin(Monotonic(500.0))
    assert heart.due() is None
    assert not heart.is_complete
    assert heart.waiting(Monotonic(112.0)) == {stalled.name.lower(): 12.0}


def test_beats_follow_each_other() -> None:
    """The next one begins when it is due and the last has come through; a number of another beat is none of it."""
    heart = Heart(5.0)
    assert heart.due() == 0.0
    heart.begin(Monotonic(10.0))
    heart.pulse.read(Monotonic(10.0))
    assert heart.passed(Stage.READER)
    assert not heart.passed(Stage.SCANNER, 7)
    assert not heart.passed(Stage.SCANNER, 0)
    assert all(heart.passed(stage) for stage in STAGES[1:])
    assert heart.is_complete
    assert heart.waiting(Monotonic(11.0)) == {}
    assert heart.due() == 15.0
    assert not heart.begin(Monotonic(14.9))
    assert heart.begin(Monotonic(15.0))


def test_the_service_manager_sets_the_pace() -> None:
    """Four beats in the time it allows; nonsense and nothing mean the usual pace."""
    assert beat_period({"WATCHDOG_USEC": "20000000"}) == 5.0
    assert beat_period({"WATCHDOG_USEC": "600000000"}) == BEAT_SECONDS
    assert beat_period({"WATCHDOG_USEC": "1"}) == 0.1
    for text in ("", "-5", "soon", "9" * 40):
        assert beat_period({"WATCHDOG_USEC": text}) == BEAT_SECONDS
    assert beat_period({}) == BEAT_SECONDS
