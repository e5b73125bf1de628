"""Purging: history goes when it is old and no longer tells anything; what stands, stays; space is given back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stockade.ledger import Ledger
from stockade.model.ban import BanState
from stockade.model.clock import Wall
from stockade.model.record import BanEnd, Record
from tests.ledger_help import DAY, NOW, ban, open_at, progress, window


@pytest.fixture
def ledger(tmp_path: Path):
    """An open, empty ledger."""
    opened = open_at(tmp_path)
    yield opened
    opened.close()


def expire(ledger: Ledger, identifier: str, at: float, state: BanState = BanState.EXPIRED) -> None:
    """Ends a ban."""
    ledger.commit(Record(ends=(BanEnd("sshd", identifier, Wall(at), state),)))


def test_a_standing_ban_is_never_purged(ledger: Ledger) -> None:
    """However old they are, bans that run or are permanent stay."""
    ledger.commit(Record((ban("ever", until=None), ban("long", until=NOW + 9999 * DAY))))
    assert ledger.purge(Wall(NOW + 9998 * DAY), DAY) == 0
    assert len(ledger.active_bans(Wall(NOW + 9998 * DAY))) == 2


def test_an_expired_ban_is_remembered_for_three_times_its_length(ledger: Ledger) -> None:
    """A repeat offender is known until `age` after three bantimes have passed (dialect §4.7)."""
    ledger.commit(Record((ban(until=NOW + DAY),)))
    expire(ledger, "192.0.2.1", NOW + DAY)
    assert ledger.purge(Wall(NOW + 4 * DAY - 1), DAY) == 0
    assert ledger.purge(Wall(NOW + 4 * DAY), DAY) == 1
    assert ledger.history("192.0.2.1") == []


def test_a_lifted_ban_goes_after_the_purge_age(ledger: Ledger) -> None:
    """A ban lifted by hand stays in the history for `age` only."""
    ledger.commit(Record((ban(),)))
    expire(ledger, "192.0.2.1", NOW, BanState.LIFTED)
    assert ledger.purge(Wall(NOW + DAY - 1), DAY) == 0
    assert ledger.purge(Wall(NOW + DAY), DAY) == 1


def test_a_call_does_a_bounded_amount_of_work(ledger: Ledger) -> None:
    """At most `batch` rows go in one call, and repeated calls come to an end."""
    ledger.commit(Record(tuple(ban(f"192.0.2.{n}", until=NOW + 1) for n in range(25))))
    late = Wall(NOW + 99 * DAY)
    done = [ledger.purge(late, DAY, batch=10) for _ in range(5)]
    assert done[-1] == 0
    assert max(done) == 10
    assert ledger.last_bans(99) == []


def test_a_ban_that_nobody_ended_becomes_history(ledger: Ledger) -> None:
    """A ban of a jail that is gone runs out, is kept as history and purged like any other."""
    ledger.commit(Record((ban(until=NOW + 100 * DAY),)))
    ledger.purge(Wall(NOW + 102 * DAY), DAY)
    (past,) = ledger.history("192.0.2.1")
    assert (past.ended, past.state) == (NOW + 100 * DAY, BanState.EXPIRED)
    assert ledger.purge(Wall(NOW + 301 * DAY), DAY) == 1


def test_space_is_given_back(ledger: Ledger, tmp_path: Path) -> None:
    """After a flood has been purged, the file shrinks."""
    flood = tuple(replace(ban(f"x{n}", until=NOW + 1), matches=("y" * 1000,) * 4) for n in range(2000))
    ledger.commit(Record(flood))
    ledger.checkpoint()
    before = (tmp_path / "ledger.sqlite3").stat().st_size
    while ledger.purge(Wall(NOW + 99 * DAY), DAY):
        pass
    ledger.purge(Wall(NOW + 99 * DAY), DAY)
    ledger.checkpoint()
    assert (tmp_path / "ledger.sqlite3").stat().st_size < before / 3


def test_windows_and_progress_of_what_is_gone_are_forgotten(ledger: Ledger) -> None:
    """`forget_others` keeps the named jails' windows and the named sources' progress, at most `batch` a call."""
    windows = (window("a"), window("b", jail="gone"), window("c", jail="gone"))
    ledger.commit(Record((), (), windows, (progress(source="here"), progress(source="old"))))
    assert ledger.forget_others({"sshd"}, {"here"}, batch=1) == 1
    assert ledger.forget_others({"sshd"}, {"here"}, batch=5) == 1
    assert ledger.forget_others({"sshd"}, {"here"}, batch=5) == 0
    assert [one.id for one in ledger.windows()] == ["a"]
    assert [one.cursor.source for one in ledger.progress()] == ["here"]
