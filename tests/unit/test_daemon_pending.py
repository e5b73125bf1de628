"""What waits for the ledger."""

from __future__ import annotations

from dataclasses import replace

from stockade.daemon.pending import Pending
from stockade.model.ban import Ban, BanOrigin, BanState
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.record import BanEnd, Progress, WindowState

BAN = Ban("sshd", "192.0.2.1", Wall(1.0), None)
END = BanEnd("sshd", "192.0.2.1", Wall(2.0), BanState.LIFTED)


def test_a_ban_after_its_own_end_goes_into_a_later_record() -> None:
    """Within a record ends follow bans, so a new ban must not share one with the end before it."""
    pending = Pending()
    pending.add_end(END)
    pending.add_ban(BAN)
    first, second = pending.decided()
    assert (first.bans, first.ends) == ((), (END,))
    assert (second.bans, second.ends) == ((BAN,), ())


def test_nothing_is_forgotten_before_it_is_committed() -> None:
    """A transaction that fails is offered again, with whatever came since; later states replace earlier ones."""
    pending = Pending()
    pending.add_ban(BAN)
    pending.add_windows([WindowState("sshd", "192.0.2.2", (1.0,)), WindowState("sshd", "192.0.2.2", (1.0, 2.0))])
    pending.add_progress([Progress(Cursor("file:/a", "i", 5)), Progress(Cursor("file:/a", "i", 9))])
    assert pending.everything({"x": 1}) == pending.everything({"x": 1})
    decided, counted = pending.everything({})
    assert decided.bans == (BAN,)
    assert [window.times for window in counted.windows] == [(1.0, 2.0)]
    assert [one.cursor.position for one in counted.progress] == [9]
    assert pending.has_decisions
    pending.committed()
    assert not pending.has_decisions
    assert all(record.is_empty() for record in pending.everything({}))


def test_only_bans_that_filters_found_may_go_ahead() -> None:
    """What a person did, and what ended, waits for the cursors: read again, the log would not say it."""
    pending = Pending()
    pending.add_ban(BAN)
    pending.add_windows([WindowState("sshd", "192.0.2.2", (1.0,))])
    assert pending.has_only_found_bans
    pending.committed_decisions()
    assert [window.id for window in pending.everything({})[-1].windows] == ["192.0.2.2"]
    pending.add_ban(replace(BAN, origin=BanOrigin.MANUAL))
    assert not pending.has_only_found_bans
    pending.committed()
    pending.add_end(END)
    assert not pending.has_only_found_bans
