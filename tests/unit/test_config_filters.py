"""Filters: precedence of options, the jail's own values, log types, and reading one filter for a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.config import load_filter
from stockade.model.settings import FilterSettings
from tests.config_tree import load_jail_file, write_tree

HEAD = "[DEFAULT]\nbackend = polling\naction = blk\nlogpath = /l\n[j]\nenabled = yes\n"

WHOLE = """
    [INCLUDES]
    before = common.conf
    [DEFAULT]
    usedns = no
    [Definition]
    word = def
    helper = <word>-%(word)s
    prefregex = ^pre <F-CONTENT>.*</F-CONTENT>$
    failregex = ^<helper> <HOST>$
                ^%(helper)s <level> <__line> (?P<word>x) <__line/nothing>
    ignoreregex = ^ign
    datepattern = {^LN-BEG}
    [Init]
    level = low
"""
COMMON = """
    [DEFAULT]
    logtype = file
    __line = <lt_<logtype>/__line>
    __host = h
    [lt_file]
    __line = F%(__host)s
    [lt_journal]
    __line = J%(lt_file/__line)s
"""


def settings(root: Path, lines: str) -> FilterSettings:
    """The filter of a jail with these lines."""
    write_tree(root, {"filter.d/all.conf": WHOLE, "filter.d/common.conf": COMMON})
    loaded = load_jail_file(root, HEAD + lines)
    assert not [problem for problem in loaded.problems if problem.is_fatal], loaded.problems
    return loaded.settings.jails[0].filter


def test_everything_is_substituted(tmp_path: Path) -> None:
    """Interpolation, tags, auxiliary sections and log types end in final texts; regex tags and groups stay."""
    found = settings(tmp_path, "filter = all\n")
    assert found == FilterSettings(
        name="all",
        failregex=("^def-def <HOST>$", "^def-def low Fh (?P<word>x) <__line/nothing>"),
        ignoreregex=("^ign",),
        prefregex="^pre <F-CONTENT>.*</F-CONTENT>$",
        datepattern=("{^LN-BEG}",),
        usedns="no",
    )


def test_arguments_come_first(tmp_path: Path) -> None:
    """A bracket argument beats [Init], [Definition] and [DEFAULT], and extends what it names as known."""
    found = settings(tmp_path, 'filter = all[word=arg, level="<known/level>er", logtype=journal]\n')
    assert found.failregex == ("^arg-arg <HOST>$", "^arg-arg lower JFh (?P<word>x) <__line/nothing>")


def test_the_journal_backend_sets_the_log_type(tmp_path: Path) -> None:
    """With systemd a filter reads journal lines unless it says itself which type it reads."""
    assert "JFh" in settings(tmp_path, "filter = all\nbackend = systemd\n").failregex[1]


@pytest.mark.parametrize(
    ("lines", "failregex"),
    [
        ("filter = web\nfailregex = ^own <mode>\n", ("^own <mode>",)),
        ("filter = web\nfailregex = %(known/failregex)s\n  ^own\n", ("^no entry for <HOST>$", "^own")),
        ("filter = web\nfailregex =\n", ()),
        ("filter = web[failregex='^arg']\nfailregex = ^own\n", ("^arg", "^own")),
        ("failregex = ^own\n", ("^own",)),
    ],
)
def test_the_jails_own_expressions(tmp_path: Path, lines: str, failregex: tuple[str, ...]) -> None:
    """A jail's failregex replaces the file's, extends an argument, and is not tag-substituted."""
    assert settings(tmp_path, lines).failregex == failregex


def test_the_jails_other_values(tmp_path: Path) -> None:
    """prefregex, usedns and maxlines of an argument beat the jail's; the jail's datepattern beats all."""
    mine = (
        "prefregex = J\nusedns = yes\nmaxlines = 5\ndatepattern = J%%Y\nlogencoding = utf-8\nlogtimezone = UTC+0200\n"
    )
    found = settings(tmp_path, "filter = all[prefregex=A, usedns=raw, maxlines=3, datepattern='A%%Y']\n" + mine)
    assert (found.prefregex, found.usedns, found.maxlines, found.datepattern) == ("A", "raw", 3, ("J%Y",))
    found = settings(tmp_path, "filter = all\n" + mine)
    assert (found.prefregex, found.usedns, found.maxlines, found.datepattern) == ("J", "yes", 5, ("J%Y",))
    assert (found.logencoding, found.logtimezone) == ("utf-8", "UTC+0200")


def test_a_known_date_pattern_is_literal(tmp_path: Path) -> None:
    """A filter's date pattern survives being referred to by the jail."""
    write_tree(tmp_path, {"filter.d/dated.conf": "[Definition]\nfailregex=<HOST>\ndatepattern = ^%%Y-%%m\n"})
    assert settings(tmp_path, "filter = dated\ndatepattern = %(known/datepattern)s\n").datepattern == ("^%Y-%m",)


def test_local_files_extend_filters(tmp_path: Path) -> None:
    """A .local refers to the value below it; one more layer does so again."""
    files = {
        "filter.d/w.conf": "[Definition]\nfailregex = a <HOST>\n",
        "filter.d/w.local": "[Definition]\nfailregex = %(known/failregex)s\n  b <HOST>\n",
        "filter.d/w.d/z.local": "[Definition]\nfailregex = %(known/failregex)s\n  c <HOST>\n",
    }
    write_tree(tmp_path, files)
    assert settings(tmp_path, "filter = w\n").failregex == ("a <HOST>", "b <HOST>", "c <HOST>")


def test_a_local_file_extends_with_a_tag(tmp_path: Path) -> None:
    """`<known/x>` in a .local is what the file below said, through two layers; in an argument it is what counts."""
    files = {
        "filter.d/f.conf": "[Definition]\nfailregex = ^one <HOST>\n",
        "filter.d/f.local": "[Definition]\nfailregex = <known/failregex>\n  ^two <HOST>\n",
        "filter.d/f.d/z.local": "[Definition]\nfailregex = <known/failregex>\n  ^three <HOST>\n",
    }
    tree = write_tree(tmp_path, files)
    three = ("^one <HOST>", "^two <HOST>", "^three <HOST>")
    assert load_filter(tree, "f")[0].failregex == three
    assert load_filter(tree, 'f[failregex="<known/failregex>\n^four <HOST>"]')[0].failregex == (*three, "^four <HOST>")


def test_self_reference_is_refused(tmp_path: Path) -> None:
    """A filter whose options contain each other disables its jail, with the place."""
    write_tree(tmp_path, {"filter.d/loop.conf": "[Definition]\na = <b>\nb = <a>\nfailregex = <a> <HOST>\n"})
    loaded = load_jail_file(tmp_path, HEAD + "filter = loop\n")
    assert not loaded.settings.jails
    assert (Path(loaded.problems[0].path).name, loaded.problems[0].line) == ("loop.conf", 4)


def test_slips_in_filter_files_are_reported(tmp_path: Path) -> None:
    """An option of a filter that is one letter away from a known one is a warning."""
    write_tree(tmp_path, {"filter.d/slip.conf": "[Definition]\nfailregex = <HOST>\nignoregex = x\n"})
    problem = load_jail_file(tmp_path, HEAD + "filter = slip\n").problems[0]
    assert (problem.line, problem.value, problem.is_fatal) == (3, "ignoregex", False)
    assert problem.remedy == "did you mean 'ignoreregex'?"


@pytest.mark.parametrize(
    "item", ["all[word=arg]", "filter.d/all[word=arg]", "all.conf[word=arg]", "{}/filter.d/all.conf[word=arg]"]
)
def test_one_filter_for_a_test(tmp_path: Path, item: str) -> None:
    """A filter is found by name, by folder, by file; with its arguments."""
    write_tree(tmp_path, {"jail.conf": "", "filter.d/all.conf": WHOLE, "filter.d/common.conf": COMMON})
    found, problems = load_filter(tmp_path, item.format(tmp_path))
    assert problems == ()
    assert (found.name, found.failregex[0]) == ("all", "^arg-arg <HOST>$")


def test_one_filter_with_options_of_a_jail(tmp_path: Path) -> None:
    """Options given for the test act as a jail's own; percent signs in them are literal."""
    write_tree(tmp_path, {"jail.conf": "", "filter.d/all.conf": WHOLE, "filter.d/common.conf": COMMON})
    options = {"datepattern": "%Y", "usedns": "raw", "logtimezone": "CET"}
    found, _ = load_filter(tmp_path, "all", options=options, is_journal=True)
    assert (found.datepattern, found.usedns, found.logtimezone) == (("%Y",), "raw", "CET")
    assert "JFh" in found.failregex[1]


@pytest.mark.parametrize("item", ["", "a\0b", "/a\0b", "x" * 5000, "/" + "x" * 5000, "..", "/", "[a=1]"])
def test_odd_filter_names_are_problems(tmp_path: Path, item: str) -> None:
    """Whatever is given as a filter's name ends in a problem, not in an exception."""
    write_tree(tmp_path, {"jail.conf": ""})
    _, problems = load_filter(tmp_path, item)
    assert problems[0].is_fatal


def test_one_filter_that_is_wrong(tmp_path: Path) -> None:
    """A missing filter is a problem with a suggestion, and an empty filter."""
    write_tree(tmp_path, {"jail.conf": "", "filter.d/all.conf": WHOLE})
    found, problems = load_filter(tmp_path, "al")
    assert found.failregex == ()
    assert problems[0].remedy == "did you mean 'all'?"
    assert load_filter(tmp_path, "all[x")[1][0].message == "an option is expected here"
