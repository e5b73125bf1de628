"""What the command line makes of texts and numbers before it shows them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from stockade.cli.humanise import count, duration, moment, plural, size
from stockade.cli.safe_text import MAX_SHOWN, safe_text
from stockade.cli.views.style import advice


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain text, ünïcode 漢字", "plain text, ünïcode 漢字"),
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth\u2028line", "zero\\u200bwidth\\u2028line"),
        ("\ud800", "\\ud800"),
    ],
)
def test_hostile_text_is_shown_not_obeyed(hostile: str, shown: str) -> None:
    """Controls, C1 escapes, direction changes, invisible characters and lone surrogates become visible."""
    assert safe_text(hostile) == shown


@given(st.text(st.characters(codec=None, categories=None)))
def test_safe_text_is_printable_and_encodable(text: str) -> None:
    """Whatever comes in, what goes out can be printed and does nothing but be read."""
    shown = safe_text(text)
    assert shown.isprintable()
    shown.encode()
    assert safe_text(shown) == shown


def test_a_very_long_text_is_cut() -> None:
    """The screen belongs to the operator: a text of megabytes shows its beginning."""
    assert len(safe_text("x" * 10_000_000)) == MAX_SHOWN + 1


@given(st.text())
def test_markup_in_a_text_is_only_text(text: str) -> None:
    """Rich reads no markup, emoji code or link in what a log line says."""
    shown = safe_text(f"[bold red]{text}[/] :boom: [link=file:///etc/passwd]x[/link]")
    out = io.StringIO()
    Console(file=out, width=100_000, markup=False, emoji=False, highlight=False).print(Text(shown))
    assert out.getvalue() == shown + "\n"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (0.4, "0s"),
        (42, "42s"),
        (60, "1m"),
        (312, "5m 12s"),
        (3_600, "1h"),
        (86_399, "23h 59m"),
        (97_200, "1d 3h"),
        (86_460, "1d"),
        (4_000 * 86_400, "4000d"),
        (-1, "for ever"),
        (None, "for ever"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float | None, shown: str) -> None:
    """A duration is read at a glance."""
    assert duration(seconds) == shown


def test_numbers_and_sizes() -> None:
    """Thousands are apart, sizes have the unit that fits, nouns agree."""
    assert (count(12_044), plural(1, "ban"), plural(2, "ban"), plural(0, "address", "addresses")) == (
        "12,044",
        "1 ban",
        "2 bans",
        "0 addresses",
    )
    assert [size(n) for n in (0, 1023, 1024, 628_920, 5 * 1024**3, 10**18)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "614.2 KiB",
        "5.0 GiB",
        "909,494.7 TiB",
    ]


def test_impossible_times_are_shown_as_numbers() -> None:
    """A time no calendar has does not end the command."""
    assert moment(None) == "never"
    assert moment(1e18) == "1000000000000000000"


def test_advice_keeps_remedies_on_their_line() -> None:
    """A sentence and its remedy become one line, whatever line breaks were in them."""
    assert advice("it broke\n  → fix it\x1b[2J").plain == "it broke → fix it\\x1b[2J"
