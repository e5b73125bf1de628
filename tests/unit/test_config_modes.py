"""A mode that a filter does not know is told, where the reference leaves a dead expression in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.config import load_filter
from tests.config_tree import load_jail_file, write_tree

FILTER = """
    [Definition]
    mdre-normal = ^no <HOST>$
    mdre-ddos = ^flood <HOST>$
    mdre-normal-more = ^x <HOST>$
    failregex = ^always <HOST>$
                <mdre-<mode>>
                ^<reply-to> from <HOST>$
    [Init]
    mode = normal
"""


def test_an_unknown_mode_is_told_with_those_that_exist(tmp_path: Path) -> None:
    """The warning has the line, the tag that is left, the option with its value, and the modes that the file has."""
    write_tree(tmp_path, {"filter.d/door.conf": FILTER})
    settings, (problem,) = load_filter(tmp_path, "door[mode=fast]")
    assert (Path(problem.path).name, problem.line, problem.value) == ("door.conf", 7, "<mdre-fast>")
    assert problem.remedy == "mode = fast is unknown here: write one of ddos, normal"
    assert not problem.is_fatal
    assert settings.failregex[0] == "^always <HOST>$"


@pytest.mark.parametrize("item", ["door", "door[mode=ddos]"])
def test_known_modes_pass(tmp_path: Path, item: str) -> None:
    """Modes that exist are silent, and so is text between < and > that the file has nothing like."""
    write_tree(tmp_path, {"filter.d/door.conf": FILTER})
    assert load_filter(tmp_path, item)[1] == ()


def test_a_jail_is_warned_and_runs(tmp_path: Path) -> None:
    """Nothing is disabled: the other expressions still work."""
    write_tree(tmp_path, {"filter.d/door.conf": FILTER})
    text = "[j]\nenabled = yes\nfilter = door[mode=fast]\nlogpath = /l\naction = blk\nbackend = polling\n"
    loaded = load_jail_file(tmp_path, text)
    assert [jail.name for jail in loaded.settings.jails] == ["j"]
    assert [problem.value for problem in loaded.problems] == ["<mdre-fast>"]
