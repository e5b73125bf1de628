"""Encodings of logs: which of the scanner's decoders reads one, and whether its bytes are UTF-8.

In: a filter's `logencoding`. Out: the scanner's name for it. An encoding whose bytes below 128 are not ASCII (UTF-16,
shift sequences) cannot be searched for in pieces and is refused.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from stockade.match.problem import ExpressionError


@dataclass(frozen=True, slots=True)
class Encoding:
    """`scanner_name` is what `Scanner` takes; only UTF-8 logs are searched for characters beyond ASCII."""

    scanner_name: str
    is_utf8: bool


_UTF8, _ASCII, _LATIN1 = Encoding("utf-8", True), Encoding("ascii", False), Encoding("latin-1", False)
_KNOWN = {"utf-8": _UTF8, "utf-8-sig": _UTF8, "ascii": _ASCII, "iso8859-1": _LATIN1}


def log_encoding(name: str) -> Encoding:
    """Returns how a log is decoded; `auto` is UTF-8. Raises ExpressionError for an encoding that cannot be read.

    Other single-byte encodings are read as Latin-1: addresses and all of ASCII come out right, only accented or
    non-Latin letters in user names show as others, and an expression cannot name them.
    """
    if name.strip().lower() in ("", "auto"):
        return _UTF8
    try:
        found = codecs.lookup(name.strip()).name
        if found in _KNOWN:
            return _KNOWN[found]
        if _is_ascii_superset(found):
            return _LATIN1
    except (LookupError, ValueError, UnicodeError):
        pass
    raise ExpressionError(
        f"logencoding {name!r} is unknown or cannot be searched", "use auto, utf-8, ascii or a single-byte encoding"
    )


def _is_ascii_superset(name: str) -> bool:
    """Tells whether every byte is one character, and the first 128 bytes are ASCII's and no others."""
    decoded = bytes(range(256)).decode(name, "replace")
    return (
        len(decoded) == 256 and decoded[:128] == bytes(range(128)).decode() and not any(map(str.isascii, decoded[128:]))
    )
