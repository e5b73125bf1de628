"""The conversation with the enforcer, held with the recording one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stockade.core.events import Enforced, Outcome
from stockade.daemon.enforcement import MAX_WAITING, Enforcement
from stockade.enforce.protocol import AddBlocks, LiftBlocks
from stockade.enforce.recorder import Recorder
from stockade.model.ban import Ban
from stockade.model.clock import Wall

NOW = Wall(1000.0)


def ban(identifier: str, until: float | None = 1600.0) -> Ban:
    """A ban of one identifier."""
    return Ban("sshd", identifier, NOW, None if until is None else Wall(until))


class Remembering(Recorder):
    """A recorder that passes for the real enforcer, so that blocks are read back."""

    is_dry = False  # type: ignore[misc]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """An enforcer that only remembers."""
    made = Remembering()
    yield made
    made.close()


def test_a_block_is_applied_and_then_read_back(recorder: Recorder) -> None:
    """Applied is what the enforcer says; verified is what the kernel holds."""
    enforcement = Enforcement(recorder)
    enforcement.block(ban("192.0.2.1"), NOW)
    enforcement.flush()
    assert enforcement.receive() == [Enforced(Outcome.APPLIED, (("sshd", "192.0.2.1"),))]
    assert enforcement.receive() == [Enforced(Outcome.VERIFIED, (("sshd", "192.0.2.1"),))]


def test_a_block_that_is_not_in_the_kernel_has_failed(recorder: Recorder) -> None:
    """What somebody took away between writing and reading back is reported as failed, so it is tried again."""
    enforcement = Enforcement(recorder)
    enforcement.block(ban("192.0.2.1"), NOW)
    enforcement.flush()
    recorder.firewall.held.clear()
    enforcement.receive()
    (event,) = enforcement.receive()
    assert event.outcome is Outcome.FAILED


def test_blocks_and_lifts_keep_their_order(recorder: Recorder) -> None:
    """Blocked, lifted and blocked again ends blocked."""
    enforcement = Enforcement(recorder)
    enforcement.block(ban("192.0.2.1"), NOW)
    enforcement.unblock(ban("192.0.2.1"))
    enforcement.block(ban("192.0.2.1"), NOW)
    enforcement.flush()
    kinds = [type(request) for request in recorder.requests]
    assert kinds == [AddBlocks, LiftBlocks, AddBlocks]
    assert len(recorder.firewall.held) == 1


def test_many_bans_travel_in_few_messages(recorder: Recorder) -> None:
    """2,500 bans of one turn are three requests."""
    enforcement = Enforcement(recorder)
    for number in range(2500):
        enforcement.block(ban(f"198.18.{number // 250}.{number % 250}"), NOW)
    enforcement.flush()
    assert len(recorder.requests) == 3
    assert len(recorder.firewall.held) == 2500


def test_a_busy_enforcer_is_not_flooded(recorder: Recorder) -> None:
    """While too many requests are unanswered, blocks wait here and then travel together; none is lost."""
    enforcement = Enforcement(recorder)
    for number in range(MAX_WAITING + 500):
        enforcement.block(ban(f"198.18.{number // 250}.{number % 250}"), NOW)
        enforcement.flush()
    assert len(recorder.requests) == MAX_WAITING
    assert enforcement.has_unsent
    enforcement.receive()  # answers what waited, and asks to read it back
    recorder.receive()
    enforcement.flush()
    assert not enforcement.has_unsent
    assert len(recorder.firewall.held) == MAX_WAITING + 500


def test_the_remaining_time_is_what_the_kernel_gets(recorder: Recorder) -> None:
    """A ban restored half-way keeps its end; a permanent one has none."""
    enforcement = Enforcement(recorder)
    enforcement.ensure([ban("192.0.2.1"), ban("192.0.2.2", None)], Wall(1300.0))
    (request,) = recorder.requests
    assert [block.timeout for block in request.blocks] == [300.0, None]  # type: ignore[union-attr]
    assert [event.outcome for event in enforcement.receive()] == [Outcome.APPLIED]
    assert [event.outcome for event in enforcement.receive()] == [Outcome.VERIFIED]


def test_an_identifier_that_is_no_address_is_not_sent(recorder: Recorder) -> None:
    """Text of an `<F-ID>` filter never reaches the firewall."""
    enforcement = Enforcement(recorder)
    assert not enforcement.block(ban("bob; drop table"), NOW)
    enforcement.flush()
    assert not recorder.requests


def test_a_dry_run_never_claims_that_a_block_is_verified() -> None:
    """Nothing is in the kernel, so nothing is read back: such bans stay applied."""
    dry = Recorder()
    enforcement = Enforcement(dry)
    enforcement.block(ban("192.0.2.1"), NOW)
    enforcement.flush()
    assert [event.outcome for event in enforcement.receive()] == [Outcome.APPLIED]
    assert enforcement.receive() == []
    dry.close()
