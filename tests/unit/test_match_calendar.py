"""Dates at the edges of the calendar, as the daemon reads them: year ends, 29 February, daylight saving time."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from stockade.match.engine import FilterUse, open_scanner
from stockade.model.settings import FilterSettings

BERLIN = ZoneInfo("Europe/Berlin")


def epoch(text: str, zone: tzinfo = UTC) -> float:
    """Seconds since 1970 of a date in ISO's form."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def counted(date: str, now: float, *, is_live: bool, zone: tzinfo = UTC) -> tuple[float, list[str]]:
    """When a failure with this date counts that is read at `now`, and what the scanner noted about it."""
    use = FilterUse(FilterSettings("app", failregex=("app: denied <ADDR>$",)))
    scanner = open_scanner([use], now=now, local_zone=zone)
    batch = scanner.feed(f"{date} app: denied 192.0.2.1\n".encode(), now, is_live=is_live)
    (failure,) = batch.failures
    return failure.time, [note.kind for note in batch.notes]


@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize(
    ("date", "now", "then"),
    [
        ("Dec 31 23:59:58", "2026-01-01T00:00:01", "2025-12-31T23:59:58"),
        ("Dec 31 23:59:59", "2025-12-31T23:59:59", "2025-12-31T23:59:59"),
        ("Jan  1 00:00:00", "2026-01-01T00:00:01", "2026-01-01T00:00:00"),
        ("Feb 29 23:59:59", "2028-03-01T00:00:01", "2028-02-29T23:59:59"),
        ("Feb 29 12:00:00", "2028-02-29T12:00:01", "2028-02-29T12:00:00"),
    ],
)
def test_dates_without_a_year_just_after_they_were_written(date: str, now: str, then: str, is_live: bool) -> None:
    """A line of a moment ago has the year of that moment, across the turn of the year and on the leap day."""
    assert counted(date, epoch(now), is_live=is_live) == (epoch(then), [])


def test_dates_without_a_year_in_history() -> None:
    """A date that would lie ahead is last year's; the leap day is that of the last leap year when that is last year."""
    assert counted("Dec 30 08:00:00", epoch("2026-01-05T00:00:00"), is_live=False)[0] == epoch("2025-12-30T08:00:00")
    assert counted("Feb 29 12:00:00", epoch("2029-01-05T00:00:00"), is_live=False)[0] == epoch("2028-02-29T12:00:00")


def test_a_live_line_that_is_ahead_at_the_turn_of_the_year() -> None:
    """The writer's clock is seven seconds ahead and has the new year already: the line counts as it arrives."""
    now = epoch("2025-12-31T23:59:58")
    assert counted("Jan  1 00:00:05", now, is_live=True) == (now, ["off"])


def test_the_hour_that_comes_twice() -> None:
    """02:30 in Berlin on the day summer time ends: the first time it is read as it is, the second time, an hour later,
    the line counts as it arrives; in history it is the first one."""
    first, second = epoch("2026-10-25T00:30:01"), epoch("2026-10-25T01:30:01")
    assert counted("2026-10-25 02:30:00", first, is_live=True, zone=BERLIN) == (first - 1, [])
    assert counted("2026-10-25 02:30:00", second, is_live=True, zone=BERLIN) == (second, ["off"])
    assert counted("2026-10-25 02:30:00", second, is_live=False, zone=BERLIN)[0] == first - 1


def test_the_hour_that_is_left_out() -> None:
    """On both sides of the gap in spring times are right; one within it, which no clock showed, is that much later."""
    before, after = epoch("2026-03-29T01:00:01"), epoch("2026-03-29T01:30:01")
    assert counted("2026-03-29 01:59:59", before, is_live=True, zone=BERLIN) == (before - 2, [])
    assert counted("2026-03-29 03:30:00", after, is_live=True, zone=BERLIN) == (after - 1, [])
    assert counted("2026-03-29 02:30:00", after, is_live=True, zone=BERLIN) == (after - 1, [])


def test_a_zone_of_its_own() -> None:
    """A log in another zone, said so by `logtimezone`, counts at its own time although this machine is in Berlin."""
    settings = FilterSettings("app", failregex=("app: denied <ADDR>$",), logtimezone="UTC-0500")
    now = epoch("2026-07-01T12:00:01")
    scanner = open_scanner([FilterUse(settings)], now=now, local_zone=BERLIN)
    batch = scanner.feed(b"2026-07-01 07:00:00 app: denied 192.0.2.1\n", now)
    assert (batch.failures[0].time, batch.notes) == (now - 1, [])
