"""Reading back: every row is checked; history and counts are what `why`, `bans` and `unban --last` need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stockade.ledger import Ledger
from stockade.model.ban import BanState
from stockade.model.clock import Wall
from stockade.model.record import BanEnd, Record
from tests.ledger_help import DAY, NOW, ban, open_at, progress, tamper, window


@pytest.fixture
def ledger(tmp_path: Path):
    """An open, empty ledger."""
    opened = open_at(tmp_path)
    yield opened
    opened.close()


BAD_ROWS = [
    "UPDATE bans SET since = 'yesterday'",
    "UPDATE bans SET since = 9e999",
    "UPDATE bans SET until = x'00'",
    "UPDATE bans SET until = 1e300",
    "UPDATE bans SET count = -1",
    "UPDATE bans SET failures = 'many'",
    "UPDATE bans SET origin = 'heaven'",
    "UPDATE bans SET reason = x'ff'",
    "UPDATE bans SET id = ''",
    "UPDATE bans SET id = x'c0ffee'",
    "UPDATE bans SET id = cast(x'c0ffee' AS TEXT)",
    "UPDATE bans SET id = hex(zeroblob(4000))",
    "UPDATE bans SET fields = '{}'",
    "UPDATE bans SET fields = x'7b'",
    "UPDATE bans SET fields = cast('{\"user\": 5}' AS BLOB)",
    'UPDATE bans SET matches = cast(\'{"a": "b"}\' AS BLOB)',
    "UPDATE bans SET matches = cast('[[\"nested\"]]' AS BLOB)",
    "UPDATE bans SET matches = cast(replace(hex(zeroblob(200000)), '0', '[') AS BLOB)",
    "UPDATE bans SET matches = zeroblob(20000000)",
]


@pytest.mark.parametrize("statement", BAD_ROWS)
def test_a_bad_row_costs_itself_only(tmp_path: Path, statement: str) -> None:
    """A row that this program cannot have written is left out and said; its neighbours are read."""
    first = open_at(tmp_path)
    first.commit(Record((ban("a"), ban("b"), ban("c"))))
    first.close()
    tamper(tmp_path, f"{statement} WHERE n = 2")
    ledger = open_at(tmp_path)
    assert [one.id for one in ledger.active_bans(NOW)] == ["a", "c"]
    assert any("1 bad rows of bans" in notice for notice in ledger.notices)
    ledger.last_bans(10)
    ledger.history("b")
    ledger.ban_count("sshd", "b")
    ledger.commit(Record((ban("b"), ban("d"))))
    ledger.purge(Wall(NOW + 99 * DAY), DAY)
    ledger.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE windows SET times = x'00'",
        "UPDATE windows SET times = ''",
        "UPDATE windows SET times = x'000000000000f07f'",
        "UPDATE windows SET times = zeroblob(8000008)",
        "UPDATE progress SET position = -1",
        "UPDATE progress SET position = 'end'",
        "UPDATE progress SET scanner = 'text'",
        "UPDATE progress SET mark = hex(zeroblob(4000))",
        "UPDATE progress SET source = ''",
        "UPDATE counters SET value = 'much'",
        "UPDATE counters SET value = 1.5",
    ],
)
def test_bad_windows_progress_and_counters_are_left_out(tmp_path: Path, statement: str) -> None:
    """The other tables are trusted as little as bans are."""
    first = open_at(tmp_path)
    first.commit(Record((), (), (window(),), (progress(),), {"bans": 1}))
    first.close()
    tamper(tmp_path, statement)
    ledger = open_at(tmp_path)
    table = statement.split()[1]
    read = {"windows": ledger.windows, "progress": ledger.progress, "counters": ledger.counters}[table]
    assert not read()
    assert any(f"1 bad rows of {table}" in notice for notice in ledger.notices)
    ledger.close()


def test_active_and_overdue_bans_share_out_what_stands(ledger: Ledger) -> None:
    """A ban that ran out while nobody was there is overdue, not active; a permanent one is always active."""
    ledger.commit(Record((ban("over", until=NOW), ban("runs", until=NOW + 1), ban("ever", until=None))))
    assert [one.id for one in ledger.active_bans(NOW)] == ["runs", "ever"]
    assert [one.id for one in ledger.overdue_bans(NOW)] == ["over"]


def test_history_is_newest_first_and_limited(ledger: Ledger) -> None:
    """`history` lists the bans of one identifier in all jails, the last written first, at most `limit`."""
    for n in range(5):
        ledger.commit(Record((ban(since=NOW + n), ban("192.0.2.77", since=NOW + n))))
    ledger.commit(Record((ban(jail="nginx", since=NOW),)))
    listed = [(past.ban.jail, past.ban.since - NOW) for past in ledger.history("192.0.2.1", 3)]
    assert listed == [("nginx", 0), ("sshd", 4), ("sshd", 3)]
    assert ledger.history("192.0.2.1", 0) == []
    assert ledger.history("192.0.2.1", -1) == []


def test_last_bans_can_ask_for_standing_ones(ledger: Ledger) -> None:
    """`last_bans` gives the newest bans, or the newest that nobody ended."""
    ledger.commit(Record((ban("a"), ban("b"), ban("c"))))
    ledger.commit(Record(ends=(BanEnd("sshd", "c", NOW, BanState.LIFTED),)))
    assert [past.ban.id for past in ledger.last_bans(2)] == ["c", "b"]
    assert [past.ban.id for past in ledger.last_bans(2, is_standing=True)] == ["b", "a"]


def test_ban_count_is_the_newest_bans_count(ledger: Ledger) -> None:
    """The count comes from the newest ban of the jail; over all jails the counts add up."""
    ledger.commit(Record((replace(ban(), count=1), replace(ban(jail="nginx"), count=4))))
    ledger.commit(Record((replace(ban(since=NOW + 9), count=2),)))
    assert ledger.ban_count("sshd", "192.0.2.1") == 2
    assert ledger.ban_count(None, "192.0.2.1") == 6
    assert ledger.ban_count("sshd", "192.0.2.2") == 0


def test_a_lifted_ban_clears_the_count_an_expired_one_does_not(ledger: Ledger) -> None:
    """Lifting a ban by hand forgives; running out does not."""
    ledger.commit(Record((ban("lifted"), ban("expired"))))
    ends = (BanEnd("sshd", "lifted", NOW, BanState.LIFTED), BanEnd("sshd", "expired", NOW, BanState.EXPIRED))
    ledger.commit(Record(ends=ends))
    assert ledger.ban_count("sshd", "lifted") == 0
    assert ledger.ban_count("sshd", "expired") == 2
