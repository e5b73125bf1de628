"""%(…)s interpolation."""

from __future__ import annotations

import pytest

from stockade.config.history import Merged
from stockade.config.ini import parse
from stockade.config.interpolate import Scope
from stockade.config.text import at_place
from stockade.config.trouble import Trouble


def merge(*texts: str) -> Merged:
    """Several files as layers."""
    merged = Merged("t")
    for number, text in enumerate(texts):
        merged.add(parse(text, f"f{number}"))
    return merged


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["[DEFAULT]\na=1\nb=<%(a)s>\n[x]\na=2\no=%(b)s\n"], "<2>"),
        (["[x]\no=100%%\n"], "100%"),
        (["[x]\na=1\no=%(A)s\n"], "1"),
        (["[DEFAULT]\no=%(__name__)s\n[x]\n"], "x"),
        (["[DEFAULT]\na=d\n[x]\na=1\no=%(default/a)s%(DEFAULT/a)s\n"], "dd"),
        (["[DEFAULT]\nb=d\n[s]\na=<%(b)s>\n[x]\nb=own\no=%(s/a)s\n"], "<own>"),
        (["[DEFAULT]\na=d\n[s]\n[x]\na=1\no=%(s/a)s\n"], "d"),
        (["[Tools]\na=1\n[tools]\na=2\n[x]\no=%(Tools/a)s%(tools/a)s\n"], "12"),
        (["[Tools]\na=1\n[x]\no=%(tools/a)s\n"], "1"),
        (["[x]\no=1\n", "[x]\no=%(known/o)s2\n"], "12"),
        (["[x]\no=1\n", "[x]\no=%(known/o)s2\n", "[x]\no=%(known/o)s3\n", "[x]\no=%(known/o)s4\n"], "1234"),
        (["[DEFAULT]\no=d\n[x]\n", "[x]\no=%(known/o)s2\n"], "d2"),
        (["[DEFAULT]\no=d\n[x]\n", "[DEFAULT]\no=%(known/o)s2\n"], "d2"),
        (["[x]\na=1\no=%(known/a)s\n", "[x]\na=2\n"], "1"),
        (["[x]\na=1\n", "[x]\na=2\no=%(known/a)s\n", "[x]\na=3\n"], "1"),
        (["[x]\na=1\n", "[x]\na=2\nb=%(known/a)s\n", "[x]\no=%(b)s%(known/b)s\n"], "11"),
    ],
)
def test_reference(files: list[str], expected: str) -> None:
    """Each kind of reference finds its value, late, and through every layer."""
    assert Scope(merge(*files), "x").text("o") == expected


@pytest.mark.parametrize(
    ("text", "line", "value"),
    [
        ("[x]\na = 1\n\no = 1\n  %(nope)s\n", 5, "%(nope)s"),
        ("[x]\no = 50% off\n", 2, "% off"),
        ("[x]\no = %(a\n", 2, "%(a"),
        ("[x]\no = %(nosect/a)s\n", 2, "%(nosect/a)s"),
        ("[x]\no = %(o)s\n", 2, "%(o)s"),
        ("[x]\no = %(a)s\na = %(o)s\n", 3, "%(o)s"),
    ],
)
def test_wrong_reference(text: str, line: int, value: str) -> None:
    """A wrong reference is reported where it is written."""
    with pytest.raises(Trouble) as caught:
        Scope(merge(text), "x").text("o")
    assert (caught.value.path, caught.value.line) in {("f0", line), ("f0", 2)}
    assert caught.value.value == value


def test_a_slip_is_recognised() -> None:
    """An unknown name comes with the known one that looks like it."""
    with pytest.raises(Trouble) as caught:
        Scope(merge("[x]\nlogfile = /l\no = %(logfille)s\n"), "x").text("o")
    assert caught.value.remedy == "did you mean 'logfile'?"


def test_variables_come_first_and_their_percent_signs_are_literal() -> None:
    """The caller's texts are final: a date pattern in them survives."""
    scope = Scope(merge("[x]\na = 1\no = %(a)s\n"), "x", {"a": "%Y-%m"})
    assert scope.text("o") == "%Y-%m"


def test_what_the_filter_knows_is_literal() -> None:
    """`known/` asks the caller before the history, and takes the answer as it is."""
    known = {"datepattern": at_place("%H", ("f", 1)), "b": at_place("c", ("f", 2))}
    scope = Scope(merge("[x]\no = %(known/datepattern)s|%(known/b)s\n", "[x]\n"), "x", known=known.get)
    assert scope.text("o") == "%H|c"


def test_references_that_double_are_bounded() -> None:
    """Ten levels of ten references each end with a message instead of filling the memory."""
    levels = "".join(f"a{n} = {f'%(a{n + 1})s' * 40}\n" for n in range(9))
    with pytest.raises(Trouble) as caught:
        Scope(merge(f"[x]\n{levels}a9 = {'x' * 100}\n"), "x").text("a0")
    assert "too many references" in caught.value.message


def test_depth_is_bounded() -> None:
    """Eleven levels are too many, ten are not."""
    chain = "".join(f"a{n} = %(a{n + 1})s\n" for n in range(12))
    merged = merge(f"[x]\n{chain}a12 = end\n")
    assert Scope(merged, "x").text("a2") == "end"
    with pytest.raises(Trouble, match="nested"):
        Scope(merged, "x").text("a0")
