"""Zones: steps of real zones, the grammar of `logtimezone`, and one table of abbreviations for Python and Rust."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from stockade.match.abbreviations import ABBREVIATIONS
from stockade.match.problem import ExpressionError
from stockade.match.zones import Steps, local_zone, log_zone_steps, named_zone, zone_steps

NOW = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
RUST_TABLE = Path(__file__).parents[2] / "crates/scanner/src/dates/abbreviations.rs"


def offset_at(steps: Steps, second: int) -> int:
    return [offset for begins, offset in steps if begins <= second][-1]


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/St_Johns", "Africa/Casablanca", "Asia/Kolkata", "UTC"])
def test_steps_agree_with_the_zone(name: str) -> None:
    """At every change, the second before it and every day in between, the steps give the zone's own offset."""
    zone = ZoneInfo(name)
    steps = zone_steps(zone, NOW)
    seconds = [begins + delta for begins, _ in steps[1:] for delta in (-1, 0, 1)]
    seconds += list(range(steps[0][0], int(NOW) + 2 * 365 * 86_400, 86_400))
    for second in seconds:
        expected = datetime.fromtimestamp(second, zone).utcoffset()
        assert expected is not None
        assert offset_at(steps, second) == expected.total_seconds()


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("UTC+0200", 120),
        ("GMT-0100", -60),
        ("Z", 0),
        ("CET", 60),
        ("+0530", 330),
        ("-03:30", -210),
        ("+01", 60),
        ("CET+0130", 150),
        ("A", 60),
        ("Y", -720),
        (" UTC ", 0),
    ],
)
def test_logtimezone_grammar(text: str, minutes: int) -> None:
    """An abbreviation, a numeric offset, or both, which add up."""
    assert log_zone_steps(text) == ((0, minutes * 60),)


@pytest.mark.parametrize(
    "text", ["", "J", "XYZ", "PT", "cet", "Europe/Berlin", "+2500", "+1", "+0160", "UTC+", "ABCDEF"]
)
def test_unknown_zones_are_refused(text: str) -> None:
    """Anything else is an error that repeats the text."""
    with pytest.raises(ExpressionError, match=re.escape(repr(text))):
        log_zone_steps(text)


def test_abbreviations_are_those_of_the_dialect() -> None:
    """There are 222 names with fixed offsets, and no J."""
    assert len(ABBREVIATIONS) == 222
    assert "J" not in ABBREVIATIONS
    assert (ABBREVIATIONS["EST"], ABBREVIATIONS["NPT"], ABBREVIATIONS["M"], ABBREVIATIONS["N"]) == (
        -18_000,
        20_700,
        43_200,
        -3_600,
    )


def test_the_scanner_has_the_same_table() -> None:
    """Every abbreviation of several letters has the same offset in the scanner's source."""
    if not RUST_TABLE.exists():
        pytest.skip("the scanner's source is not here")
    rows = re.findall(r'\((-?\d+), "([A-Za-z ]+)"\)', RUST_TABLE.read_text())
    theirs = {name: int(minutes) * 60 for minutes, names in rows for name in names.split()}
    assert theirs == {name: offset for name, offset in ABBREVIATIONS.items() if len(name) > 1}


def test_zones_by_name_and_by_rule() -> None:
    """A zone may be named as in the zone database, by a POSIX rule, or as an offset."""
    summer, winter = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    for text in ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"):
        zone = named_zone(text)
        assert summer.astimezone(zone).utcoffset() == timedelta(hours=2)
        assert winter.astimezone(zone).utcoffset() == timedelta(hours=1)
    assert named_zone("UTC+0200") == timezone(timedelta(hours=2))
    for text in ("Nowhere/AtAll", "../../etc/passwd", "", "CET-1CEST,bogus,bogus", "\0"):
        with pytest.raises(ExpressionError):
            named_zone(text)


def test_the_zone_of_this_machine(tmp_path: Path) -> None:
    """TZ counts, then the localtime file; without either, or with a broken file, it is UTC."""
    assert local_zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert local_zone(":Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert local_zone("", tmp_path / "missing") is UTC
    broken = tmp_path / "localtime"
    broken.write_bytes(b"no zone")
    assert local_zone("", broken) is UTC
