"""What becomes of bans and windows when somebody sets the clock while the daemon runs."""

from __future__ import annotations

import pytest

from stockade.core.events import Beat, ClockStepped, Enforced, Outcome
from stockade.core.steps import ClockSteps
from stockade.model.clock import Wall
from tests.playbooks.story import START, Story, jail

HOURS = (-7 * 3600.0, -3600.0, 3600.0, 5 * 3600.0, 10 * 365 * 86_400.0)


def stepped(story: Story, seconds: float) -> list[str]:
    """Somebody sets the clock."""
    story.after(seconds)
    return story.tells(ClockStepped(seconds))


@pytest.mark.parametrize("step", HOURS)
def test_a_ban_lasts_as_long_as_it_would_have(step: float) -> None:
    """A ban of ten minutes that has stood for four stands for six more, in the ledger too, whatever the clock says. The
    kernel is not touched: its timeouts count seconds."""
    story = Story(jail(bantime=600))
    story.fails("192.0.2.1", "192.0.2.1", "192.0.2.1")
    story.after(240)
    assert stepped(story, step) == ["redate 192.0.2.1 in sshd"]
    assert story.ticks() == []
    assert story.after(359).ticks() == []
    assert story.after(2).ticks() == ["expired 192.0.2.1 in sshd"]


@pytest.mark.parametrize("step", HOURS)
def test_failures_are_as_old_as_they_were(step: float) -> None:
    """Two failures before the step and one after it are a ban if findtime has not passed, and none if it has."""
    near, far = Story(jail(findtime=600.0)), Story(jail(findtime=600.0))
    for story, seconds, is_ban in ((near, 500, True), (far, 700, False)):
        story.fails("192.0.2.1", "192.0.2.1")
        stepped(story, step)
        story.after(seconds)
        assert bool(story.fails("192.0.2.1")) is is_ban


def test_windows_go_to_the_ledger_with_their_new_times() -> None:
    """After a crash counting goes on by the new clock."""
    story = Story()
    story.fails("192.0.2.1")
    story.core.take_changed_windows()
    stepped(story, -3600)
    (window,) = story.core.take_changed_windows()
    assert window.times == (START - 3600,)


def test_permanent_and_failed_bans() -> None:
    """A ban without an end has none to move; a block that failed is tried again at once, not an hour later."""
    story = Story(jail(bantime=-1))
    story.fails("192.0.2.1", "192.0.2.1", "192.0.2.1")
    story.tells(Enforced(Outcome.FAILED, (("sshd", "192.0.2.1"),)))
    assert stepped(story, -3600) == []
    assert story.ticks() == ["retry 192.0.2.1 in sshd"]


def test_what_is_a_step() -> None:
    """The two clocks drift apart by a step only: each is noticed once, small ones add up to one, and running on (also
    through sleep, which moves both) is none."""
    steps = ClockSteps(Wall(1000.0), 10.0)
    assert steps.take(Wall(5000.0), 4010.0) == 0
    assert steps.take(Wall(8600.5), 4010.5) == 3600
    assert steps.take(Wall(8601.5), 4011.5) == 0
    assert steps.take(Wall(8598.5), 4011.5) == 0
    assert steps.take(Wall(8596.0), 4012.0) == -6
    assert steps.take(Wall(8596.0), 4012.0) == 0


def test_a_sign_of_life_passes_through_the_core() -> None:
    """Its number comes back."""
    assert Story().tells(Beat(7)) == ["beat 7"]


def test_verified_bans_are_counted_once() -> None:
    """However often a block is repaired, and not again after a restart."""
    story = Story()
    story.fails("192.0.2.1", "192.0.2.1", "192.0.2.1")
    for outcome in (Outcome.APPLIED, Outcome.VERIFIED, Outcome.FAILED, Outcome.VERIFIED):
        story.tells(Enforced(outcome, (("sshd", "192.0.2.1"),)))
    assert story.core.jails["sshd"].counts["verified"] == 1
