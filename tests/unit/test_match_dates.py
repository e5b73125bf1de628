"""Date templates: what each form reads, what it cuts out of the line, and what a pattern of one's own means.

The times are computed here with `datetime`, the templates are run by the scanner.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from stockade._scanner import Scanner
from stockade.match.date_forms import Dated
from stockade.match.dates import date_catalogue, date_templates
from stockade.match.directives import Years, render
from stockade.match.limits import Limits
from stockade.match.problem import ExpressionError
from stockade.match.spec import FilterSpec, RuleSpec
from stockade.match.splits import ANYWHERE, AT_START, BEFORE_SIGNS, BETWEEN_SIGNS, NOWHERE, Split

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
CATALOGUE = date_catalogue(Years(2026))
EAST = timezone(timedelta(hours=1))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def read(dates: tuple[Dated, ...], line: str) -> tuple[datetime | None, str]:
    """The moment that a line gives and what is left of it, as the scanner sees it."""
    rule = RuleSpec(r"^(?P<fid>[\s\S]*)$")
    spec = FilterSpec("t", None, (rule,), (), tuple(d.spec for d in dates), 1, "raw", None, False, ((0, 0),))
    scanner = Scanner([spec], Limits(), is_explaining=True)
    (verdict,) = scanner.feed(line.encode() + b"\n", NOW.timestamp(), is_live=False).verdicts
    if not verdict.failures:
        return None, verdict.fields.get("fid", "")
    (failure,) = verdict.failures
    moment = failure.logged
    return (None if moment is None else datetime.fromtimestamp(moment, UTC)), failure.fields["fid"]


EPOCH = datetime.fromtimestamp(1_106_513_999, UTC)

FORMS = [
    (0, "2026-01-23T21:59:59.98+01:00", datetime(2026, 1, 23, 21, 59, 59, tzinfo=EAST)),
    (0, "2026/01/23  21:59:59,123456", utc(2026, 1, 23, 21, 59, 59)),
    (0, "2026.1.3 1:02:03 Z", utc(2026, 1, 3, 1, 2, 3)),
    (1, "Sun Jan 23 21:59:59.011 2005", utc(2005, 1, 23, 21, 59, 59)),
    (1, "Jan  3 21:59:59", utc(2026, 1, 3, 21, 59, 59)),
    (1, "dec 25  1:02:03", utc(2025, 12, 25, 1, 2, 3)),
    (2, "Jan 23 2026 21:59:59", utc(2026, 1, 23, 21, 59, 59)),
    (3, "23/01/26 21:59:59", utc(2026, 1, 23, 21, 59, 59)),
    (3, "3-1-2026 21:59:59", utc(2026, 1, 3, 21, 59, 59)),
    (4, "23/Jan/2026:21:59:59 +0100", datetime(2026, 1, 23, 21, 59, 59, tzinfo=EAST)),
    (4, "23-Jan-2026 21:59:59.252", utc(2026, 1, 23, 21, 59, 59)),
    (5, "01/23/2026:21:59:59", utc(2026, 1, 23, 21, 59, 59)),
    (6, "01-23-2026 21:59:59.252", utc(2026, 1, 23, 21, 59, 59)),
    (7, "1106513999.000", utc(2005, 1, 23, 20, 59, 59)),
    (8, "11:59:59", utc(2026, 11, 22, 11, 59, 59)),
    (8, "21:59:59", utc(2026, 11, 21, 21, 59, 59)),
    (9, "<01/23/26@21:59:59>", utc(2026, 1, 23, 21, 59, 59)),
    (10, "260123 21:59:59", utc(2026, 1, 23, 21, 59, 59)),
    (10, "260123  1:59:59", utc(2026, 1, 23, 1, 59, 59)),
    (11, "Jan 23, 2026 9:59:59 PM", utc(2026, 1, 23, 21, 59, 59)),
    (11, "Jan 23, 2026 12:59:59 AM", utc(2026, 1, 23, 0, 59, 59)),
    (12, "Jan-23-26 21:59:59", utc(2026, 1, 23, 21, 59, 59)),
    (13, "20260123T215959", utc(2026, 1, 23, 21, 59, 59)),
    (13, "20260123-21:59:59.5 +0100", datetime(2026, 1, 23, 21, 59, 59, tzinfo=EAST)),
    (14, "PDT Apr 16 21:05:29", utc(2026, 4, 17, 4, 5, 29)),
    (14, "CET Mon Apr 16 21:05:29 2018", utc(2018, 4, 16, 20, 5, 29)),
    (15, "+01:00 Jan 23 21:59:59 2026", datetime(2026, 1, 23, 21, 59, 59, tzinfo=EAST)),
    (16, "@4000000041f4104f00000000", datetime.fromtimestamp(0x41F4104F, UTC)),
]


@pytest.mark.parametrize(("index", "text", "moment"), FORMS)
def test_each_form_is_read(index: int, text: str, moment: datetime) -> None:
    """Each of the 17 forms reads its date at the line's beginning, and cuts out exactly that."""
    assert read((CATALOGUE.forms[index],), f"{text} rest") == (moment, " rest")


@pytest.mark.parametrize(("index", "text", "moment"), [form for form in FORMS if form[0] not in (7, 8, 9, 12)])
def test_each_form_is_read_within_a_line(index: int, text: str, moment: datetime) -> None:
    """A form that is not bound to the line's beginning is found between other words."""
    assert read((CATALOGUE.forms[index],), f"host ({text}) rest") == (moment, "host () rest")


@pytest.mark.parametrize(("index", "text", "moment"), [form for form in FORMS if form[0] not in (8, 9, 12)])
def test_each_twin_is_read_behind_two_signs(index: int, text: str, moment: datetime) -> None:
    """The line-anchored twin tolerates two signs before the date, and not a third one."""
    twin = CATALOGUE.twins[[number for number in range(17) if number not in (8, 9, 12)].index(index)]
    assert read((twin,), f"[{text}] rest") == (moment, "[] rest")
    assert read((twin,), f"(({text}") == (moment, "((")
    assert read((twin,), f"((({text}")[0] is None
    assert read((twin,), f"x {text}")[0] is None


@pytest.mark.parametrize(("index", "text", "moment"), FORMS)
def test_the_default_list_reads_every_form(index: int, text: str, moment: datetime) -> None:
    """The whole list finds the same date, except where an earlier form means something else by the same text."""
    assert read(CATALOGUE.everything, f"{text} rest") == (moment, " rest")


@pytest.mark.parametrize("text", ["x2026-01-23 21:59:59", "2026-01-23 21:59:59x", "20260123215959000", "11065139991"])
def test_dates_within_words_are_none(text: str) -> None:
    """Weak word boundaries: a date does not begin or end within a word."""
    assert read(CATALOGUE.everything, f"a {text}")[0] is None


def test_sizes_of_the_lists() -> None:
    """31 templates by default, 17 at the line's beginning, 17 for {DATE}; twins come first."""
    assert len(CATALOGUE.everything) == 31
    assert all(each.spec.is_anchored for each in CATALOGUE.everything[:14])
    assert len(date_templates(["{^LN-BEG}"], CATALOGUE)) == 17
    assert len(date_templates([r"^\[{DATE}\]"], CATALOGUE)) == 17
    assert date_templates([], CATALOGUE) == date_templates(["{DEFAULT}"], CATALOGUE) == CATALOGUE.everything
    assert date_templates(["{^LN-BEG}", "{DEFAULT}"], CATALOGUE)[17:] == tuple(
        each for each in CATALOGUE.forms if not each.spec.is_anchored
    )


@pytest.mark.parametrize(
    ("pattern", "line", "moment", "rest"),
    [
        (r"^\[%Y-%m-%d\]", "[2026-01-01] T x", utc(2026, 1, 1), " T x"),
        (r"^\[(%Y-%m-%d)\] T ", "[2026-01-01] T x", utc(2026, 1, 1), "[] T x"),
        (r"^type=\S+ msg=audit\(({EPOCH})", "type=A msg=audit(1106513999.000:9)", utc(2005, 1, 23, 20, 59, 59), None),
        (r"^[^\[]*\[({DATE})", "a - - [20/Jan/2026:01:02:03 +0000] G", utc(2026, 1, 20, 1, 2, 3), "a - - [] G"),
        ("EPOCH", "[1106513999] x", utc(2005, 1, 23, 20, 59, 59), "[] x"),
        ("epoch", "msg=audit(1106513999.123:7): x", utc(2005, 1, 23, 20, 59, 59), "msg=audit(:7): x"),
        ("EPOCH", "x 1106513999", None, None),
        ("{^LN-BEG}Epoch", "<<1106513999.123 x", utc(2005, 1, 23, 20, 59, 59), "<< x"),
        ("^LEPOCH", "1106513999123 x", utc(2005, 1, 23, 20, 59, 59), " x"),
        ("LEPOCH", "1106513999123456 x", utc(2005, 1, 23, 20, 59, 59), " x"),
        ("{^LN-BEG}tai64n", "@4000000041f4104f00000000 x", datetime.fromtimestamp(0x41F4104F, UTC), " x"),
        ("ISO8601", "a 2026-01-02T03:04:05Z b", utc(2026, 1, 2, 3, 4, 5), "a  b"),
        ("%Y%m%d**", "20260102x", utc(2026, 1, 2), "x"),
        ("**%Y-%m-%d", "x2026-01-02", utc(2026, 1, 2), "x"),
        ("%Y-%m-%d", "x2026-01-02", None, None),
        ("{UNB}%Y-%m-%d", "x2026-01-02y", utc(2026, 1, 2), "xy"),
        ("%d %B %Y %l:%M%p", "x 2 january 2026  3:04pm", utc(2026, 1, 2, 15, 4), "x"),
        ("%Y-%j %k", "2026-060  7", utc(2026, 3, 1, 7), ""),
        ("%Y %W %w", "2026 1 1", utc(2026, 1, 5), ""),
        ("%Y-%m-%d %H:%M %Exz", "2026-01-02 03:04 CET+0130", utc(2026, 1, 2, 0, 34), ""),
        ("%c", "Fri Jan  2 03:04:05 2026", utc(2026, 1, 2, 3, 4, 5), ""),
        ("%x %X", "01/02/26 03:04:05", utc(2026, 1, 2, 3, 4, 5), ""),
        ("100%% %y%m%d", "100% 260102", utc(2026, 1, 2), ""),
    ],
)
def test_patterns_of_ones_own(pattern: str, line: str, moment: datetime | None, rest: str | None) -> None:
    """Directives, keywords, anchors, boundaries and groups mean what the pattern language says."""
    found, left = read(date_templates([pattern], CATALOGUE), line)
    assert found == moment
    if rest is not None:
        assert left == rest


def test_lines_known_to_have_no_date() -> None:
    """{NONE} and a pattern whose group is empty say that no date is expected; nothing is cut out."""
    for pattern in ("{NONE}", "^WARN:()**"):
        (only,) = date_templates([pattern], CATALOGUE)
        assert only.spec.fields == ((1, "N"),)
        assert read((only,), "WARN:a")[1] == "WARN:a"


def test_access_logs_have_a_parser() -> None:
    """The usual pattern for dates in the first brackets is read by the parser of access logs' dates; others are not."""
    layouts = [each.spec.layout for each in date_templates([r"^[^\[]*\[({DATE})"], CATALOGUE)]
    assert layouts.count("clf") == 1
    for other in (r"^[^\[]*(\[{DATE}\])", r"^[^\[]*\[({DATE})**", r"[^\[]*\[({DATE})"):
        assert not any(each.spec.layout for each in date_templates([other], CATALOGUE))


@pytest.mark.parametrize(
    ("pattern", "splits"),
    [
        ("^%Y-%m-%d", NOWHERE),
        ("{^LN-BEG}%Y-%m-%d", AT_START),
        (r"^\[(%Y-%m-%d)\]", {Split("[", "]", 1)}),
        (r"^x(%Y-%m-%d)y", {Split(True, True, 1)}),
        ("%Y-%m-%d", BETWEEN_SIGNS),
        ("%d/%m/%Y", BEFORE_SIGNS),
        (r"(?:x|(%Y-%m-%d))", ANYWHERE),
        ("{UNB}%Y", ANYWHERE),
        (r"^[^\[]*\[({DATE})", {Split("[", False)}),
        (r"\[%Y\]", ANYWHERE),
    ],
)
def test_where_a_date_may_be_cut_out(pattern: str, splits: frozenset[Split]) -> None:
    """The neighbours of the cut are known from the template, or anything is possible."""
    assert date_templates([pattern], CATALOGUE)[0].splits == splits


@pytest.mark.parametrize(
    ("patterns", "message", "index"),
    [
        (["%Y", "%q"], "%q", 1),
        (["%Y-%"], "% at the end", 0),
        (["%E"], "%E", 0),
        (["%Y(", "%m"], "unable to compile", 0),
        (["no date here"], "names no part of a date", 0),
        (["EPOCH", "", "EPOCH"], "stands there twice", 2),
        (["%Y(?i)"], "flags", 0),
        (["%Y %Y"], "redefinition", 0),
    ],
)
def test_patterns_that_cannot_be_used(patterns: list[str], message: str, index: int) -> None:
    """An illegal pattern is an error that repeats the offending text and knows its line."""
    with pytest.raises(ExpressionError, match=message) as caught:
        date_templates(patterns, CATALOGUE)
    assert caught.value.index == index
    assert caught.value.remedy


@pytest.mark.parametrize(("year", "last"), [(2026, 2029), (2027, 2039), (2005, 2029), (2097, 2109)])
def test_years_reach_to_the_decade_of_three_years_from_now(year: int, last: int) -> None:
    """%ExY takes 2000 to the end of that decade, and never less than the present of this program."""
    pattern = re.compile(render("^%ExY$", Years(year)))
    assert [y for y in range(1950, 2150) if pattern.match(str(y))] == list(range(2000, last + 1))


def test_names_make_a_pattern_caseless() -> None:
    """Directives with names ignore case; zone names stay upper case, since others mean nothing."""
    (with_name,) = date_templates(["^%b %d %Y %ExZ"], CATALOGUE)
    assert read((with_name,), "jAN 02 2026 CET")[0] == utc(2026, 1, 1, 23)
    assert read((with_name,), "Jan 02 2026 cet")[0] is None


def test_layouts_are_given_where_their_form_stands_alone() -> None:
    """The scanner's hand-made parsers serve the common forms, and never a pattern with other boundaries."""
    layouts = {each.spec.name: each.spec.layout for each in CATALOGUE.everything if each.spec.layout}
    assert sorted(layouts.values()) == ["clf", "iso", "syslog"]
    assert date_templates(["{^LN-BEG}%b %d %H:%M:%S"], CATALOGUE)[0].spec.layout == "syslog"
    assert date_templates(["%d/%b/%Y:%H:%M:%S %z"], CATALOGUE)[0].spec.layout == "clf"
    assert date_templates(["{UNB}%d/%b/%Y:%H:%M:%S %z"], CATALOGUE)[0].spec.layout == ""
    assert date_templates(["^%b %d %H:%M:%S**"], CATALOGUE)[0].spec.layout == ""


@pytest.mark.parametrize(
    ("pattern", "line", "moment", "rest"),
    [
        ("EPOCH", "1106513999 x", EPOCH, " x"),
        ("epoch", "1106513999.123 x", EPOCH, " x"),
        ("EPOCH", "[1106513999.123] x", EPOCH, "[] x"),
        ("EPOCH", "msg=audit(1106513999.123:9) x", EPOCH, "msg=audit(:9) x"),
        ("EPOCH", "at 1106513999 x", None, "at 1106513999 x"),
        ("^EPOCH", "(1106513999) x", EPOCH, "() x"),
        ("{^LN-BEG}EPOCH", "x 1106513999", None, "x 1106513999"),
        ("LEPOCH", "1106513999 x", EPOCH, " x"),
        ("LEPOCH", "1106513999.123 x", EPOCH, ".123 x"),
        ("LEPOCH", "1106513999123 x", EPOCH, " x"),
        ("LEPOCH", "[1106513999123.456] x", EPOCH, "[] x"),
        ("LEPOCH", "1106513999123456 x", EPOCH, " x"),
        ("^LEPOCH", "x 1106513999123", None, "x 1106513999123"),
        (r"at=({EPOCH})", "x at=1106513999.123 y", EPOCH, "x at= y"),
        (r"at=({LEPOCH})", "x at=1106513999123 y", EPOCH, "x at= y"),
        (r"at={EPOCH}", "x at=1106513999 y", EPOCH, "x  y"),
        (r"^type=\S+ msg=audit\(({EPOCH})", "type=A msg=audit(1106513999.000:9)", EPOCH, "type=A msg=audit(:9)"),
        ("TAI64N", "x @4000000041f4104f00000000 y", datetime.fromtimestamp(0x41F4104F, UTC), "x  y"),
        ("^TAI64N", "x @4000000041f4104f00000000 y", None, "x @4000000041f4104f00000000 y"),
        ("ISO8601", "x 2026-01-02T03:04:05Z y", utc(2026, 1, 2, 3, 4, 5), "x  y"),
        ("%Y-%m-%d", "x2026-01-02 y", None, "x2026-01-02 y"),
        ("**%Y-%m-%d", "x2026-01-02 y", utc(2026, 1, 2), "x y"),
        ("%Y-%m-%d", "2026-01-02T y", None, "2026-01-02T y"),
        ("%Y-%m-%d**", "2026-01-02T y", utc(2026, 1, 2), "T y"),
        ("{UNB}%Y-%m-%d", "x2026-01-02T y", utc(2026, 1, 2), "xT y"),
        ("^%Y-%m-%d", " 2026-01-02 y", None, " 2026-01-02 y"),
        ("{^LN-BEG}%Y-%m-%d", " [2026-01-02] y", utc(2026, 1, 2), " [] y"),
        ("{^LN-BEG}%Y-%m-%d", " [[2026-01-02] y", None, " [[2026-01-02] y"),
        ("%Y-%m-%d$", "x 2026-01-02", utc(2026, 1, 2), "x "),
        (r"^\[%Y-%m-%d\]", "[2026-01-02] T x", utc(2026, 1, 2), " T x"),
        (r"^\[(%Y-%m-%d)\] T ", "[2026-01-02] T x", utc(2026, 1, 2), "[] T x"),
        (r"^(?P<who>\w+) (%Y-%m-%d)", "bob 2026-01-02 x", utc(2026, 1, 2), " 2026-01-02 x"),
        ("{^LN-BEG}", "[21:59:59] x", utc(2026, 11, 21, 21, 59, 59), "[] x"),
        (r"^<({DATE})>", "<21:59:59> x", utc(2026, 11, 21, 21, 59, 59), "<> x"),
    ],
)
def test_words_and_boundaries(pattern: str, line: str, moment: datetime | None, rest: str) -> None:
    """Special words, where each is believed, anchors and boundaries; only group 1 is cut out, named groups count."""
    assert read(date_templates([pattern], CATALOGUE), line) == (moment, rest)
