"""Committing records: what is written comes back, whole or not at all, and hostile text stays text."""

from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from stockade.errors import LedgerError
from stockade.ledger import Ledger
from stockade.model.ban import Ban, BanOrigin, BanState
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.record import BanEnd, Progress, Record, WindowState
from tests.ledger_help import DAY, NOW, ban, open_at, progress, window


@pytest.fixture
def ledger(tmp_path: Path):
    """An open, empty ledger."""
    opened = open_at(tmp_path)
    yield opened
    opened.close()


def test_everything_of_a_record_survives_a_restart(tmp_path: Path) -> None:
    """Every field of every part of a record comes back from a closed and reopened ledger as it was."""
    record = Record((ban(), ban("id text", until=None)), (), (window(),), (progress(),), {"bans": 7})
    first = open_at(tmp_path)
    first.commit(record)
    first.close()
    again = open_at(tmp_path)
    assert tuple(again.active_bans(NOW)) == record.bans
    assert tuple(again.windows()) == record.windows
    assert tuple(again.progress()) == record.progress
    assert again.counters() == {"bans": 7}
    assert again.notices == ()
    again.close()


def test_a_record_that_is_refused_changes_nothing(ledger: Ledger) -> None:
    """When one part of a record cannot be stored, no part of it is, and the ledger goes on working."""
    bad = replace(ban("192.0.2.2"), since=Wall(float("nan")))
    with pytest.raises(LedgerError):
        ledger.commit(Record((ban(), bad), (), (window(),), (progress(),), {"a": 1}))
    assert ledger.active_bans(NOW) == []
    assert ledger.windows() == []
    assert ledger.progress() == []
    assert ledger.counters() == {}
    ledger.commit(Record((ban(),)))
    assert len(ledger.active_bans(NOW)) == 1


def test_a_ban_written_again_is_changed_not_doubled(ledger: Ledger) -> None:
    """The same ban (jail, id, since) written twice is one row with the later values."""
    ledger.commit(Record((ban(),)))
    ledger.commit(Record((replace(ban(), until=Wall(NOW + 2 * DAY), count=3),)))
    (past,) = ledger.history("192.0.2.1")
    assert (past.ban.until, past.ban.count, past.ended) == (NOW + 2 * DAY, 3, None)


def test_a_restored_ban_keeps_its_first_origin(ledger: Ledger) -> None:
    """Writing a ban as restored does not hide who decided it."""
    ledger.commit(Record((ban(),)))
    ledger.commit(Record((replace(ban(), origin=BanOrigin.RESTORED),)))
    assert ledger.active_bans(NOW)[0].origin is BanOrigin.FILTER


def test_a_new_ban_takes_the_place_of_one_nobody_ended(ledger: Ledger) -> None:
    """At most one ban of a jail and identifier stands; the older one becomes history, ended when it ran out."""
    ledger.commit(Record((ban(until=NOW + 10),)))
    ledger.commit(Record((ban(since=NOW + 50, until=NOW + 90),)))
    newer, older = ledger.history("192.0.2.1")
    assert (newer.ban.since, newer.ended) == (NOW + 50, None)
    assert (older.ended, older.state) == (NOW + 10, BanState.EXPIRED)


def test_an_end_ends_the_ban_of_its_jail_only(ledger: Ledger) -> None:
    """A BanEnd closes the standing ban of that jail and identifier and says how it ended."""
    ledger.commit(Record((ban(), ban(jail="nginx"))))
    ledger.commit(Record(ends=(BanEnd("sshd", "192.0.2.1", Wall(NOW + 5), BanState.LIFTED),)))
    assert [one.jail for one in ledger.active_bans(NOW)] == ["nginx"]
    ended = [past for past in ledger.history("192.0.2.1") if past.ended is not None]
    assert [(past.ban.jail, past.ended, past.state) for past in ended] == [("sshd", NOW + 5, BanState.LIFTED)]


def test_an_expiry_beside_a_new_ban_means_the_earlier_one(ledger: Ledger) -> None:
    """A record that both bans anew and reports the expiry of the ban before leaves the new ban standing."""
    ledger.commit(Record((ban(until=NOW + 10),)))
    ends = (BanEnd("sshd", "192.0.2.1", Wall(NOW + 10), BanState.EXPIRED),)
    ledger.commit(Record((ban(since=NOW + 9, until=NOW + 99),), ends))
    assert [one.since for one in ledger.active_bans(NOW)] == [NOW + 9]


def test_records_of_one_call_are_written_in_order(ledger: Ledger) -> None:
    """`commit_all` applies records one after the other in one transaction: lift, then ban again, leaves it banned."""
    ledger.commit(Record((ban(),)))
    lifted = Record(ends=(BanEnd("sshd", "192.0.2.1", Wall(NOW + 1), BanState.LIFTED),))
    ledger.commit_all((lifted, Record((ban(since=NOW + 1),))))
    assert [one.since for one in ledger.active_bans(NOW)] == [NOW + 1]


def test_a_window_without_times_is_gone(ledger: Ledger) -> None:
    """A WindowState without times deletes the window; one with times replaces it."""
    ledger.commit(Record(windows=(window("a"), window("b"))))
    ledger.commit(Record(windows=(WindowState("sshd", "a"), window("b", times=(1.0,)))))
    assert [(one.id, one.times) for one in ledger.windows("sshd")] == [("b", (1.0,))]
    assert ledger.windows("nginx") == []


@pytest.mark.parametrize("text", ["'; DROP TABLE bans; --", 'a"b\\c', "nul\0nul", "\r\n\t\x1b[2J", "ü☃𝄞", "{[" * 100])
def test_hostile_text_comes_back_unchanged(ledger: Ledger, text: str) -> None:
    """Whatever an attacker writes into a log is stored and read as plain text, as identifier and as evidence."""
    written = replace(ban(text), reason=text, fields={text: text}, matches=(text,))
    ledger.commit(Record((written,), (), (WindowState(text, text, (1.0,), {text: text}, (text,)),)))
    assert ledger.active_bans(NOW) == [written]
    assert ledger.history(text)[0].ban == written
    assert ledger.windows(text)[0].fields == {text: text}


def test_text_that_utf8_cannot_hold_is_kept_as_question_marks(ledger: Ledger) -> None:
    """Lone surrogates neither stop a commit nor make the row unreadable, and the ban can be ended by the same text."""
    ledger.commit(Record((replace(ban("\ud800x"), matches=("\udfff",)),)))
    assert [(one.id, one.matches) for one in ledger.active_bans(NOW)] == [("?x", ("?",))]
    ledger.commit(Record(ends=(BanEnd("sshd", "\ud800x", NOW, BanState.LIFTED),)))
    assert ledger.active_bans(NOW) == []


def test_evidence_is_cut_to_its_bounds(tmp_path: Path) -> None:
    """At most dbmaxmatches lines (the last) of 8,192 characters and 64 fields of 4,096 characters are kept."""
    ledger = open_at(tmp_path, maxmatches=2)
    lines = ("old", "x" * 9000, "new")
    fields = {f"f{n}": "y" * 5000 for n in range(100)}
    ledger.commit(
        Record((replace(ban(), fields=fields, matches=lines),), (), (WindowState("j", "i", (1.0,), {}, lines),))
    )
    (kept,) = ledger.active_bans(NOW)
    assert kept.matches == ("x" * 8192, "new") == ledger.windows()[0].matches
    assert kept.fields == {f"f{n}": "y" * 4096 for n in range(64)}
    ledger.close()


def test_no_evidence_is_kept_when_none_is_wanted(tmp_path: Path) -> None:
    """dbmaxmatches = 0 keeps no line of any log."""
    ledger = open_at(tmp_path, maxmatches=0)
    ledger.commit(Record((ban(),), (), (window(),)))
    assert ledger.active_bans(NOW)[0].matches == () == ledger.windows()[0].matches
    ledger.close()


def test_dbmaxmatches_can_change_while_the_ledger_is_open(ledger: Ledger) -> None:
    """Another number counts for what is written from then on; what was kept stays."""
    ledger.commit(Record((ban("before"),)))
    ledger.keep_matches(1)
    ledger.commit(Record((ban("after"),)))
    assert [one.matches for one in ledger.active_bans(NOW)] == [("first line", "second line"), ("second line",)]


def test_bans_can_be_read_without_evidence(ledger: Ledger) -> None:
    """`with_evidence=False` leaves fields and matches out and everything else in."""
    ledger.commit(Record((ban(),)))
    assert ledger.active_bans(NOW, with_evidence=False) == [replace(ban(), fields={}, matches=())]


def test_names_beyond_the_bound_are_left_out_and_said(ledger: Ledger) -> None:
    """A ban whose identifier is too long for the ledger does not stop the record it came with, and is reported."""
    ledger.commit(Record((ban("x" * 5000), ban()), (), (WindowState("sshd", "", (1.0,)),)))
    assert [one.id for one in ledger.active_bans(NOW)] == ["192.0.2.1"]
    assert len(ledger.take_notices()) == 2
    assert ledger.notices == ()


def test_numbers_beyond_the_database_are_clamped(ledger: Ledger) -> None:
    """A counter beyond 64 bits is stored as the largest number, not refused."""
    ledger.commit(Record(counters={"big": 2**80, "small": -(2**80)}))
    assert ledger.counters() == {"big": 2**63 - 1, "small": -(2**63 - 1)}


def test_a_scanner_state_beyond_its_bound_is_left_out_and_said(ledger: Ledger) -> None:
    """An oversized scanner state costs the state, not the position."""
    ledger.commit(Record(progress=(Progress(Cursor("f", "i", 5), b"\0" * (17 << 20)),)))
    assert ledger.progress() == [Progress(Cursor("f", "i", 5))]
    assert "too large" in ledger.notices[0]


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    """The directory is made 0700, every file in it 0600, and a looser ledger is tightened."""
    state = tmp_path / "deep" / "state"
    ledger = open_at(state)
    ledger.commit(Record((ban(),)))
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in os.scandir(state)}
    assert set(modes.values()) == {0o600}
    assert {"ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3.lock"} == set(modes)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    ledger.close()
    (state / "ledger.sqlite3").chmod(0o644)
    open_at(state).close()
    assert stat.S_IMODE((state / "ledger.sqlite3").stat().st_mode) == 0o600


def test_a_closed_ledger_refuses_clearly(tmp_path: Path) -> None:
    """Using a closed ledger is a LedgerError, and closing twice is nothing."""
    ledger = open_at(tmp_path)
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError):
        ledger.commit(Record((ban(),)))
    with pytest.raises(LedgerError):
        ledger.active_bans(NOW)


def test_a_commit_is_on_the_disk_before_it_returns(ledger: Ledger, tmp_path: Path) -> None:
    """The log of changes is synchronised at every commit, not left to the system's leisure."""
    assert ledger._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert ledger._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(tmp_path / "ledger.sqlite3", timeout=0).execute("SELECT * FROM bans")


def test_an_empty_record_writes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    """Committing nothing costs no disk write."""
    before = (tmp_path / "ledger.sqlite3-wal").stat().st_size
    ledger.commit(Record())
    assert (tmp_path / "ledger.sqlite3-wal").stat().st_size == before


def test_the_smallest_ban_comes_back(ledger: Ledger) -> None:
    """A ban without reason, fields and lines is stored and read like any other."""
    least = Ban("j", "i", NOW, None)
    ledger.commit(Record((least,)))
    assert ledger.active_bans(NOW) == [least]
