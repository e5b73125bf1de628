"""Reading back: every row is checked; history and counts are what `why`, `bans` and `unban --last` need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stockade.ledger import Ledger
from stockade.model.ban import Ban, BanState
from stockade.model.clock import Wall
from stockade.model.record import BanEnd, Forgiven, Record
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
    ledger.past(NOW, DAY, 10)
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


def past_of(ledger: Ledger, now: float = NOW, limit: int = 10) -> list[tuple[str, str, int]]:
    """What is remembered, as (jail, id, count)."""
    return [(one.jail, one.id, one.count) for one in ledger.past(Wall(now), DAY, limit)]


def ended(ledger: Ledger, state: BanState, *bans: Ban, at: float = NOW) -> None:
    """Writes bans and their ends."""
    ledger.commit(Record(bans))
    ledger.commit(Record(ends=tuple(BanEnd(one.jail, one.id, Wall(at), state) for one in bans)))


def test_the_past_is_the_last_ban_that_ran_out(ledger: Ledger) -> None:
    """One per jail and identifier, oldest first; a ban that stands carries its own count and is not in it."""
    ended(ledger, BanState.EXPIRED, replace(ban(), count=1), replace(ban(jail="nginx"), count=4))
    ended(ledger, BanState.EXPIRED, replace(ban(since=NOW + 9), count=2), replace(ban("other"), count=1))
    ledger.commit(Record((replace(ban("other", since=NOW + 9), count=2),)))
    assert past_of(ledger) == [("nginx", "192.0.2.1", 4), ("sshd", "192.0.2.1", 2)]
    (first, second) = ledger.past(NOW, DAY, 10)
    assert (second.since, second.seconds) == (NOW + 9, DAY - 9)
    assert first.seconds == DAY


def test_a_lift_clears_the_past_and_running_out_does_not(ledger: Ledger) -> None:
    """Lifting a ban by hand forgives all that was before it, also once the lifted ban itself is purged."""
    ended(ledger, BanState.EXPIRED, ban("lifted", until=NOW + 30 * DAY), ban("expired"))
    ended(ledger, BanState.LIFTED, ban("lifted", since=NOW + 9))
    assert past_of(ledger) == [("sshd", "expired", 2)]
    later = Wall(NOW + DAY + 10)
    while ledger.purge(later, DAY):
        pass
    assert past_of(ledger, later) == [("sshd", "expired", 2)]


def test_what_is_forgiven_is_not_remembered(ledger: Ledger) -> None:
    """One identifier of a jail, or the whole jail; the history that people read still has the bans."""
    ended(ledger, BanState.EXPIRED, ban("a"), ban("b"), ban("c", jail="nginx"))
    ledger.commit(Record(forgiven=(Forgiven("sshd", "a"), Forgiven("nginx", "b"))))
    assert past_of(ledger) == [("sshd", "b", 2), ("nginx", "c", 2)]
    ledger.commit(Record(forgiven=(Forgiven("sshd"),)))
    assert past_of(ledger) == [("nginx", "c", 2)]
    assert [past.state for past in ledger.history("a")] == [BanState.EXPIRED]


def test_the_past_is_remembered_for_three_lengths_and_the_purge_age(ledger: Ledger) -> None:
    """The dialect's rule (§4.7), the same one by which purging forgets."""
    ended(ledger, BanState.EXPIRED, ban(until=NOW + 100), at=NOW + 100)
    assert len(past_of(ledger, NOW + 300 + DAY - 1)) == 1
    assert past_of(ledger, NOW + 300 + DAY) == []


def test_repeat_offenders_are_read_beyond_the_limit(ledger: Ledger) -> None:
    """Of more identifiers than wanted those stay that were banned more than once, as many again."""
    new = [replace(ban(f"new-{n}", since=NOW + n), count=1) for n in range(10)]
    old = [replace(ban(f"old-{n}", since=NOW - n), count=3) for n in range(10)]
    ended(ledger, BanState.EXPIRED, *old, *new)
    assert [one.id for one in ledger.past(NOW, DAY, 4)] == ["old-6", "old-7", "old-8", "old-9", *_ids("new-", 6, 10)]


def _ids(prefix: str, begin: int, end: int) -> list[str]:
    return [f"{prefix}{n}" for n in range(begin, end)]


def test_the_fields_of_the_first_and_of_the_last_failure_are_kept_apart(ledger: Ledger) -> None:
    """Both come back as they were; without a difference there is only one set."""
    both = replace(ban("both"), last_fields={"user": "admin"})
    only_last = replace(ban("last"), fields={}, last_fields={"user": "admin"})
    ledger.commit(Record((both, only_last, ban("same"))))
    assert [(one.fields, one.last_fields) for one in ledger.active_bans(NOW)] == [
        ({"user": "root"}, {"user": "admin"}),
        ({}, {"user": "admin"}),
        ({"user": "root"}, {}),
    ]


def test_a_change_without_evidence_keeps_it(ledger: Ledger) -> None:
    """A ban that gets another end keeps its lines and fields: the core, which changes it, does not have them."""
    ledger.commit(Record((replace(ban(), last_fields={"user": "admin"}),)))
    ledger.commit(Record((replace(ban(until=NOW + 9 * DAY), fields={}, matches=()),)))
    (one,) = ledger.active_bans(NOW)
    assert (one.until, one.matches) == (NOW + 9 * DAY, ("first line", "second line"))
    assert (one.fields, one.last_fields) == ({"user": "root"}, {"user": "admin"})
