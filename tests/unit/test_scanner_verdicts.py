"""What the scanner says of every line when it explains itself."""

from __future__ import annotations

from stockade._scanner import Verdict
from tests.scanner_sessions import DOOR, event
from tests.scanner_specs import ADDR, EPOCH, NOW, Filter, Limits, Rule, make, rule

SPEC = Filter(
    rules=(rule(rf"^ bad {ADDR}$", " bad"), rule(rf"^ (?P<nofail>ok) {ADDR}$", " ok"), Rule("^ (a+)+[bc]", (b" a",))),
    ignores=(Rule("192.0.2.9$"),),
    dates=(EPOCH,),
    findtime=600.0,
)


def _verdicts(spec: Filter, lines: list[str], *, is_live: bool = False) -> list[Verdict]:
    scanner = make(spec, Limits(max_line=2000), is_explaining=True)
    return scanner.feed("\n".join([*lines, ""]).encode(), NOW, is_live=is_live).verdicts


def test_every_line_has_a_verdict() -> None:
    """Each line and filter gets one verdict, with its number, rule, time and reason."""
    now = int(NOW)
    lines = [
        f"{now} bad 192.0.2.1",
        f"{now} ok 192.0.2.1",
        f"{now} bad 192.0.2.9",
        f"{now} nothing",
        f"{now - 601} bad 192.0.2.1",
        f"{now} {'a' * 400}",
        f"{now} bad 999.0.0.1",
        f"{now} {'x' * 2000}",
    ]
    verdicts = _verdicts(SPEC, lines)
    assert [(each.n, each.verdict, each.rule, each.reason) for each in verdicts] == [
        (1, "fail", 0, ""),
        (2, "nofail", 1, ""),
        (3, "ignored", 0, ""),
        (4, "missed", None, ""),
        (5, "old", None, ""),
        (6, "odd", None, "match-limit"),
        (7, "odd", 0, "bad-address"),
        (8, "odd", None, "too-long"),
    ]
    assert (verdicts[0].time, verdicts[0].fields, verdicts[0].line) == (NOW, {"ip4": "192.0.2.1"}, lines[0])
    assert [failure.id for failure in verdicts[0].failures] == ["192.0.2.1"]
    assert verdicts[1].failures == []


def test_undated_matches() -> None:
    """A match whose time cannot be known is undated; its failure is dropped."""
    verdicts = _verdicts(SPEC, [" bad 192.0.2.1"])
    assert [(each.verdict, each.rule, each.time, each.failures) for each in verdicts] == [("undated", 0, None, [])]
    assert [each.verdict for each in _verdicts(SPEC, [" bad 192.0.2.1"], is_live=True)] == ["fail"]


def test_ignored_lines_that_match_nothing() -> None:
    """A line that an ignore expression fits is ignored even if no rule would have matched."""
    assert [each.verdict for each in _verdicts(SPEC, ["nothing 192.0.2.9"])] == ["ignored"]


def test_sessions_are_explained() -> None:
    """Pending and merged lines are `nofail`; the line that completes a failure is `fail`."""
    lines = [event(7, "auth", "amy").line, event(7, "closed", "192.0.2.1").line]
    verdicts = _verdicts(DOOR, lines)
    assert [each.verdict for each in verdicts] == ["nofail", "fail"]
    assert verdicts[1].failures[0].matches == lines


def test_explaining_changes_nothing() -> None:
    """A scanner that explains itself finds the same failures, though it looks at lines it would skip."""
    lines = [f"{int(NOW) - 5} bad 192.0.2.{number}" if number % 3 else f"x{number}" for number in range(60)]
    data = "\n".join([*lines, ""]).encode()
    plain, explaining = make(SPEC), make(SPEC, is_explaining=True)
    found = [
        [(f.id, f.time) for f in scanner.feed(data, NOW, is_live=False).failures] for scanner in (plain, explaining)
    ]
    assert found[0] == found[1]
    assert plain.statistics() == explaining.statistics()
