"""Which part of a string is worth searching for in a log, and how seldom it will turn up by chance.

In: a string that must occur in the text an expression searches. Out: its rarest part that also lies in one piece in
the raw line, as bytes. A part of a needed string is needed, too, so every choice made here is sound.
"""

from __future__ import annotations

import re

from stockade.match.splits import Neighbour, Split

MIN_LITERAL = 3
"""Bytes of the shortest literal worth searching for; a need with a shorter one counts as unknown."""

MAX_WINDOW, MIN_WINDOW = 20, 12
"""Bytes of a literal at most, and of what is left when common ends are cut off it: a search for a longer one finds
nothing less, and one that begins with what is everywhere stops everywhere."""

_MOST_BITS = 60.0
_UNSEARCHABLE = r"[\n\ufffd\ud800-\udfff]"
"""A newline ends the raw line; U+FFFD is how undecodable bytes show in the text, not how they lie in the line."""

_WORD, _SIGN = r"[A-Za-z0-9_\u0080-\U0010ffff]", r"[^A-Za-z0-9_]"
"""Beyond ASCII a character may count as either: the scanner may match bytes or characters."""

_COMMONPLACE = (
    b' - - [] +0000] "GET / HTTP/1.1" 200 ',
    b' - - [] +0200] "POST / HTTP/2.0" 304 ',
    b' - - [] -0500] "HEAD / HTTP/1.0" 301 ',
    b'"https://www." "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/',
    b'"http://www." "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"',
    b'"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.6 Safari/605.1.15"',
    b'"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) Mobile/15E148 Safari/604.1"',
    b'"Mozilla/5.0 (Linux; Android 10; K) Chrome/130.0.0.0 Mobile Safari/537.36"',
    b'"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bot.html)"',
    b'"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"',
)
"""Specimens of what busy web servers write all day. No rule about letters and digits tells that ` HTTP/` is everywhere
and ` 404` is not."""

_RUN = 4
_COMMON_BITS = 0.1
"""Of a byte that lies in a run of four that some specimen has, too."""


class Habitat:
    """Where literals will be looked for: `splits` are the places where a date may have stood, `is_utf8` tells that the
    log's bytes are UTF-8 (else only ASCII can be looked for)."""

    def __init__(self, splits: frozenset[Split], *, is_utf8: bool = True) -> None:
        unsearchable = _UNSEARCHABLE if is_utf8 else rf"{_UNSEARCHABLE}|[^\x00-\x7f]"
        places = sorted(_place(split) for split in splits)
        self._separator = re.compile("|".join([unsearchable, *places]))
        self._unsearchable = re.compile(unsearchable)

    def pieces(self, text: str) -> list[str]:
        """Cuts a string where a date may lie and at characters that cannot be searched for. The string may stand at the
        text's beginning: a character of it has at least as many before it there as here."""
        return self._separator.split(text)

    def beginning(self, text: str) -> str:
        """Cuts a beginning before the first character that may look otherwise in the bytes of the searched text."""
        return self._unsearchable.split(text, maxsplit=1)[0]


def _place(split: Split) -> str:
    """An expression for the place; a look-behind has a fixed width, so there is one for each number of characters."""
    before = "" if split.reach is None else "|".join(rf"(?<=\A.{{{n}}})" for n in range(1, split.reach + 1)) or "(?!)"
    return rf"(?s:{f'(?:{before})' if before else ''}(?<={_kind(split.left)})(?={_kind(split.right)}))"


def _kind(neighbour: Neighbour) -> str:
    if isinstance(neighbour, str):
        return re.escape(neighbour)
    return _WORD if neighbour else _SIGN


def rarest_part(text: str, habitat: Habitat) -> bytes:
    """Returns the rarest searchable part of a needed string, or nothing if no part of it can be searched for."""
    parts = [_rarest_window(piece.encode()) for piece in habitat.pieces(text)]
    return max(parts, key=lambda part: (len(part) >= MIN_LITERAL, bits(part)), default=b"")


def bits(literal: bytes) -> float:
    """Estimates the surprise of finding these bytes at a place of a log, as -log2 of the chance."""
    return min(sum(_weights(literal)), _MOST_BITS)


def _weights(text: bytes) -> list[float]:
    """What each byte contributes."""
    if len(text) < _RUN and any(text in specimen for specimen in _COMMONPLACE):
        return [_COMMON_BITS] * len(text)
    weights = [_BITS[byte] for byte in text]
    for at in range(len(text) - _RUN + 1):
        if text[at : at + _RUN] in _COMMON_RUNS:
            weights[at : at + _RUN] = [_COMMON_BITS] * _RUN
    return weights


def _rarest_window(piece: bytes) -> bytes:
    """The rarest `MAX_WINDOW` bytes of a piece, without common runs at their ends if enough is left."""
    weights = _weights(piece)
    starts = range(max(len(piece) - MAX_WINDOW, 0) + 1)
    first = max(starts, key=lambda at: sum(weights[at : at + MAX_WINDOW]))
    end = min(first + MAX_WINDOW, len(piece))
    while end - first > MIN_WINDOW and weights[first] == _COMMON_BITS:
        first += 1
    while end - first > MIN_WINDOW and weights[end - 1] == _COMMON_BITS:
        end -= 1
    return piece[first:end]


def _runs(specimen: bytes) -> frozenset[bytes]:
    return frozenset(specimen[at : at + _RUN] for at in range(len(specimen) - _RUN + 1))


_COMMON_RUNS = frozenset().union(*map(_runs, _COMMONPLACE))


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
