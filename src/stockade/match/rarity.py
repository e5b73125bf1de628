"""Which part of a string is worth searching for in a log, and how seldom it will turn up by chance.

In: a string that must occur in the text an expression searches. Out: its rarest part that also lies in one piece in
the raw line, as bytes. A part of a needed string is needed, too, so every choice made here is sound.
"""

from __future__ import annotations

import re

from stockade.match.splits import Pair

MAX_LITERAL = 40
"""Characters of one literal; longer ones are cut, which keeps them true."""

_MOST_BITS = 60.0
_UNSEARCHABLE = r"[\n\ufffd\ud800-\udfff]"
"""A newline ends the raw line; U+FFFD is how undecodable bytes show in the text, not how they lie in the line."""

_WORD, _SIGN = r"[A-Za-z0-9_\u0080-\U0010ffff]", r"[^A-Za-z0-9_]"
"""Beyond ASCII a character may count as either: the scanner may match bytes or characters."""


class Habitat:
    """Where literals will be looked for: `splits` are the pairs of neighbours that a date may have stood between,
    `is_utf8` tells that the log's bytes are UTF-8 (else only ASCII can be looked for)."""

    def __init__(self, splits: frozenset[Pair], *, is_utf8: bool = True) -> None:
        unsearchable = _UNSEARCHABLE if is_utf8 else rf"{_UNSEARCHABLE}|[^\x00-\x7f]"
        places = [f"(?<={_kind(left)})(?={_kind(right)})" for left, right in sorted(splits)]
        self._separator = re.compile("|".join([unsearchable, *places]))
        self._unsearchable = re.compile(unsearchable)

    def pieces(self, text: str) -> list[str]:
        """Cuts a string where a date may lie and at characters that cannot be searched for."""
        return self._separator.split(text)

    def beginning(self, text: str) -> str:
        """Cuts a beginning before the first character that may look otherwise in the bytes of the searched text."""
        return self._unsearchable.split(text, maxsplit=1)[0]


def rarest_part(text: str, habitat: Habitat) -> bytes:
    """Returns the rarest searchable part of a needed string, or nothing if no part of it can be searched for."""
    parts = [piece[at : at + MAX_LITERAL].encode() for piece in habitat.pieces(text) for at in _starts(piece)]
    return max(parts, key=bits, default=b"")


def bits(literal: bytes) -> float:
    """Estimates the surprise of finding these bytes at a place of a log, as -log2 of the chance."""
    return min(sum(map(_BITS.__getitem__, literal)), _MOST_BITS)


def _kind(is_word: bool) -> str:
    return _WORD if is_word else _SIGN


def _starts(piece: str) -> range:
    return range(0, max(len(piece) - MAX_LITERAL, 0) + 1, MAX_LITERAL)


def _byte_bits(byte: int) -> float:
    """A rough table of how common a character is in logs."""
    char = chr(byte)
    if char == " ":
        return 2.0
    if char.islower():
        return 4.0
    if char.isdigit() or char in ".:/":
        return 3.5
    return 5.5


_BITS = tuple(_byte_bits(byte) for byte in range(256))
