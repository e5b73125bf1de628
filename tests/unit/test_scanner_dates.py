"""Dates: what is cut, which template wins, zones, and that the hand-made layouts agree with the expressions."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from tests.scanner_specs import (
    ADDR,
    CLF,
    CLF_IN_BRACKETS,
    DATES,
    EPOCH,
    ISO,
    ISO_ANYWHERE,
    NOW,
    SYSLOG,
    Date,
    Filter,
    Rule,
    scan,
    without_layouts,
)

ALL = Rule(rf"^(?P<rest>.*)bad {ADDR}(?P<tail>.*)$")


def _read(dates: tuple[Date, ...], *lines: str, zone: tuple[tuple[int, int], ...] = ()) -> list[tuple[str, str]]:
    spec = Filter(rules=(ALL,), dates=dates, zone=zone, usedns="raw")
    data = "".join(f"{line}\n" for line in lines).encode()
    found = scan(spec, data).failures
    return [(f.fields["rest"], _iso(f.logged)) for f in found]


def _iso(logged: float | None) -> str:
    return "" if logged is None else datetime.fromtimestamp(logged, UTC).isoformat()[:19]


@pytest.mark.parametrize(
    ("line", "rest", "moment"),
    [
        ("Nov 22 16:59:58 bad 192.0.2.1", " ", "2026-11-22T16:59:58"),
        ("Nov 22 16:59:58.123 x bad 192.0.2.1", " x ", "2026-11-22T16:59:58"),
        ("Dec  5 01:02:03 bad 192.0.2.1", " ", "2025-12-05T01:02:03"),
        ("Nov  2 01:02:03 2024 bad 192.0.2.1", " ", "2024-11-02T01:02:03"),
        ("2026-11-22T16:59:58.123456+01:00 bad 192.0.2.1", " ", "2026-11-22T15:59:58"),
        ("2026/11/22 16:59:58 [error] bad 192.0.2.1", " [error] ", "2026-11-22T16:59:58"),
        ("x [2026-11-22 16:59:58Z] bad 192.0.2.1", "x [] ", "2026-11-22T16:59:58"),
        ("192.0.2.9 - - [22/Nov/2026:16:59:58 +0530] bad 192.0.2.1", "192.0.2.9 - - [] ", "2026-11-22T11:29:58"),
        ("1795366798 bad 192.0.2.1", " ", "2026-11-22T16:59:58"),
    ],
)
def test_forms(line: str, rest: str, moment: str) -> None:
    """The span of the date is cut out of the line and nothing else; the moment is in whole seconds of UTC."""
    assert _read(DATES, line) == [(rest, moment)]


FORMS = (
    "%b %d %H:%M:%S",
    "%b %e %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m-%d %H:%M:%S",
    "[%d/%b/%Y:%H:%M:%S +0100]",
    "a [%d/%b/%Y:%H:%M:%S",
    "1-2 [%d/%b/%Y:%H:%M:%S -0930]",
)


def _random_line(random: random.Random) -> str:
    when = datetime.fromtimestamp(NOW, UTC) - timedelta(seconds=random.randrange(400 * 86400))
    when = random.choice([when, datetime.fromtimestamp(NOW + 86400 + random.randrange(-200, 200), UTC)])
    form = random.choice(FORMS)
    end = random.choice(
        ["", " ", ".1", ",123456", ".1234567", "Z", "+0100", "-01:30", "+01", " +0100", " 2024", " 20", "]"]
    )
    text = when.strftime(form) + end
    if random.random() < 0.3:
        place = random.randrange(len(text))
        text = text[:place] + random.choice("0123456789:/- [TZx\u00e9") + text[place + 1 :]
    return f"{random.choice(['', '', '', 'x ', '['])}{text}{random.choice(['', ' ', ': '])}bad 192.0.2.1"


@pytest.mark.parametrize("zone", [(), ((0, 3600), (1_774_746_000, 7200), (1_792_890_000, 3600))])
def test_layouts_agree_with_expressions(zone: tuple[tuple[int, int], ...]) -> None:
    """Over thousands of dates, good and damaged, the hand-made parsers give what the expressions give."""
    lines = [_random_line(random.Random(seed)) for seed in range(3000)]
    for dates in ((SYSLOG,), (ISO,), (ISO_ANYWHERE,), (CLF,), (CLF_IN_BRACKETS,), (ISO, CLF_IN_BRACKETS)):
        assert _read(dates, *lines, zone=zone) == _read(without_layouts(dates), *lines, zone=zone)


def test_the_leftmost_date_wins() -> None:
    """Dates further right, injected by a client, are not believed, even if their template was right before."""
    stamps = [
        "x 2026-11-20 01:02:03 bad 192.0.2.1",
        "yy yy 1795366798 [20/Nov/2026:02:02:03 +0000] 2026-11-19 01:02:03 bad 192.0.2.1",
        "Nov 18 01:02:03 yyy 2026-11-19 01:02:03 bad 192.0.2.1",
        "z 2026-11-17 01:02:03 [20/Nov/2026:02:02:03 +0000] bad 192.0.2.1",
    ]
    moments = [moment for _, moment in _read(DATES, *stamps)]
    assert moments == ["2026-11-20T01:02:03", "2026-11-20T02:02:03", "2026-11-18T01:02:03", "2026-11-17T01:02:03"]


def test_ambiguous_dates_follow_the_order() -> None:
    """Of two templates that fit, the earlier one is used; one that fitted alone is kept while it fits."""
    day = Date("dmy", r"((\d\d)/(\d\d)/(\d{4}))", ((2, "d"), (3, "m"), (4, "Y")))
    month = Date("mdy", r"((\d\d)/(\d\d)/(\d{4}))", ((2, "m"), (3, "d"), (4, "Y")))
    assert _read((day, month), "01/02/2026 bad 192.0.2.1")[0][1] == "2026-02-01T00:00:00"
    assert _read((month, day), "01/02/2026 bad 192.0.2.1")[0][1] == "2026-01-02T00:00:00"


def test_local_zone() -> None:
    """Dates without zone are local: by the offset of their own time, the earlier of two in the hour that repeats."""
    zone = ((0, 3600), (1_774_746_000, 7200), (1_792_890_000, 3600))
    lines = [f"2026-{text} bad 192.0.2.1" for text in ("01-15 12:00:00", "07-15 12:00:00", "10-25 02:30:00")]
    moments = [moment for _, moment in _read((ISO, EPOCH), *lines, zone=zone)]
    assert moments == ["2026-01-15T11:00:00", "2026-07-15T10:00:00", "2026-10-25T00:30:00"]


def test_templates_are_checked() -> None:
    """A template that does not compile, names no layout or no group is refused with its name."""
    for date in (Date("t", "(", ()), Date("t", "()", (), layout="roman"), Date("t", "()", ((7, "Y"),))):
        with pytest.raises(ValueError, match='date template "t"'):
            _read((date,), "x")
