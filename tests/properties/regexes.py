"""Regular expressions together with texts that they match, for the properties of `match`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[str]], str]

WORDS = [
    "Failed",
    "password",
    "for",
    "user",
    "kiss",
    "-> ",
    ": ",
    "[",
    "]",
    "port ",
    " from ",
    "=",
    "é",
    "x",
    "ab",
    " ",
]
_KEPT = ".^$*+?{}[]\\|()"
_VARIANTS = "aAbBsS\u017fkK\u212aiI\u0130\u0131"


@dataclass(frozen=True, slots=True)
class Piece:
    """A pattern and a way to draw a text that it matches."""

    pattern: str
    text: Callable[[Draw], str]


def quoted(text: str) -> str:
    """Escapes what has a meaning in an expression, and nothing else."""
    return "".join("\\" + char if char in _KEPT else char for char in text)


def _word(text: str) -> Piece:
    return Piece(quoted(text), lambda _: text)


def _drawn(pattern: str, choices: str) -> Piece:
    return Piece(pattern, lambda draw: draw(st.sampled_from(choices)))


def _sequence(pieces: list[Piece]) -> Piece:
    return Piece("".join(piece.pattern for piece in pieces), lambda draw: "".join(piece.text(draw) for piece in pieces))


def _alternatives(pieces: list[Piece]) -> Piece:
    pattern = "(?:" + "|".join(piece.pattern for piece in pieces) + ")"

    def text(draw: Draw) -> str:
        chosen = draw(st.sampled_from([str(index) for index in range(len(pieces))]))
        return pieces[int(chosen)].text(draw)

    return Piece(pattern, text)


def _repeated(piece: Piece, bounds: tuple[str, int, int]) -> Piece:
    suffix, low, high = bounds

    def text(draw: Draw) -> str:
        count = int(draw(st.sampled_from([str(number) for number in range(low, high + 1)])))
        return "".join(piece.text(draw) for _ in range(count))

    return Piece(f"(?:{piece.pattern}){suffix}", text)


def _caseless(piece: Piece) -> Piece:
    """Any case, and the shapes of letters that (?i) takes for others."""

    def text(draw: Draw) -> str:
        return "".join(draw(st.sampled_from(_shapes(char))) for char in piece.text(draw))

    return Piece(f"(?i:{piece.pattern})", text)


def _shapes(char: str) -> list[str]:
    pattern = re.compile(quoted(char), re.IGNORECASE)
    return [each for each in dict.fromkeys(char + char.swapcase() + _VARIANTS) if pattern.fullmatch(each)] or [char]


_ATOMS = st.one_of(
    st.sampled_from(WORDS).map(_word),
    st.sampled_from(
        [
            _drawn("[aA]", "aA"),
            _drawn("[kxé]", "kxé"),
            _drawn(r"\d", "0123456789"),
            _drawn(r"\S", "axé=:[\ufffd"),
            _drawn(r"\s", " \t\x1c"),
            _drawn(r"[\s,]", " \x1f,"),
            _drawn(".", "ab [=\ufffd"),
            _drawn("[^\\]x]", "ab ["),
            _drawn("[a-f]", "abcdef"),
            Piece(r"\b", lambda _: ""),
            Piece("(?!zz)", lambda _: ""),
            Piece("(?=)", lambda _: ""),
        ]
    ),
)
_BOUNDS = st.sampled_from(
    [
        ("?", 0, 1),
        ("*", 0, 3),
        ("+", 1, 3),
        ("{2}", 2, 2),
        ("{,2}", 0, 2),
        ("{1,3}?", 1, 3),
        ("*?", 0, 2),
        ("{5,}", 5, 6),
    ]
)


def _extended(inner: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(_sequence),
        st.lists(inner, min_size=1, max_size=3).map(_alternatives),
        st.tuples(inner, _BOUNDS).map(lambda pair: _repeated(*pair)),
        inner.map(lambda piece: Piece(f"({piece.pattern})", piece.text)),
        inner.map(_caseless),
    )


PIECES = st.recursive(_ATOMS, _extended, max_leaves=10)


@st.composite
def matches(draw: st.DrawFn, ending: str = "") -> tuple[str, str]:
    """An expression and a text in which it should be found; half of the expressions are anchored at the beginning.

    A lookahead drawn into the expression may still forbid it. `ending` is put behind both.
    """
    piece = draw(PIECES.map(lambda found: _sequence([found, _word(ending)])))
    drawn: Draw = draw
    text = piece.text(drawn)
    if draw(st.booleans()):
        return "^" + f"(?:{piece.pattern})", text + draw(st.sampled_from(["", " tail", "é"]))
    return piece.pattern, draw(st.sampled_from(["", "head ", "["])) + text + draw(st.sampled_from(["", " tail"]))
