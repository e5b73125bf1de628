"""Each directive of a date pattern: what it accepts, what it refuses, and what it says about the time."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from stockade.match.directives import Years, has_names, render
from stockade.match.problem import ExpressionError
from tests.unit.test_match_dates import CATALOGUE, NOW, date_templates, read, utc

YEARS = Years(2026)

ACCEPTED = {
    "%Y": (["1999", "2026"], ["199", "20266"]),
    "%ExY": (["2000", "2026", "2029"], ["1999", "2030", "3000"]),
    "%y": (["00", "99"], ["9"]),
    "%Exy": (["00", "99"], ["9"]),
    "%m": (["1", "01", "12"], ["0", "00", "13"]),
    "%Exm": (["01", "12"], ["1", "13"]),
    "%d": (["1", " 1", "01", "31"], ["0", "32"]),
    "%Exd": (["01", "31"], ["1", " 1", "32"]),
    "%H": (["0", "00", "23"], ["24"]),
    "%ExH": (["00", "23"], ["0", "24"]),
    "%k": (["0", " 0", "23", "29"], ["30", "  1"]),
    "%Exk": (["0", " 0", "23"], ["24"]),
    "%I": (["1", "01", "12"], ["0", "13"]),
    "%l": (["1", " 1", "19"], ["20"]),
    "%Exl": (["1", " 1", "12"], ["13", "0"]),
    "%M": (["0", "00", "59"], ["60"]),
    "%ExM": (["00", "59"], ["0", "60"]),
    "%S": (["0", "00", "61"], ["62"]),
    "%ExS": (["00", "61"], ["0", "62"]),
    "%f": (["1", "123456"], ["", "1234567"]),
    "%b": (["Jan", "Dec"], ["January", "Foo"]),
    "%B": (["January", "May"], ["Jan"]),
    "%a": (["Mon", "Sun"], ["Monday"]),
    "%A": (["Monday", "Sunday"], ["Mon"]),
    "%p": (["AM", "PM"], ["XM"]),
    "%j": (["1", "001", "366"], ["0", "367"]),
    "%U": (["0", "00", "53"], ["54"]),
    "%W": (["0", "00", "53"], ["54"]),
    "%w": (["0", "6"], ["7"]),
    "%u": (["1", "7"], ["0", "8"]),
    "%z": (["Z", "UTC", "GMT", "+01", "-0130", "+05:45", "+1900"], ["CET", "+1", "+2000", "+0160"]),
    "%Z": (["Z", "CET", "EASST"], ["A", "CE", "cet"]),
    "%Exz": (["A", "CET", "CET+0130", "+01:30", "Z"], ["CE", "cet", "+3000"]),
    "%ExZ": (["A", "CET", "EASST"], ["AB", "+01"]),
    "%c": (["Fri Jan  2 03:04:05 2026"], ["Jan 2"]),
    "%x": (["01/02/26"], ["2026-01-02"]),
    "%X": (["03:04:05"], ["03:04"]),
    "%%": (["%"], [""]),
}


@pytest.mark.parametrize("directive", ACCEPTED)
def test_what_each_accepts(directive: str) -> None:
    """Every row of the dialect's table takes its texts and nothing else."""
    pattern = re.compile(render(directive, YEARS))
    accepted, refused = ACCEPTED[directive]
    assert [text for text in accepted if pattern.fullmatch(text) is None] == []
    assert [text for text in refused if pattern.fullmatch(text) is not None] == []


@pytest.mark.parametrize(
    ("pattern", "text", "moment"),
    [
        ("%Y-%m-%d", "1999-03-04", utc(1999, 3, 4)),
        ("%ExY-%Exm-%Exd", "2026-03-04", utc(2026, 3, 4)),
        ("%y%m%d", "990304", utc(2099, 3, 4)),
        ("%Y-%m-%d %H:%M:%S", "2026-03-04 5:06:07", utc(2026, 3, 4, 5, 6, 7)),
        ("%Y-%m-%d %k", "2026-03-04  5", utc(2026, 3, 4, 5)),
        ("%Y-%m-%d %k", "2026-03-04 29", None),
        ("%Y-%m-%d %I%p", "2026-03-04 12AM", utc(2026, 3, 4)),
        ("%Y-%m-%d %I%p", "2026-03-04 12pm", utc(2026, 3, 4, 12)),
        ("%Y-%m-%d %I%p", "2026-03-04 1PM", utc(2026, 3, 4, 13)),
        ("%Y-%m-%d %I", "2026-03-04 12", utc(2026, 3, 4)),
        ("%Y-%m-%d %l %p", "2026-03-04  9 pm", utc(2026, 3, 4, 21)),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-03-04 05:06:07.999999", utc(2026, 3, 4, 5, 6, 7)),
        ("%d %b %Y", "4 mar 2026", utc(2026, 3, 4)),
        ("%A, %d %B %Y", "Sunday, 4 march 2026", utc(2026, 3, 4)),
        ("%Y-%j", "2026-063", utc(2026, 3, 4)),
        ("%Y %U %w", "2026 9 3", utc(2026, 3, 4)),
        ("%Y %W %a", "2026 9 Wed", utc(2026, 3, 4)),
        ("%Y %W %u", "2026 9 3", utc(2026, 11, 22)),
        ("%Y-%m-%d %H %z", "2026-03-04 05 +0130", utc(2026, 3, 4, 3, 30)),
        ("%Y-%m-%d %H %z", "2026-03-04 05 UTC", utc(2026, 3, 4, 5)),
        ("%Y-%m-%d %H %Z", "2026-03-04 05 CET", utc(2026, 3, 4, 4)),
        ("%Y-%m-%d %H %Z", "2026-03-04 05 QQQ", None),
        ("%Y-%m-%d %H %Exz", "2026-03-04 05 CET-0030", utc(2026, 3, 4, 4, 30)),
        ("%Y-%m-%d %H %ExZ", "2026-03-04 05 M", utc(2026, 3, 3, 17)),
        ("%c", "Wed Mar  4 05:06:07 2026", utc(2026, 3, 4, 5, 6, 7)),
        ("%x %X", "03/04/26 05:06:07", utc(2026, 3, 4, 5, 6, 7)),
        ("%b %d", "Dec 25", utc(2025, 12, 25)),
        ("%b %d %H", "Nov 23 12", utc(2026, 11, 23, 12)),
        ("%b %d %H", "Nov 23 13", utc(2025, 11, 23, 13)),
        ("%H:%M", "11:59", utc(2026, 11, 22, 11, 59)),
        ("%H:%M", "12:01", utc(2026, 11, 21, 12, 1)),
        ("%Y %H", "2025 11", utc(2025, 11, 22, 11)),
        ("%d %H", "20 11", None),
        ("%b %H", "Mar 11", None),
        ("%Y-%m-%d", "2026-02-30", None),
    ],
)
def test_what_each_says(pattern: str, text: str, moment: datetime | None) -> None:
    """The moment that a pattern gives for a text, the guesses for what is missing, and None for what cannot be; the
    text is cut out in any case."""
    assert datetime(2026, 11, 22, 12, tzinfo=UTC) == NOW
    assert read(date_templates([pattern], CATALOGUE), f"{text} rest") == (moment, " rest")


def test_names_make_all_of_a_pattern_caseless() -> None:
    """%a %A %b %B %p and %c do, other directives do not."""
    assert [name for name in ACCEPTED if has_names(name)] == ["%b", "%B", "%a", "%A", "%p", "%c"]
    (only,) = date_templates(["^at %b %d %Y"], CATALOGUE)
    assert read((only,), "AT MAR 04 2026 x")[0] == utc(2026, 3, 4)


@pytest.mark.parametrize("pattern", ["%q", "%Q", "%Exq", "%E", "%", "%é"])
def test_illegal_directives_are_named(pattern: str) -> None:
    """A directive that does not exist is an error that shows it and says how to write a percent sign."""
    with pytest.raises(ExpressionError, match="illegal directive") as caught:
        render(pattern, YEARS)
    assert "%%" in caught.value.remedy


@pytest.mark.parametrize(("first", "accepted"), [(2000, False), (1960, True)])
def test_a_test_may_read_older_years(first: int, accepted: bool) -> None:
    """%ExY begins with 2000 in the daemon, and with 1960 where a filter is tried."""
    assert (re.fullmatch(render("%ExY", Years(2026, first)), "1999") is not None) == accepted
    assert re.fullmatch(render("%ExY", Years(2026, first)), "1959") is None
