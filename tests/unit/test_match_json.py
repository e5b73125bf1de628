"""Logs of JSON objects: which fields become the text that expressions see, and what hostile lines cannot do."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest

from stockade.match.engine import FilterUse, check_filter, open_scanner, surroundings
from stockade.match.json_match import Match
from stockade.match.json_record import NotRead, Path, read_record
from stockade.match.json_text import Template, time_text
from stockade.match.limits import Limits
from stockade.match.line_scanner import LineScanner
from stockade.match.problem import ExpressionError
from stockade.model.settings import FilterSettings, JsonSettings

NOW = 1_700_000_000.0
TEXT = "login from {request.remote_ip} user {user}"
REGEX = "^login from <ADDR> user <F-USER>.*</F-USER>$"


def chosen(text: str = TEXT, time: str = "ts", *groups: tuple[str, ...], regex: str = REGEX) -> FilterSettings:
    """A filter that reads JSON."""
    return FilterSettings("app", (regex,), json=JsonSettings(text, time, groups))


def opened(settings: FilterSettings, *, is_explaining: bool = False, max_line: int = 131_072) -> LineScanner:
    """Its scanner."""
    return open_scanner(
        [FilterUse(settings)],
        now=NOW,
        local_zone=UTC,
        limits=Limits(max_line=max_line),
        is_explaining=is_explaining,
    )


def line(ip: str = "192.0.2.1", **fields: Any) -> bytes:
    """A record, as a service writes it."""
    record = {"ts": NOW, "msg": "failed", "user": "root", "request": {"remote_ip": ip}, **fields}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def test_named_fields_become_the_text_and_the_time() -> None:
    """Address, user and time come out of the fields that the filter names, and the evidence is the text."""
    batch = opened(chosen()).feed(line("192.0.2.7", ts=NOW - 5.25, user="a b"), NOW)
    (failure,) = batch.failures
    assert (failure.id, failure.fields["user"], failure.time) == ("192.0.2.7", "a b", NOW - 6)
    assert failure.matches == ["1699999994.750000 login from 192.0.2.7 user a b"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", "text"),
        ("deep.down.here", "1.50"),
        ("list.1", "two"),
        ("list.9", None),
        ("list.x", None),
        ("dotted\\.key", "yes"),
        ("flag", "true"),
        ("nothing", None),
        ("deep", None),
        ("list", None),
        ("missing.too", None),
        ("a.b", None),
    ],
)
def test_a_path_finds_text_numbers_and_flags(path: str, found: str | None) -> None:
    """Numbers keep their spelling; what is missing, null or not plain is absent."""
    text = (
        '{"a":"text","deep":{"down":{"here":1.50}},"list":["one","two"],"dotted.key":"yes","flag":true,"nothing":null}'
    )
    assert Path(path).find(read_record(text, 0)) == found


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "x" * 257, ".".join("x" * 17)])
def test_a_wrong_path_is_an_error_of_the_configuration(path: str) -> None:
    """Empty names and endless ones are refused before a log is read."""
    with pytest.raises(ExpressionError, match="not the name of a JSON field"):
        Path(path)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}x",
        "[]",
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":1}{"a":1}',
        '{"a":01}',
        '{"a":' * 5000 + "1" + "}" * 5000,
        "[" * 100_000,
        "{'a':1}",
        '{"a":"\\x"}',
    ],
)
def test_what_is_no_json_is_not_read(text: str) -> None:
    """Broken, followed by more, nested without end: refused, never a traceback."""
    with pytest.raises(NotRead, match="not-json"):
        read_record(text, 0)


@pytest.mark.parametrize("path", ["who", "who.ip"])
def test_a_repeated_key_is_not_believed(path: str) -> None:
    """Which of two equal keys counts is a matter of taste, so a wanted one makes the line odd; others do not matter."""
    record = read_record('{"who":{"ip":"10.0.0.1"},"who":{"ip":"192.0.2.1"},"else":1}', 0)
    with pytest.raises(NotRead, match="repeated-key"):
        Path(path).find(record)
    assert Path("else").find(record) == "1"


def test_huge_numbers_cost_nothing() -> None:
    """A number of a hundred thousand digits is text."""
    assert Path("n").find(read_record('{"n":' + "9" * 100_000 + "}", 0)) == "9" * 100_000


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{a} {b}", "1 -"),
        ("{{{a}}}", "{1}"),
        ("{ a }", "1"),
        ("x {c} y", "x one two three y"),
    ],
)
def test_templates(template: str, text: str) -> None:
    """Missing fields are a dash, doubled braces are braces, control characters are blanks."""
    assert Template(template).render({"a": "1", "b": None, "c": "one\ntwo\x00three"}) == text


@pytest.mark.parametrize("template", ["plain", "{a", "a}", "{a}}", "{}", "{a b.}", "{x}" * 65])
def test_wrong_templates(template: str) -> None:
    """A lone brace, no field at all, too many."""
    with pytest.raises(ExpressionError):
        Template(template)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1700000000", "1700000000.000000"),
        ("1700000000.5241024", "1700000000.524102"),
        ("1.7e9", "1700000000.000000"),
        ("1700000000123", "1700000000.123000"),
        ("1700000000123456", "1700000000.123456"),
        ("1700000000123456789", "1700000000.123457"),
        ("2026-01-05T01:31:41Z", "2026-01-05T01:31:41Z"),
        ("12", "12"),
        ("9" * 19 + "e99", "9" * 19 + "e99"),
        ("x" * 100, "x" * 64),
        ("a\nb", "a b"),
    ],
)
def test_times_in_any_unit(value: str, text: str) -> None:
    """Seconds, milliseconds, microseconds and nanoseconds since 1970 are told by their size; text stays."""
    assert time_text(value) == text


@pytest.mark.parametrize(
    ("value", "second"),
    [
        (NOW, 0),
        (int(NOW * 1000) + 500, 0),
        ("2023-11-14T22:13:20Z", 0),
        ("2023-11-14T23:13:21+01:00", 1),
        ("2023-11-14 22:13:22.25", 2),
        ("14/Nov/2023:22:13:23 +0000", 3),
    ],
)
def test_the_usual_forms_of_time_are_understood(value: object, second: int) -> None:
    """Whatever a JSON logger writes: numbers, RFC 3339, the form of web servers; as in every log, to the second."""
    (failure,) = opened(chosen()).feed(line(ts=value), NOW).failures
    assert failure.logged == NOW + second


def test_a_line_without_a_time_counts_as_it_arrives() -> None:
    """A missing field is no reason to overlook an attack."""
    (failure,) = opened(chosen()).feed(line(ts=None), NOW + 7).failures
    assert (failure.time, failure.logged) == (NOW + 7, None)


def test_a_field_cannot_bring_a_date() -> None:
    """With the record's own time in front, a date in a name is part of the name."""
    (failure,) = opened(chosen()).feed(line(user="2001-01-01 00:00:00 x"), NOW).failures
    assert (failure.time, failure.fields["user"]) == (NOW, "2001-01-01 00:00:00 x")


def test_a_field_cannot_begin_a_line() -> None:
    """Escaped newlines in a field are blanks when it becomes text."""
    batch = opened(chosen()).feed(line("192.0.2.1", user="x\n1700000000 login from 10.0.0.1 user y"), NOW)
    assert batch.ids == ["192.0.2.1"]


def test_head_of_a_line_stays_where_the_time_is_not_in_the_record() -> None:
    """Behind the head of a syslog line, the record is found, and the head gives the time."""
    settings = chosen("{msg} {request.remote_ip}", "", regex=r"^ \S+ app\[\d+\]: failed <ADDR>$")
    (failure,) = opened(settings).feed(b"Nov 14 22:13:15 host app[7]: " + line("192.0.2.3"), NOW).failures
    assert (failure.id, failure.logged) == ("192.0.2.3", NOW - 5)


def test_entries_keep_their_own_time() -> None:
    """From the journal or a container the time is known, and a head is no part of the text."""
    batch = opened(chosen()).feed_entries([(NOW - 3, b"host app[7]: " + line(ts=1)[:-1])], NOW)
    assert [(failure.id, failure.time) for failure in batch.failures] == [("192.0.2.1", NOW - 3)]


@pytest.mark.parametrize("head", [b"GET /?x=", b"agent: ", b"a b c: ", b"x"])
def test_a_quoted_record_is_none(head: bytes) -> None:
    """In a log of both kinds of lines, an object behind a client's words is the client's."""
    assert opened(chosen()).feed(head + line(), NOW).ids == []
    if head != b"agent: ":
        assert opened(chosen()).feed_entries([(NOW, b"host app[1]: " + head + line())], NOW).ids == []


def test_conditions_choose_records() -> None:
    """Different fields are AND-ed, equal ones and groups OR-ed, as in `journalmatch`; `*` is any text."""
    match = Match((("a=1", "a=2", "b=x*"), ("c=*mid*end",)))
    wanted = [{"a": "2", "b": "xy"}, {"c": "--mid--end"}]
    unwanted = [{"a": "1"}, {"a": "3", "b": "x"}, {"b": "x"}, {"c": "mid"}, {"c": "endmid"}, {}]
    assert all(match.is_met(record) for record in wanted)
    assert not any(match.is_met(record) for record in unwanted)


def test_overlapping_ends_do_not_match_twice() -> None:
    """`ab*ba` is not `aba`: the ends of a pattern do not share letters."""
    match = Match((("a=ab*ba",),))
    assert [match.is_met({"a": text}) for text in ("aba", "abba", "abxba")] == [False, True, True]


def test_lines_without_the_wanted_values_are_not_even_read() -> None:
    """What makes it fast: a broken line that cannot be meant is passed over as any other log line is."""
    scanner = opened(chosen(TEXT, "ts", ("status=401",)))
    batch = scanner.feed(b'{"broken\n' + line(status=200) + line(status=401) + b'{"status":"401 broken\n', NOW)
    assert (batch.ids, [odd.reason for odd in batch.odd]) == (["192.0.2.1"], ["not-json"])
    counts = scanner.statistics()
    assert (counts["lines"], counts["odd"], counts["candidates"]) == (4, 1, 1)


def test_escaped_letters_are_the_same_letters() -> None:
    """JSON may spell any character as an escape; such lines are read, whatever they seem to hold."""
    record = b'{"ts":1700000000,"m\\u0073g":"\\u0066ailed","user":"\\u0072","request":{"remote_ip":"192.0.2.5"}}\n'
    (failure,) = opened(chosen(TEXT, "ts", ("msg=failed",))).feed(record, NOW).failures
    assert failure.fields["user"] == "r"


def test_the_rarest_condition_is_searched_for() -> None:
    """Every line of an access log holds its logger's name; few hold the status."""
    match = Match((("logger=http.log.access", "status=401"),))
    assert match.needles(b"http.log.access 200\n" * 9) == (b"401", b"\\u00")
    assert match.needles(b"401 401 http.log.access") == (b"http.log.access", b"\\u00")
    assert Match((("msg=ab",),)).needles(b"") == ()
    assert Match((("msg=a\u00e9",),)).needles(b"") == ()


def test_a_line_in_pieces_and_the_last_one_without_newline() -> None:
    """Whatever the chunks, each line counts once; what is pending is read again after a crash."""
    data = line("192.0.2.1") + line("192.0.2.2") + line("192.0.2.3")[:-1]
    scanner = opened(chosen())
    ids: list[str] = []
    for at in range(0, len(data), 7):
        ids += scanner.feed(data[at : at + 7], NOW).ids
    assert ids == ["192.0.2.1", "192.0.2.2"]
    assert scanner.pending == len(line("192.0.2.3")) - 1
    assert scanner.finish(NOW).ids == ["192.0.2.3"]
    assert scanner.pending == 0


def test_a_line_that_is_too_long_is_reported() -> None:
    """Beyond the bound of every log a record is not read; memory holds no more than the bound, and the next line
    counts."""
    scanner = opened(chosen(), max_line=1000)
    for _ in range(100):
        assert scanner.feed(b"{" * 1000, NOW).ids == []
    assert scanner.pending == 100_000
    batch = scanner.feed(b"\n" + line(), NOW)
    assert (batch.ids, [odd.reason for odd in batch.odd]) == (["192.0.2.1"], ["too-long"])


def test_every_line_has_a_verdict_and_its_number() -> None:
    """`test` shows all lines: plain text and other records as missed, broken ones as odd with the reason."""
    data = b'plain\n{"a":1}\n{"a"\n' + line() + b"\n"
    verdicts = opened(chosen(TEXT, "ts", ("msg=failed",)), is_explaining=True).feed(data, NOW).verdicts
    assert [(v.n, v.verdict, v.reason) for v in verdicts] == [
        (1, "missed", ""),
        (2, "missed", ""),
        (3, "odd", "not-json"),
        (4, "fail", ""),
        (5, "missed", ""),
    ]
    assert [v.line for v in verdicts[:3]] == ["plain", '{"a":1}', '{"a"']


def test_invalid_utf8_does_not_hide_a_line() -> None:
    """Bytes that are no text become U+FFFD inside their field."""
    (failure,) = opened(chosen()).feed(line(user="QQ").replace(b"QQ", b"\xff\xfe"), NOW).failures
    assert failure.fields["user"] == "\ufffd\ufffd"


def test_a_lone_surrogate_does_not_hide_a_line() -> None:
    """JSON can spell half a character; it is replaced."""
    assert opened(chosen()).feed(line(user="QQ").replace(b"QQ", b"\\ud800"), NOW).ids == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        (chosen("no field"), "jsontext"),
        (chosen("{a}", "x..y"), "jsontext"),
        (chosen("{a}", "", ("novalue",)), "jsontext"),
        (FilterSettings("app", (REGEX,), logencoding="utf-16-le", json=JsonSettings("{a}")), "logencoding"),
    ],
)
def test_what_is_wrong_is_told_before_a_log_is_read(settings: FilterSettings, option: str) -> None:
    """A wrong template, time, condition or encoding keeps the jail from running, with the option's name."""
    assert [error.option for error in check_filter(settings, surroundings(NOW, UTC))] == [option]


def test_filters_that_read_other_fields_cannot_share_a_scanner() -> None:
    """One pass gives one text; whoever opens scanners groups filters by `reading`."""
    uses = [FilterUse(chosen()), FilterUse(chosen("{other}"))]
    with pytest.raises(ExpressionError, match="disagree on the fields"):
        open_scanner(uses, now=NOW, local_zone=UTC)
    assert uses[0].filter.reading != uses[1].filter.reading


def test_state_outlives_a_restart() -> None:
    """What the native scanner remembers goes into the dump and comes back."""
    before, after = opened(chosen()), opened(chosen())
    before.feed(line() + b'{"unfinished', NOW)
    assert after.load(before.dump())
    assert not before.load(b"damaged")
    assert (before.pending, before.feed(line("192.0.2.8"), NOW).ids) == (0, ["192.0.2.8"])
