"""Filters that look at several lines at once (§3.7 of the dialect)."""

from __future__ import annotations

from dataclasses import replace

from stockade._scanner import Failure
from tests.scanner_specs import ADDR, ISO, NOW, Filter, Rule, make, scan

PAIR = Filter(
    rules=(Rule(rf"^ start (?P<x>\d+)$\n(?P<skiplines0>(?:(?:.*\n)*?))^ end (?P=x) from {ADDR}$", (b" end ",)),),
    maxlines=5,
)


def _shown(failures: list[Failure]) -> list[tuple[str, list[str]]]:
    return [(failure.id, failure.matches) for failure in failures]


def test_skipped_lines_stay() -> None:
    """The dialect's example: lines between stay for later matches, lines of a match are shown and taken out."""
    lines = [" start 1", " start 2", " noise", " end 1 from 192.0.2.1", " end 2 from 192.0.2.2"]
    found = _shown(scan(PAIR, "\n".join([*lines, ""]).encode()).failures)
    assert found == [("192.0.2.1", [lines[0], lines[3]]), ("192.0.2.2", [lines[1], lines[4]])]


def test_only_the_last_lines_count() -> None:
    """A match must lie within the last `maxlines` lines."""
    near = b" start 1\n" + b"x\n" * 3 + b" end 1 from 192.0.2.1\n"
    far = b" start 1\n" + b"x\n" * 4 + b" end 1 from 192.0.2.1\n"
    assert len(scan(PAIR, near).failures) == 1
    assert scan(PAIR, far).failures == []


def test_a_match_is_found_once() -> None:
    """Lines of a match are gone; repeating the end finds nothing."""
    data = b" start 1\n end 1 from 192.0.2.1\n end 1 from 192.0.2.1\n"
    assert len(scan(PAIR, data).failures) == 1


def test_anchors_mean_lines() -> None:
    """`^` and `$` mean lines, as with Python's MULTILINE, and ignores see the lines of the match."""
    single = Filter(rules=(Rule(rf"^bad {ADDR}$"),), maxlines=3)
    data = b"x\nbad 192.0.2.1\ny\nbad 192.0.2.2\n"
    assert [failure.id for failure in scan(single, data).failures] == ["192.0.2.1", "192.0.2.2"]
    ignoring = replace(single, ignores=(Rule("2\\.1"),))
    assert [failure.id for failure in scan(ignoring, data).failures] == ["192.0.2.2"]


def test_windows_survive_a_dump() -> None:
    """Lines that wait for their continuation are carried over a restart."""
    first, second = make(PAIR), make(PAIR)
    first.feed(b" start 1\n", NOW)
    assert second.load(first.dump())
    assert len(second.feed(b" end 1 from 192.0.2.1\n", NOW).failures) == 1


def test_all_rules_are_tried_on_what_is_left() -> None:
    """With all rules, each later one searches the lines that the earlier have left, and skipped lines stay for it."""
    lines = [" start 1", " start 2", " end 1 from 192.0.2.1"]
    data = "\n".join([*lines, ""]).encode()
    both = replace(PAIR, rules=(*PAIR.rules, Rule(rf"from {ADDR}$"), Rule(r"\A start (?P<fid>2)$")))
    found = scan(replace(both, is_all_rules=True), data).failures
    assert [(failure.rule, failure.matches) for failure in found] == [(0, [lines[0], lines[2]]), (2, [lines[1]])]
    assert [failure.rule for failure in scan(both, data).failures] == [0]


def test_ignored_matches_leave_the_window() -> None:
    """Lines of a match that an ignore expression fits are gone; without all rules the line is then done."""
    both = replace(PAIR, rules=(*PAIR.rules, Rule(rf"from {ADDR}$")), ignores=(Rule("start 1"),))
    data = b" start 1\n end 1 from 192.0.2.1\n end 1 from 192.0.2.1\n"
    assert [(failure.rule, failure.matches) for failure in scan(both, data).failures] == [
        (1, [" end 1 from 192.0.2.1"])
    ]


def test_impossible_dates_are_odd() -> None:
    """A match whose last line has a date that does not exist is counted as undated and reported, as in single lines."""
    iso = replace(PAIR, rules=(Rule(rf"bad {ADDR}$"),), dates=(ISO,))
    batch = scan(iso, b"2026-02-30 01:02:03 bad 192.0.2.1\n", is_live=True)
    assert [one.reason for one in batch.odd] == ["bad-date"]
    assert [note.kind for note in batch.notes] == ["undated"]
