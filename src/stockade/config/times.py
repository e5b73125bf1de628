"""Times such as `10m`, `1d12h30m`, `2*3h`, `-1`: text in, seconds out; parsed, never evaluated as code.

Grammar and unit values are those of the dialect: terms stand side by side or are joined by `+` and `-`, `*` and `/`
bind more closely, a month is 365.25 d / 12, `M` is minutes. Nothing else is understood; errors are Trouble.
"""

from __future__ import annotations

import math
import re
from typing import Final

from stockade.config.limits import MAX_NESTING, MAX_SECONDS, MAX_TIME_CHARS
from stockade.config.trouble import Trouble

_YEAR: Final = 31_557_600
_UNITS: Final = {
    1: "s ss se sec second seconds",
    60: "m mm mi min minute minutes",
    3600: "h hh ho hou hour hours",
    86_400: "d dd da day days",
    604_800: "w ww we wee week weeks",
    _YEAR // 12: "mo mon month months",
    _YEAR: "y yy ye yea year years",
}
_SECONDS_OF: Final = {word: seconds for seconds, words in _UNITS.items() for word in words.split()}
_TOKEN: Final = re.compile(r"\s*(?:((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?![0-9.]))|([a-zA-Z]+)|([-+*/()]))")
_REMEDY: Final = "write a number of seconds or a time such as 90, 10m, 1d12h, 1w; -1 means for ever"


def parse_seconds(text: str) -> float:
    """Reads a time; raises Trouble for anything that is none. Negative times are returned as they are."""
    if len(text) > MAX_TIME_CHARS:
        raise Trouble("not a time (too long)", text, _REMEDY)
    try:
        parser = _Parser(_split(text))
        value = parser.sum(0)
        if parser.peek() is not None:
            raise ValueError
    except (ValueError, ZeroDivisionError, OverflowError):
        raise Trouble("not a time", text or "(empty)", _REMEDY) from None
    if not math.isfinite(value) or abs(value) > MAX_SECONDS:
        raise Trouble("time out of range", text, _REMEDY)
    return float(value)


def _split(text: str) -> list[str]:
    pieces, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError
        pieces.append(match[0].strip())
        at = match.end()
    return pieces


class _Parser:
    """Recursive descent over the pieces of one time; ValueError for any text that is none."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces
        self.at = 0

    def peek(self) -> str | None:
        return self.pieces[self.at] if self.at < len(self.pieces) else None

    def sum(self, depth: int) -> float:
        """Terms with `+`, `-` or nothing between them."""
        total = self._product(depth)
        while (piece := self.peek()) is not None and piece != ")":
            if piece not in "+-" and not (piece[0].isdigit() or piece[0] in ".("):
                raise ValueError
            total += self._product(depth)
        return total

    def _product(self, depth: int) -> float:
        value = self._signed(depth)
        while (operator := self.peek()) in ("*", "/"):
            self.at += 1
            factor = self._signed(depth)
            value = value * factor if operator == "*" else value / factor
        return value

    def _signed(self, depth: int) -> float:
        sign = 1
        while (piece := self.peek()) in ("+", "-"):
            sign = -sign if piece == "-" else sign
            self.at += 1
        return sign * self._atom(depth)

    def _atom(self, depth: int) -> float:
        piece = self.peek()
        if piece is None or depth > MAX_NESTING:
            raise ValueError
        self.at += 1
        if piece == "(":
            value = self.sum(depth + 1)
            if self.peek() != ")":
                raise ValueError
            self.at += 1
        else:
            value = float(piece) if "." in piece else int(piece)
        unit = self.peek()
        if unit is not None and unit[0].isalpha():
            self.at += 1
            value *= _SECONDS_OF.get(unit.lower()) or _unknown()
        return value


def _unknown() -> float:
    raise ValueError
