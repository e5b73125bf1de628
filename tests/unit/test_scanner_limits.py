"""Hostile lines: bounded in time, reported as odd, and nothing after them lost."""

from __future__ import annotations

import time

import pytest

from tests.scanner_specs import ADDR, NOW, Filter, Limits, Rule, make

WORST = [
    (rf"^(a+)+[bc] {ADDR}$", b"a" * 300 + b" b 192.0.2.7x"),
    (rf"\d+x {ADDR}$", b"7" * 100_000 + b" x 192.0.2.7"),
    (rf"a.*a.*a.*[xy]z {ADDR}$", b"a" * 5000 + b"x 192.0.2.7"),
    (rf"^(?:\s*\[\w*)*\s+end {ADDR}$", b" [" * 20_000 + b" 192.0.2.7"),
    (rf"^(?:(?! from ).)* from (?:\S+ from )*{ADDR}$", b"x from " * 10_000 + b"192.0.2.7!"),
]


@pytest.mark.parametrize(("pattern", "line"), WORST)
def test_no_line_costs_more_than_a_millisecond(pattern: str, line: bytes) -> None:
    """Catastrophic expressions end in time, alone and ten at once; the line is odd, the next one is found."""
    quick = Filter("quick", rules=(Rule(rf"^bad {ADDR}$", (b"bad ",)),))
    scanner = make([Filter(rules=(Rule(pattern),))] * 10 + [quick])
    scanner.feed(b"warm up\n", NOW)
    times = []
    for _ in range(5):
        begun = time.thread_time_ns()
        batch = scanner.feed(line + b"\n", NOW)
        times.append(time.thread_time_ns() - begun)
        assert {odd.reason for odd in batch.odd} <= {"match-limit"}
    assert min(times) < 1_500_000, "half as much again for a busy machine"
    assert [failure.id for failure in scanner.feed(b"bad 192.0.2.1\n", NOW).failures] == ["192.0.2.1"]


def test_an_odd_line_may_still_match() -> None:
    """After one rule hit its limit the others are tried; the line is reported as odd all the same."""
    spec = Filter(rules=(Rule(r"^(a+)+[bc]"), Rule(rf"{ADDR}$")))
    batch = make(spec).feed(b"a" * 200 + b" 192.0.2.1\n", NOW)
    assert [(failure.rule, failure.id) for failure in batch.failures] == [(1, "192.0.2.1")]
    assert [odd.reason for odd in batch.odd] == ["match-limit"]


def test_a_low_match_limit_is_kept() -> None:
    """`match_limit` bounds every attempt, however much time there is."""
    spec = Filter(rules=(Rule(rf"^(?:a|b|ab)*c {ADDR}"),))
    line = b"ab" * 6 + b"d 192.0.2.1\n"
    assert make(spec).feed(line, NOW).odd == []
    assert [odd.reason for odd in make(spec, Limits(match_limit=50)).feed(line, NOW).odd] == ["match-limit"]


def test_odd_lines_are_bounded_and_counted() -> None:
    """One call hands over a hundred odd lines, each cut to 8 KiB, and counts them all."""
    scanner = make(Filter(rules=(Rule(r"(?P<ip4>999\.\S+)"),)))
    batch = scanner.feed((b"999.1.1.1" + b"x" * 9000 + b"\n") * 250, NOW)
    assert (len(batch.odd), scanner.statistics()["odd"]) == (100, 250)
    assert {len(odd.line) for odd in batch.odd} == {8192}


def test_values_are_bounded() -> None:
    """A captured value is cut to 8 KiB."""
    batch = make(Filter(rules=(Rule(r"^(?P<user>x+) (?P<ip4>\S+)$"),))).feed(b"x" * 20_000 + b" 192.0.2.1\n", NOW)
    assert len(batch.failures[0].fields["user"]) == 8192
