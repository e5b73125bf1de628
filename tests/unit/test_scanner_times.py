"""Times: which moment a line counts for (§3.10), live and in history, with and without a date."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scanner_specs import ADDR, EPOCH, ISO, ISO_ANYWHERE, NONE, NOW, SYSLOG, Filter, Rule, make, scan

BAD = Filter(rules=(Rule(f"bad {ADDR}$"),), dates=(EPOCH,), findtime=3600.0)


def _line(offset: int) -> bytes:
    return f"{int(NOW) + offset} bad 192.0.2.1\n".encode()


@pytest.mark.parametrize(
    ("offset", "is_live", "counted"),
    [(-60, True, -60), (-61, True, 0), (60, True, 60), (61, True, 0), (-500, False, -500), (500, False, 0)],
)
def test_live_and_history(offset: int, is_live: bool, counted: int) -> None:
    """Live, dates more than a minute off count as now; in history dates stand, but none lies ahead of now."""
    failure = scan(BAD, _line(offset), is_live=is_live).failures[0]
    assert (failure.time, failure.logged) == (NOW + counted, NOW + offset)


def test_old_lines_are_skipped_in_history() -> None:
    """Lines older than findtime are skipped and counted while history is read, and only then."""
    spec = replace(BAD, findtime=600.0)
    scanner = make(spec)
    assert [f.logged for f in scanner.feed(_line(-601) + _line(-600), NOW, is_live=False).failures] == [NOW - 600]
    assert scanner.statistics()["old"] == 1
    assert len(scan(spec, _line(-601), is_live=True).failures) == 1


def test_undated_lines() -> None:
    """A missing or impossible date: now if live, the last time if that is recent, else unknown, dropped and odd."""
    undated = b"bad 192.0.2.1\n"
    live = scan(BAD, undated, is_live=True).failures[0]
    assert (live.time, live.logged) == (NOW, None)
    history = scan(BAD, undated)
    assert (history.failures, [odd.reason for odd in history.odd]) == ([], ["undated"])
    assert [f.time for f in scan(BAD, _line(-30) + undated).failures] == [NOW - 30, NOW - 30]
    assert len(scan(BAD, _line(-90) + undated).failures) == 1


def test_impossible_dates() -> None:
    """A date that does not exist is cut out all the same; the line counts as undated and is reported as odd."""
    spec = Filter(rules=(Rule(f"^ bad {ADDR}$"),), dates=(ISO,))
    batch = scan(spec, b"2026-02-30 01:02:03 bad 192.0.2.1\n", is_live=True)
    assert [failure.logged for failure in batch.failures] == [None]
    assert [odd.reason for odd in batch.odd] == ["bad-date"]


def test_none_expects_no_date() -> None:
    """`{NONE}` takes the last recent time or now, without complaint, and never hides a date of another template."""
    assert scan(replace(BAD, dates=(NONE,)), b"bad 192.0.2.1\n").failures[0].time == NOW
    both = scan(replace(BAD, dates=(NONE, ISO_ANYWHERE)), b"bad 192.0.2.1\nx 2026-11-22 16:00:00 bad 192.0.2.1\n")
    assert [failure.time for failure in both.failures] == [NOW, NOW - 3600]


def test_entries_carry_their_time() -> None:
    """Entries of a journal are dated by the source: no date is looked for or cut, the other rules hold."""
    scanner = make(replace(BAD, rules=(Rule(f"^{int(NOW)} bad {ADDR}$"),), findtime=600.0))
    line = f"{int(NOW)} bad 192.0.2.1".encode()
    batch = scanner.feed_entries([(NOW - 20.5, line), (NOW - 700, line)], NOW, is_live=False)
    assert [(failure.time, failure.logged) for failure in batch.failures] == [(NOW - 20.5, NOW - 20.5)]
    assert scanner.feed_entries([(NOW - 700, line)], NOW).failures[0].time == NOW
    assert scanner.statistics()["lines"] == 3


def test_the_year_follows_the_clock() -> None:
    """A date without year is read anew when the clock moves on, not from a cache of another year."""
    line, year = b"Dec 25 00:00:00 bad 192.0.2.1\n", 365 * 86_400.0
    scanner = make(replace(BAD, dates=(SYSLOG,), findtime=None))
    first = scanner.feed(line, NOW, is_live=False).failures[0].time
    assert NOW - year < first < NOW
    assert scanner.feed(line, NOW + 60 * 86_400, is_live=False).failures[0].time == first + year


def test_tests_believe_the_log() -> None:
    """Without findtime nothing is too old or ahead: the log's own times count, the last one for lines without."""
    undated = b"bad 192.0.2.1\n"
    test = replace(BAD, findtime=None)
    found = scan(test, _line(-9000) + undated + _line(500) + undated).failures
    assert [failure.time - NOW for failure in found] == [-9000, -9000, 500, 500]
    assert scan(test, undated).failures[0].time == NOW


def test_entries_are_shown_with_their_time() -> None:
    """In the lines of a failure an entry has its local time in front, to the microsecond; rules do not see it."""
    spec = Filter(rules=(Rule(f"^web bad {ADDR}$"),), zone=((0, 3600),))
    entries = [(NOW, b"web bad 192.0.2.1"), (NOW - 0.25, b"web bad 192.0.2.1")]
    failures = make(spec).feed_entries(entries, NOW).failures
    assert [failure.matches for failure in failures] == [
        ["2026-11-22T18:00:00 web bad 192.0.2.1"],
        ["2026-11-22T17:59:59.750000 web bad 192.0.2.1"],
    ]


@pytest.mark.parametrize(
    ("line", "is_live", "notes"),
    [
        (_line(-60), True, []),
        (_line(-61), True, [("off", -61.0)]),
        (_line(61), True, [("off", 61.0)]),
        (_line(-61), False, []),
        (_line(-3601), False, [("old", -3601.0)]),
        (b"bad 192.0.2.1\n", True, [("undated", 0.0)]),
        (b"good 192.0.2.1\n", True, []),
        (_line(-99) * 3 + b"bad 192.0.2.1\n" * 2, True, [("off", -99.0), ("undated", 0.0)]),
    ],
)
def test_notes(line: bytes, is_live: bool, notes: list[tuple[str, float]]) -> None:
    """What an operator should hear of is noted once a call and kind: dates that are off, old or missing."""
    found = scan(BAD, line, is_live=is_live).notes
    assert [(note.kind, note.seconds) for note in found] == notes


def test_expected_absence_is_no_note() -> None:
    """Where `{NONE}` says that there is no date, none is missed."""
    assert scan(replace(BAD, dates=(NONE,)), b"bad 192.0.2.1\n", is_live=True).notes == []
