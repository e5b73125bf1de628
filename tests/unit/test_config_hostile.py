"""Mistakes and malice in configuration files: each ends in a problem with its place, soon, and the others run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stockade.cli.checking import check
from stockade.config import load
from stockade.config.limits import MAX_JAILS
from stockade.errors import Problem
from stockade.model.clock import Wall
from tests.config_tree import FILTER

Content = str | bytes | Callable[[Path], object]

ACTION = {"action.d/blk.conf": "[Definition]\nactionban = true <ip>\n"}
SECONDS = 5.0
"""Processor time that any of these may take at most; most take milliseconds."""
JAIL = "[DEFAULT]\naction = blk\nlogpath = /dev/null\nbackend = polling\n[good]\nenabled = 1\nfilter = web\n"
BAD = "[bad]\nenabled = 1\nfilter = web\n"
OWN = "[bad]\nenabled = 1\nfilter = own\n"
PERCENT_LAUGHS = "".join(f"l{n} = {f'%(l{n + 1})s' * 10}\n" for n in range(9)) + "l9 = ha\n"
TAG_LAUGHS = "".join(f"l{n} = {f'<l{n + 1}>' * 10}\n" for n in range(9)) + "l9 = ha\n"


def own_filter(text: str) -> dict[str, Content]:
    """A jail `bad` with a filter of its own."""
    return {"jail.local": OWN, "filter.d/own.conf": f"[Definition]\n{text}\n"}


def write(root: Path, files: Mapping[str, Content]) -> None:
    """Writes texts and bytes; what is a function makes its file itself."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        else:
            content(path)


def judge(root: Path, files: Mapping[str, Content]) -> tuple[set[str], list[Problem]]:
    """The jails that can run, filters compiled, and every problem; fails when that takes long."""
    write(root, {**FILTER, **ACTION, "jail.conf": JAIL, **files})
    begun = time.process_time()
    checked = check(root, (), Wall(1_767_576_800.0))
    assert time.process_time() - begun < SECONDS
    return {jail.name for jail in checked.jails}, list(checked.problems)


STOPS_ITS_JAIL: dict[str, tuple[Mapping[str, Content], str, str]] = {
    "no regex": (own_filter("failregex = ^a <HOST>\n  ^(b <HOST>"), "own.conf:3", "missing )"),
    "deep regex": (own_filter(f"failregex = {'(' * 5000}a{')' * 5000} <HOST>"), "own.conf:2", "nested deeper"),
    "huge repetition": (own_filter(f"failregex = ^{'(?:a{1,999}){1,999}' * 50} <HOST>"), "own.conf:2", "too large"),
    "a tag without end": (own_filter("failregex = ^<F-USER>a <HOST>"), "own.conf:2", "missing )"),
    "no address": (own_filter("failregex = ^x <HOST"), "own.conf:2", "no failure-id"),
    "a date without end": ({"jail.local": BAD + "datepattern = (((\n"}, "jail.local:4", "missing )"),
    "a bad time": ({"jail.local": BAD + "bantime = 1x\n"}, "jail.local:4", "not a time"),
    "a deep time": ({"jail.local": BAD + f"bantime = {'(' * 60_000}\n"}, "jail.local:4", "not a time"),
    "a deep formula": (
        {"jail.local": BAD + f"bantime.formula = {'(' * 60_000}1{')' * 60_000}\n"},
        "jail.local:4",
        "1000 characters",
    ),
    "a cycle": ({"jail.local": BAD + "bantime = %(a)s\na = %(b)s\nb = %(a)s\n"}, "jail.local:5", "nested more than 10"),
    "itself": ({"jail.local": BAD + "bantime = %(bantime)s\n"}, "jail.local:4", "nested more than 10"),
    "a tag of itself": (own_filter("failregex = ^a <failregex> <HOST>"), "own.conf:2", "contains itself"),
    "% laughs": ({"jail.local": BAD + PERCENT_LAUGHS + "bantime = %(l0)s\n"}, "jail.local:12", "too many references"),
    "<> laughs": (own_filter(TAG_LAUGHS + "failregex = <l0>"), "own.conf:12", "longer than 262144"),
    "10 MB": ({"jail.local": BAD + "ignoreip = " + "192.0.2.1 " * 1_000_000}, "jail.local:4", "longer than 262144"),
    "10 MB of name": ({"jail.local": BAD + "a" * 10_000_000 + " = 1\n"}, "jail.local:4", "more than 200 characters"),
    "a NUL": ({"jail.local": BAD + "maxretry = 1\0\n"}, "jail.local:4", "NUL byte"),
    "no UTF-8": ({"jail.local": BAD.encode() + b"maxretry = \xff\n"}, "jail.local:4", "not valid UTF-8"),
    "no UTF-8 below": (own_filter("failregex = ^<HOST>").copy() | {
        "filter.d/own.conf": b"[Definition]\nfailregex = ^<HOST>\n  ^\xe9<HOST>\n"}, "own.conf:3", "not valid UTF-8"),
    "brackets": ({"jail.local": f"[bad]\nenabled = 1\nfilter = web{'[' * 100_000}\n"}, "jail.local:3", "expected here"),
    "a pipe as filter": (
        {"jail.local": OWN, "filter.d/own.conf": os.mkfifo}, "own.conf", "not a regular file"),
    "a link to itself": (
        {"jail.local": OWN, "filter.d/own.conf": lambda path: path.symlink_to(path)}, "own.conf", "symbolic links"),
    "a directory": ({"jail.local": OWN, "filter.d/own.conf": Path.mkdir}, "own.conf", "directory"),
    "a deep chain": (
        own_filter("failregex = ^<HOST>\n[INCLUDES]\nbefore = c0.conf")
        | {f"filter.d/c{n}.conf": f"[INCLUDES]\nbefore = c{n + 1}.conf\n" for n in range(1000)},
        "c19.conf:2",
        "nested more than 20",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STOPS_ITS_JAIL)
def test_what_is_wrong_in_one_jail_stops_that_jail(tmp_path: Path, case: str) -> None:
    """The problem names the jail, file and line and what to do; the other jail runs."""
    files, place, message = STOPS_ITS_JAIL[case]
    jails, problems = judge(tmp_path, files)
    assert jails == {"good"}
    (problem, *_) = (problem for problem in problems if message in problem.message)
    assert (problem.jail, problem.is_fatal) == ("bad", True)
    assert f"{Path(problem.path).name}:{problem.line}".removesuffix(":0") == place
    assert problem.remedy
    assert len(str(problem)) < 2_000


CONCERNS_ALL: dict[str, tuple[Mapping[str, Content], str, str]] = {
    "a pipe": ({"jail.d/x.conf": os.mkfifo}, "x.conf", "not a regular file"),
    "a device": ({"jail.d/x.conf": lambda path: path.symlink_to("/dev/zero")}, "x.conf", "not a regular file"),
    "a link to itself": ({"jail.d/x.conf": lambda path: path.symlink_to(path)}, "x.conf", "symbolic links"),
    "a link to nothing": ({"jail.d/x.conf": lambda path: path.symlink_to("/nowhere")}, "x.conf", "No such file"),
    "a directory": ({"jail.d/x.conf": Path.mkdir}, "x.conf", "directory"),
    "an included directory": ({"jail.d/x.conf": "[INCLUDES]\nbefore = ../filter.d\n"}, "filter.d", "directory"),
    "20 MB": ({"jail.d/x.conf": "a" * 20_000_000}, "x.conf", "larger than 16777216 bytes"),
    "10 MB in a line": ({"jail.d/x.conf": "a" * 10_000_000}, "x.conf:1", "before the first section"),
    "a million lines": ({"jail.d/x.conf": "[DEFAULT]\n" + "#\n" * 1_000_000}, "x.conf:300001", "more than 300000"),
    "UTF-16": ({"jail.d/x.conf": BAD.encode("utf-16")}, "x.conf:1", "not valid UTF-8"),
    "a reference in an include": (
        {"jail.d/x.conf": "[INCLUDES]\nbefore = %(nowhere)s\n"}, "x.conf:2", "unknown option"),
    "a deep chain": (
        {"jail.d/x.conf": "[INCLUDES]\nbefore = ../c0.conf\n"}
        | {f"c{n}.conf": f"[INCLUDES]\nafter = c{n + 1}.conf\n" for n in range(40)},
        "c19.conf:2",
        "nested more than 20",
    ),
    "includes that multiply": (
        {f"i{n}.conf": f"[INCLUDES]\nbefore = i{n + 1}.conf\n  i{n + 1}.conf\n" for n in range(18)}
        | {"jail.d/x.conf": "[INCLUDES]\nbefore = ../i0.conf\n"},
        ".conf",
        "more than 500 files",
    ),
    "options that multiply": (
        {"i.conf": "[DEFAULT]\n" + "".join(f"o{n} = 1\n" for n in range(20_000))}
        | {"jail.d/x.conf": "[INCLUDES]\nbefore = " + "\n  ".join(["../i.conf"] * 400) + "\n"},
        "i.conf",
        "more than 300000 options",
    ),
    "too many jails": (
        {"jail.local": "".join(f"[s{n}]\nenabled = 1\nfilter = web\n" for n in range(5_000))},
        "jail.local:2999",
        f"more than {MAX_JAILS} jails",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONCERNS_ALL)
def test_what_is_wrong_for_all_leaves_the_rest_running(tmp_path: Path, case: str) -> None:
    """A file that cannot be used is named, and what stands in the other files runs."""
    files, place, message = CONCERNS_ALL[case]
    jails, problems = judge(tmp_path, files)
    assert "good" in jails
    (problem, *_) = (problem for problem in problems if message in problem.message)
    assert (problem.jail, problem.is_fatal) == ("", True)
    assert place in f"{Path(problem.path).name}:{problem.line}"
    assert problem.remedy


def test_an_endless_include_is_told_and_ends(tmp_path: Path) -> None:
    """A file that includes itself by way of others is read once; the warning shows the way round."""
    write(tmp_path, {"a.conf": "[INCLUDES]\nbefore = b.conf\n", "b.conf": "[INCLUDES]\nafter = a.conf\n"})
    jails, problems = judge(tmp_path, {"jail.local": "[INCLUDES]\nbefore = a.conf\n" + BAD})
    assert jails == {"good", "bad"}
    (problem,) = problems
    assert (Path(problem.path).name, problem.line, problem.is_fatal) == ("b.conf", 2, False)
    assert problem.message.endswith("a.conf includes b.conf includes a.conf")


def test_a_file_may_be_masked(tmp_path: Path) -> None:
    """A link to /dev/null is an empty file: that is how packages' files are switched off."""
    assert judge(tmp_path, {"jail.d/x.conf": lambda path: path.symlink_to("/dev/null")}) == ({"good"}, [])


def test_a_filter_of_nothing_but_tags(tmp_path: Path) -> None:
    """Sixty thousand tags that never end, or that lie in one another, are only a useless expression."""
    for text in ("<a" * 60_000, "<" * 60_000 + "a" + ">" * 60_000 + "\na = b", "%%(" * 80_000):
        jails, problems = judge(tmp_path, own_filter(f"failregex = {text}"))
        assert (jails, problems[0].jail) == ({"good"}, "bad")


def test_a_bad_byte_in_a_comment_is_nobodys_problem(tmp_path: Path) -> None:
    """An umlaut of another century in a comment stops nothing."""
    assert judge(tmp_path, {"jail.local": BAD.encode() + b"# gr\xfc\xdfe\n"}) == ({"good", "bad"}, [])


def test_a_section_whose_name_cannot_be_read(tmp_path: Path) -> None:
    """It takes no option of the section before it, and none is taken for that one's."""
    jails, problems = judge(tmp_path, {"jail.local": BAD.encode() + b"[\xff]\nenabled = 0\nmaxretry = x\n"})
    assert jails == {"good", "bad"}
    assert [(problem.line, problem.value, problem.is_fatal) for problem in problems] == [(4, "[\\xff]", False)]


def test_a_hundred_thousand_sections(tmp_path: Path) -> None:
    """Sections that are not enabled cost next to nothing."""
    text = "".join(f"[s{number}]\n" for number in range(100_000))
    assert judge(tmp_path, {"jail.local": text}) == ({"good"}, [])


def test_a_section_whose_name_is_endless(tmp_path: Path) -> None:
    """It is named in few words, twice if it stands twice, and takes nothing from others."""
    name = "x" * 5_000_000
    jails, problems = judge(tmp_path, {"jail.local": f"{BAD}[{name}]\nmaxretry = 1\n[{name}]\nmaxretry = 2\n"})
    assert jails == {"good", "bad"}
    assert {problem.line for problem in problems} == {4, 6, 7}
    assert max(len(str(problem)) for problem in problems) < 1_000


def test_a_hundred_thousand_slips(tmp_path: Path) -> None:
    """Looking for the meant word does not take for ever, and does not fill the screen."""
    text = "[DEFAULT]\n" + "".join(f"findtimf{number} = 1\n" for number in range(100_000))
    jails, problems = judge(tmp_path, {"jail.local": text + BAD + "bantime = %(bantmie)s\n"})
    assert jails == {"good"}
    assert len(problems) <= 101


def test_laughs_in_every_jail_are_bounded_together(tmp_path: Path) -> None:
    """A default that doubles is not worked out anew for each of a thousand jails."""
    doubled = "".join(f"{option} = %(l0)s\n" for option in ("bantime", "findtime", "ignoreip", "port"))
    jails = "".join(f"[b{number}]\nenabled = 1\nfilter = web\n" for number in range(900))
    found, problems = judge(tmp_path, {"jail.local": f"[DEFAULT]\n{PERCENT_LAUGHS}{doubled}{jails}"})
    assert found == set()
    assert all("too many references" in problem.message for problem in problems)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """Missing permission is a problem of the whole configuration, with the file."""
    write(tmp_path, {**FILTER, **ACTION, "jail.conf": JAIL, "jail.local": BAD})
    (tmp_path / "jail.local").chmod(0)
    loaded = load(tmp_path)
    assert not loaded.is_whole
    assert "cannot be read" in loaded.problems[0].message


def test_one_file_in_the_way_of_many_jails_is_told_alike(tmp_path: Path) -> None:
    """A filter that includes what is no file: each of its jails has the same message, and nobody is told to delete."""
    files = {
        "jail.local": OWN + OWN.replace("[bad]", "[worse]"),
        "filter.d/own.conf": "[INCLUDES]\nbefore = /dev/zero\n",
    }
    write(tmp_path, files)
    problems = [problem for problem in load(tmp_path).problems if problem.is_fatal]
    assert [(problem.jail, problem.message) for problem in problems] == [
        ("bad", "filter: not a regular file"),
        ("worse", "filter: not a regular file"),
    ]
    assert {problem.remedy for problem in problems} == {"put a regular file there, or do not name it"}


def test_a_comment_behind_a_value_is_recognised(tmp_path: Path) -> None:
    """`maxretry = 3 # three` is a slip of many: the remedy says how a comment begins."""
    write(tmp_path, {"jail.local": JAIL + "maxretry = 3 # three\nbantime = 1h # one\n", **FILTER, **ACTION})
    found = {problem.message.partition(":")[0]: problem.remedy for problem in load(tmp_path).problems}
    assert found["maxretry"].startswith("a comment behind a value begins with ;, not with #; write a whole number")
    assert "begins with ;" in found["bantime"]
