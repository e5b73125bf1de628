"""Times such as 1d12h: values, units, and what is refused."""

from __future__ import annotations

import pytest

from stockade.config import Trouble, parse_seconds

GOOD = {
    "600": 600,
    " 10m ": 600,
    "1d12h30m": 131_400,
    "1d 12h": 129_600,
    "1y 6mo": 47_336_400,
    "1h 2m 3s": 3723,
    "1hour 30": 3630,
    "1m30": 90,
    "2 days": 172_800,
    "1d-2h": 79_200,
    "1year-6mo": 15_778_800,
    "1.5h": 5400,
    ".5h": 1800,
    "5.": 5,
    "2*3h": 21_600,
    "1h*2": 7200,
    "1d/2": 43_200,
    "3h 30m*2": 14_400,
    "2*(3h+1m)": 21_720,
    "1h (2m)": 3720,
    "1d1": 86_401,
    "-1": -1,
    "--1": 1,
    "-(1h)": -3600,
    "1M": 60,
    "1Week": 604_800,
    "1mon": 2_629_800,
    "05m": 300,
    "1h+ 2m": 3720,
}
BAD = [
    "",
    " ",
    "1x",
    "abc",
    "h",
    "1e3",
    "0x10",
    "1.5.2",
    "1,5",
    "1h,2m",
    "2**3",
    "5 % 3",
    "1;2",
    "(1",
    "1)",
    "1/0",
    "1ms",
]
BAD += ["1" * 201, "9" * 30, "__import__('os')", "1*", "()", "(" * 21 + "1" + ")" * 21, "٣"]


@pytest.mark.parametrize(("text", "seconds"), GOOD.items())
def test_time(text: str, seconds: float) -> None:
    """A time means the same as in the reference."""
    assert parse_seconds(text) == pytest.approx(seconds, abs=0)


@pytest.mark.parametrize("word", ["s", "ss", "se", "sec", "second", "seconds"])
def test_seconds_have_many_names(word: str) -> None:
    """Every abbreviation of the dialect is known, in any case."""
    assert parse_seconds(f"7 {word.upper()}") == 7


@pytest.mark.parametrize("text", BAD)
def test_wrong_time(text: str) -> None:
    """Anything else is refused with a remedy, and never evaluated."""
    with pytest.raises(Trouble) as caught:
        parse_seconds(text)
    assert caught.value.remedy
