"""The shipped filters: each line beside a filter means what the comment above it says, in the real engine."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path

import pytest

from stockade.config import SHIPPED, load_filter
from stockade.match.tester import TestOptions as Options
from stockade.match.tester import run_test
from tests.unit.filter_lines import Expected, Part, read_parts

NOW = 1795392000.0
"""2026-11-23 00:00 UTC, the day after the sample lines."""
FILTERS = sorted(path.parent.name for path in (SHIPPED / "filter.d").glob("*/lines.log"))
LOGS = [(name, log) for name in FILTERS for log in ("lines.log", "attacks.log")]


def verdicts(name: str, part: Part) -> tuple[list[Expected], list[str]]:
    """Runs one part's lines through the engine: what every line became, and the expressions that were hit."""
    item = f"{name}[{part.options}]" if part.options else name
    settings, problems = load_filter(SHIPPED, item)
    assert not problems
    data = "".join(line.text + "\n" for line in part.lines).encode()
    options = Options(now=NOW, zone=UTC, usedns="no", is_missed_shown=True)
    *rows, last = run_test([data], [settings], options)
    found: dict[int, Expected] = {}
    for row in rows:
        line = part.lines[row["n"] - 1]
        assert row["n"] not in found, f"{line.place}: more than one failure"
        word = {"missed": "none"}.get(row["verdict"], row["verdict"])
        is_fail = word == "fail"
        fields = {key: row["fields"].get(key) for key in {*line.fields, "user"} if key in row["fields"]}
        found[row["n"]] = Expected(line.place, line.text, word, row["id"] if is_fail else "", fields if is_fail else {})
    hits = [rule["regex"] for rule in last["summary"]["rules"] if rule["hits"]]
    return [found[number + 1] for number in range(len(part.lines))], hits


@pytest.mark.parametrize(("name", "log"), LOGS, ids=lambda value: value)
def test_every_line_means_what_stands_above_it(name: str, log: str) -> None:
    """Address, user and verdict of each sample line, its session's earlier lines included."""
    parts = read_parts(SHIPPED / "filter.d" / name / log)
    wrong = [
        f"{want.place}: {want.text}\n    wanted {want.verdict} {want.address} {want.fields}"
        f"\n    got    {got.verdict} {got.address} {got.fields}"
        for part in parts
        for want, got in zip(part.lines, verdicts(name, part)[0], strict=True)
        if want != got
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", FILTERS)
def test_every_expression_is_used_by_a_line(name: str) -> None:
    """An expression that no sample hits is one that nobody has ever seen work."""
    used: set[str] = set()
    known: set[str] = set()
    for log in ("lines.log", "attacks.log"):
        for part in read_parts(SHIPPED / "filter.d" / name / log):
            settings, _ = load_filter(SHIPPED, f"{name}[{part.options}]" if part.options else name)
            known |= set(settings.failregex)
            used |= set(verdicts(name, part)[1])
    assert not known - used


@pytest.mark.parametrize("name", FILTERS)
def test_no_attack_bans_the_victim(name: str) -> None:
    """10.0.0.1 is the address that attackers write into what they control; it must never come out."""
    for part in read_parts(SHIPPED / "filter.d" / name / "attacks.log"):
        assert all(got.address != "10.0.0.1" for got in verdicts(name, part)[0])


@pytest.mark.parametrize("name", FILTERS)
def test_expressions_start_with_fixed_words_and_end_at_the_end(name: str) -> None:
    """Anchored on both sides: nothing the client writes can stand where the address is looked for."""
    for part in read_parts(SHIPPED / "filter.d" / name / "lines.log"):
        settings, _ = load_filter(SHIPPED, f"{name}[{part.options}]" if part.options else name)
        for expression in settings.failregex:
            head = re.match(r"\^(?:<F-[A-Z]+>)*([\w :]+)", expression)
            assert head is not None, expression
            assert len(head[1]) >= 3, expression
            assert expression.endswith("$"), expression


def test_there_are_enough_samples() -> None:
    """A filter comes with many lines of its service's eras, and with hostile ones."""
    for name in FILTERS:
        counts = {
            log: sum(len(part.lines) for part in read_parts(SHIPPED / "filter.d" / name / log))
            for log in ("lines.log", "attacks.log")
        }
        assert counts["lines.log"] >= 8
        assert counts["attacks.log"] >= 3


def test_the_format_names_what_breaks_it(tmp_path: Path) -> None:
    """A line without a verdict, and a verdict that is none, are mistakes with a place."""
    log = tmp_path / "lines.log"
    log.write_text("a line\n")
    with pytest.raises(ValueError, match=r"lines.log:1: a line without a verdict"):
        read_parts(log)
    log.write_text("# maybe\na line\n")
    with pytest.raises(ValueError, match=r"lines.log:2: 'maybe' is not a verdict"):
        read_parts(log)
