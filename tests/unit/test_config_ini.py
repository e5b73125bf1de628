"""The INI dialect: line numbers, comments, continuations, and what is wrong in a file."""

from __future__ import annotations

import configparser
from textwrap import dedent

import pytest

from stockade.config.ini import IniFile, parse
from stockade.config.limits import MAX_FLAWS, MAX_VALUE_CHARS

VALID = {
    "plain": "[a]\nx = 1\ny: 2\nZ=3\n",
    "both delimiters": "[a]\nx : a=b\ny = a:b\n",
    "continuation": "[a]\nx = 1\n  2\n    3\ny=4\n",
    "continuation that looks like an option": "[a]\nx = 1\n  y = 2\n  [b]\nz = 3\n",
    "blank lines inside": "[a]\nx = 1\n\n  2\n\n\ny = 3\n",
    "comment inside": "[a]\nx = 1\n# no\n  2\n; no\n  3\n",
    "inline comment": "[a]\nx = a;b ;c\ny = no # x\n  more ; gone\n",
    "second semicolon": "[a]\nx = 'a;b' ; c ; d\n",
    "text behind a header": "[a]  trailing\nx=1\n[b] ; c\ny=2\n",
    "bracket in a header": "[a]b]\nx=1\n",
    "default twice": "[DEFAULT]\nx=1\n[a]\n[DEFAULT]\ny=2\n",
    "empty value": "[a]\nx =\ny=\n  2\n",
    "indented section": "  [a]\n  x = 1\n    2\n  y = 2\n",
    "carriage returns": "[a]\r\nx = 1\r\n  2\r\n",
    "tabs": "[a]\n\tx\t=\t1\n\t\t2\n",
    "only a comment behind the name": "[a]\nx = ; nothing\ny = 1\n",
    "form feed in a value": "[a]\nx = 1\x0c2\n",
}


def values(file: IniFile) -> dict[str, dict[str, str]]:
    """The sections without places."""
    return {name: {o: v.text for o, v in options.items()} for name, options in file.sections.items()}


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_valid_files_mean_what_configparser_says(text: str) -> None:
    """On valid files the reader gives the same sections and values as the dialect's reference parser."""
    reference = configparser.RawConfigParser(inline_comment_prefixes=(";",), default_section="DEFAULT", strict=True)
    reference.read_string(text)
    expected = {name: dict(reference._sections[name]) for name in reference.sections()}  # type: ignore[attr-defined]
    if reference.defaults():
        expected["DEFAULT"] = dict(reference.defaults())
    file = parse(text, "x")
    assert not file.flaws
    assert values(file) == expected


def test_every_line_of_a_value_has_its_number() -> None:
    """The line of any place in a value is known, comments and blank lines inside it counted."""
    value = parse("[a]\n\nx = one\n# no\n  two\n\n  three\n", "f").sections["a"]["x"]
    assert value.text == "one\ntwo\n\nthree"
    assert value.lines == (3, 5, 6, 7)
    assert value.line == 3


@pytest.mark.parametrize(
    ("text", "section", "line", "message"),
    [
        ("x = 1\n[a]\n", "", 1, "text before the first section"),
        ("[a]\nx = 1\nnonsense\ny = 2\n", "a", 3, "neither an option nor a section"),
        ("[a]\n= 1\ny = 2\n", "a", 2, "neither an option nor a section"),
        ("[a]\nx = 1\ny = 2\nX = 3\n", "a", 4, "option 'x' stands twice in section [a], first on line 2"),
        ("[a]\ny = 2\n[b]\n[a]\n", "a", 4, "section [a] stands twice in this file"),
        ("[a]\nx = a\0b\ny = 2\n", "a", 2, "value of 'x' contains a NUL byte"),
        (f"[a]\nx = {'a' * (MAX_VALUE_CHARS + 1)}\ny = 2", "a", 2, "value of 'x' is longer than 262144 characters"),
    ],
)
def test_a_wrong_line_is_a_flaw_of_its_section(text: str, section: str, line: int, message: str) -> None:
    """A wrong line is reported with section and line, and what follows is read."""
    file = parse(text, "f")
    assert [(flaw.section, flaw.trouble.line, flaw.trouble.message) for flaw in file.flaws] == [
        (section, line, message)
    ]
    if section:
        assert file.sections["a"]["y"].text == "2"


def test_lines_below_a_refused_one_are_refused_with_it() -> None:
    """The continuation of a doubled option is not read as options of its own."""
    file = parse("[a]\nx = 1\nx = 2\n  z = 3\n", "f")
    assert list(file.sections["a"]) == ["x"]
    assert len(file.flaws) == 1


def test_flaws_are_bounded() -> None:
    """A file of nonsense is given up at the hundredth flaw."""
    assert len(parse("nonsense\n" * 10_000, "f").flaws) == MAX_FLAWS


def test_a_byte_order_mark_is_no_text() -> None:
    """A file that an editor saved with a byte order mark reads as one without."""
    assert values(parse(dedent("\ufeff[a]\nx=1\n"), "f")) == {"a": {"x": "1"}}
