"""Mistakes in expressions become problems with the file and line of the very expression; the other jails run."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.daemon.configuration import read_configuration
from stockade.daemon.options import Options
from stockade.errors import Problem
from stockade.model.clock import Wall

NOW = Wall(1_795_348_800.0)
FILTER = """\
[Definition]
_daemon = demo
more = ^more <HOST>$
       ^bro(ken <HOST>$
failregex = ^%(_daemon)s <HOST>$

            ^a(b <F-USER>x</F-USER> <HOST>$
            ^<F-USER>unclosed <HOST>$
            <more>
            ^<HOST> <HOST>$
ignoreregex = ^x[
datepattern = ^%%Y
              %%Q
"""
JAILS = """\
[demo]
enabled = true
filter = demo
logpath = /nowhere.log
action = nftables
[good]
enabled = true
filter =
failregex = ^x <HOST>$
logpath = /nowhere.log
action = nftables
[own]
enabled = true
filter =
failregex = ^x <HOST>$
            ^y
logpath = /nowhere.log
action = nftables
"""


LOOP_OF_ONE_FAMILY = "[Definition]\nactionban = <a>\n[Init]\na = x\nb = <a>\n[Init?family=inet6]\na = <b>\n"


def tree(place: Path, filter_text: str = FILTER, jails: str = JAILS) -> Path:
    (place / "filter.d").mkdir()
    (place / "filter.d" / "demo.conf").write_text(filter_text)
    (place / "jail.conf").write_text(jails)
    (place / "action.d").mkdir()
    (place / "action.d" / "nftables.conf").write_text("[Definition]\nactionban = true\n")
    return place


def mistakes(place: Path) -> tuple[list[str], list[Problem]]:
    """The jails that run, and the problems that keep others from it."""
    found = read_configuration(Options(config=str(place)), NOW)
    return [jail.name for jail in found.settings.jails], [each for each in found.problems if each.is_fatal]


def test_each_expression_is_named_with_its_own_line(tmp_path: Path) -> None:
    """Blank lines, references and tags that give several lines do not hide where an expression is written."""
    running, problems = mistakes(tree(tmp_path))
    assert running == ["good"]
    assert [(Path(each.path).name, each.line, each.value, each.jail) for each in problems] == [
        ("demo.conf", 13, "%Q", "demo"),
        ("demo.conf", 7, "^a(b <F-USER>x</F-USER> <HOST>$", "demo"),
        ("demo.conf", 8, "^<F-USER>unclosed <HOST>$", "demo"),
        ("demo.conf", 4, "^bro(ken <HOST>$", "demo"),
        ("demo.conf", 10, "^<HOST> <HOST>$", "demo"),
        ("demo.conf", 11, "^x[", "demo"),
        ("jail.conf", 16, "^y", "own"),
    ]
    assert all(each.remedy for each in problems)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("^a(b <HOST>$", "failregex #1: unable to compile the regular expression: missing ), unterminated subpattern "
         "(character 3, at '(b <HOST>$')"),
        ("^<F-USER>x <HOST>$", "(character 2, at '<F-USER>x <HOST>$')"),
        ("^<HOST> <HOST>$", "(character 9, at '<HOST>$')"),
        ("^<F-" + "LONG" * 9 + ">x</F-" + "LONG" * 9 + "> <HOST>$", "is not made of at most 32 ASCII letters"),
        (r"(?:(?:\S{500}){500}){9} <HOST>", "the matching engine does not: regular expression is too large"),
        ("(" * 200 + "<HOST>" + ")" * 200, "groups are nested deeper than 120 (character 121, "),
        ("^x{70000} <HOST>$", "{70000} repeats more than 65535 times"),
        ("^" + "x" * 40_000 + "<HOST>$", "more than 32768"),
        ("^nobody$", "no failure-id group"),
    ],
)  # fmt: skip
def test_the_words_say_what_is_wrong_and_where(tmp_path: Path, expression: str, words: str) -> None:
    """One problem, in short words, on the line of the expression, with a remedy."""
    running, problems = mistakes(tree(tmp_path, f"[Definition]\nfailregex =\n    {expression}\n"))
    assert running == ["good"]
    (problem,) = [each for each in problems if each.jail == "demo"]
    assert words in problem.message
    assert (Path(problem.path).name, problem.line) == ("demo.conf", 3)
    assert problem.remedy
    assert len(problem.message) < 400
    assert len(problem.value) < 500


def test_each_expression_that_only_the_engine_refuses_is_named(tmp_path: Path) -> None:
    """Where the engine takes an expression less than Python does, every such one is found, the rest not blamed."""
    huge = r"(?:(?:\S{500}){500}){9}"
    text = f"[Definition]\nprefregex = ^{huge}<F-CONTENT>.+</F-CONTENT>\nfailregex = ^a <HOST>\n    {huge} <HOST>\n"
    _, problems = mistakes(tree(tmp_path, f"{text}ignoreregex = {huge}\n"))
    assert [each.line for each in problems if each.jail == "demo"] == [2, 4, 5]


def test_mistakes_in_actions_are_told_and_the_jail_runs(tmp_path: Path) -> None:
    """An action whose tags go in a circle for IPv6, or one that lets a log's text into a shell's quotes, is named."""
    place = tree(tmp_path, jails=JAILS.replace("action = nftables\n[good]", "action = turning\n         bare\n[good]"))
    (place / "filter.d" / "demo.conf").write_text("[Definition]\nfailregex = ^x <HOST>$\n")
    (place / "action.d" / "turning.conf").write_text(LOOP_OF_ONE_FAMILY)
    (place / "action.d" / "bare.conf").write_text("[Definition]\nactionban = say '<F-USER>'\n")
    found = read_configuration(Options(config=str(place)), NOW)
    assert "demo" in {jail.name for jail in found.settings.jails}
    told = {problem.path: problem for problem in found.problems if problem.path.startswith("action.d/")}
    assert set(told) == {"action.d/turning.conf", "action.d/bare.conf"}
    assert all(problem.jail == "demo" and problem.remedy and not problem.is_fatal for problem in told.values())


def test_a_mistake_is_one_line_of_the_log() -> None:
    """The remedy follows behind an arrow; on a page it has a line of its own."""
    problem = Problem("jail.local", 3, "bantime: not a time", "1q", "write 10m")
    assert problem.in_one_line == "jail.local:3: bantime: not a time: '1q' → write 10m"
    assert str(problem).split("\n") == ["jail.local:3: bantime: not a time: '1q'", "  → write 10m"]
    assert Problem("jail.local", 0, "too long").in_one_line == "jail.local: too long"
