"""Properties of the configuration's parsers: no text breaks them, and what is written is read back."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.config import Trouble, load, parse_seconds
from stockade.config.brackets import parse_item, split_items
from stockade.config.ini import parse
from stockade.config.journalmatch import parse_journalmatch
from stockade.config.tags import expand
from stockade.config.text import Text, at_place
from stockade.model.arithmetic import Formula, NoValue

INI_TEXT = st.text(st.sampled_from("[]=:;# \t\n\r\\%()<>ab\"'\x00\x0b\u2028é"), max_size=200)
BRACKET_TEXT = st.text(st.sampled_from("[]=,\"' \nab?.-"), max_size=40)
WORD = st.text(st.sampled_from("abcxyz019_-."), min_size=1, max_size=8)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_629_800, "y": 31_557_600}


@given(INI_TEXT | st.text(max_size=100))
def test_ini_takes_any_text(text: str) -> None:
    """Any text gives sections and flaws; every value knows a line of the file for each of its lines."""
    file = parse(text, "f")
    for options in file.sections.values():
        for value in options.values():
            assert len(value.lines) >= value.text.count("\n") + 1
            assert list(value.lines) == sorted(set(value.lines))


@given(st.dictionaries(WORD, st.lists(WORD, min_size=1, max_size=4), max_size=5))
def test_ini_round_trip(options: dict[str, list[str]]) -> None:
    """What is written as sections, options and indented lines is read back."""
    text = "[a]\n" + "".join(f"{name} = " + "\n  ".join(lines) + "\n" for name, lines in options.items())
    file = parse(text, "f")
    assert not file.flaws
    assert {name: value.text.split("\n") for name, value in file.sections["a"].items()} == options


@given(BRACKET_TEXT | st.text(max_size=60))
def test_brackets_take_any_text(text: str) -> None:
    """Any text is an item or Trouble; splitting a list loses nothing but white space."""
    with suppress(Trouble):
        parse_item(text)
    assert "".join("".join(split_items(text)).split()) == "".join(text.split())


@given(WORD, st.dictionaries(WORD, st.text(st.sampled_from("ab,] [='\n"), max_size=8), max_size=4))
def test_brackets_round_trip(name: str, arguments: dict[str, str]) -> None:
    """Arguments written in double quotes are read back, and the item is one item of a list."""
    text = f"{name}[" + ",".join(f'{option}="{value}"' for option, value in arguments.items()) + "]"
    assert parse_item(text) == (name, {option: value.strip() for option, value in arguments.items()})
    assert split_items(f"{text} x\n{text}") == [text, "x", text]


@given(st.text(st.sampled_from("0123456789.+-*/() hdmsywM\t٣"), max_size=60) | st.text(max_size=250))
def test_times_take_any_text(text: str) -> None:
    """Any text is a finite time or Trouble."""
    with suppress(Trouble):
        assert abs(parse_seconds(text)) <= 1e12


@given(
    st.lists(st.tuples(st.integers(0, 999), st.sampled_from(sorted(UNITS))), min_size=1, max_size=6),
    st.sampled_from(["", " ", "+", " + "]),
)
def test_times_round_trip(terms: list[tuple[int, str]], joint: str) -> None:
    """A sum of terms is the sum of its terms, however they are joined."""
    text = joint.join(f"{number}{unit}" for number, unit in terms)
    assert parse_seconds(text) == sum(number * UNITS[unit] for number, unit in terms)


@given(st.text(st.sampled_from("0123456789.+-*/()<>,% banTimeCountFactorifelsemath"), max_size=80))
def test_formulas_take_any_text(text: str) -> None:
    """Any text has a finite value or none."""
    with suppress(NoValue):
        assert abs(Formula(text).seconds(time=600, count=3, factor=1)) <= 1e100


@given(st.text(st.sampled_from("AB_=+ '\"\\\n01"), max_size=60))
def test_journal_matches_take_any_text(text: str) -> None:
    """Any text is a list of groups without empty ones, or Trouble."""
    with suppress(Trouble):
        assert all(parse_journalmatch(text))


@given(
    st.text(st.sampled_from("<>ab/?P("), max_size=60),
    st.dictionaries(st.sampled_from("ab"), st.text(st.sampled_from("<>ab"), max_size=10)),
)
def test_tags_take_any_text(text: str, options: dict[str, str]) -> None:
    """Any text and any options end in a text or in Trouble."""

    def resolve(tag: str) -> Text | None:
        return at_place(options[tag], ("g", 1)) if tag in options else None

    with suppress(Trouble):
        found = expand("o", at_place(text, ("f", 1)), resolve)
        assert len(found.places) == found.text.count("\n") + 1


@settings(max_examples=40)
@given(
    st.lists(
        st.sampled_from(
            [
                "[DEFAULT]",
                "[INCLUDES]",
                "[j]",
                "[j?x]",
                "before = jail.conf",
                "enabled = 1",
                "filter = f[a",
                "filter = f",
            ]
        )
        | st.builds(
            "{} = {}".format,
            st.sampled_from(["action", "bantime", "logpath", "x", "y", "failregex"]),
            st.sampled_from(["%(x)s", "%(known/y)s%(y)s", "%", "<x>", "1d", "f[x='", "f[x=<y>]", "[", ""]),
        ),
        max_size=14,
    )
)
def test_any_jail_file_ends_in_settings_and_problems(lines: list[str]) -> None:
    """However the lines of a jail.conf are shuffled, the reader returns; problems carry a path and a message."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "jail.conf").write_text("\n".join(lines))
        for kind in ("filter.d", "action.d"):
            (root / kind).mkdir()
            (root / kind / "f.conf").write_text(
                "[Definition]\nx = <y>\nfailregex = <x> %(x)s\nactionban = <x>\n[Init]\ny=1\n"
            )
        loaded = load(root, has_files=lambda _: True)
        assert all(problem.path and problem.message for problem in loaded.problems)
