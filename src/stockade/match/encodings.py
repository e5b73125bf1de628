"""Encodings of logs: how the bytes of one become text.

In: a filter's `logencoding`, any text codec of Python. Out: which of three ways reads it: the scanner's own decoders,
the scanner with a table of 256 characters, or a conversion to UTF-8 in front of it. Must not decode logs itself.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from stockade.match.problem import ExpressionError

_STATEFUL = ("iso2022", "hz", "utf-7", "punycode", "idna", "unicode", "raw", "undefined")
"""Codecs (by the beginning of their names) in which a newline does not end a line, or which are no log's encoding."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """`name` is the codec's. `table` holds the 256 characters of a code page over ASCII; with `is_converted` the bytes
    are made UTF-8 before they are searched. Only UTF-8 logs are searched for characters beyond ASCII."""

    name: str
    table: str | None = None
    is_converted: bool = False

    @property
    def is_utf8(self) -> bool:
        """Whether what the scanner searches is UTF-8."""
        return self.is_converted or self.name == "utf-8"


_KNOWN = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "ascii": "ascii", "iso8859-1": "latin-1"}
"""What the scanner reads by itself."""


def log_encoding(name: str) -> Encoding:
    """Returns how a log is decoded; `auto` is UTF-8. Raises ExpressionError for an encoding that cannot be read."""
    wanted = name.strip().lower()
    if wanted in ("", "auto"):
        return Encoding("utf-8")
    try:
        codec = codecs.lookup(wanted)
        if codec.name in _KNOWN:
            return Encoding(_KNOWN[codec.name])
        if codec.name.startswith(_STATEFUL) or not codec._is_text_encoding:
            raise LookupError
        table = _code_page(codec.name)
        if table is None:
            "\n".encode(codec.name)
    except (LookupError, ValueError, UnicodeError, TypeError):
        raise ExpressionError(
            f"logencoding {name[:40]!r} is unknown or cannot be read line by line",
            "use auto, utf-8, utf-16-le, or a code page such as cp1251, iso-8859-2, shift_jis",
        ) from None
    return Encoding(codec.name, table, is_converted=table is None)


def _code_page(name: str) -> str | None:
    """The characters of a codec in which every byte is one, and the first 128 are ASCII's and no others; else None."""
    table = "".join(_character(name, byte) for byte in range(256))
    is_ascii = table[:128].encode("utf-8") == bytes(range(128)) and not any(map(str.isascii, table[128:]))
    return table if len(table) == 256 and is_ascii and _is_single_byte(name) else None


def _character(name: str, byte: int) -> str:
    """One byte's character; U+FFFD if it has none."""
    return bytes([byte]).decode(name, "replace") or "\ufffd"


def _is_single_byte(name: str) -> bool:
    """Tells whether no two bytes of the upper half make one character."""
    upper = bytes(range(128, 256))
    pairs = b"".join(bytes([first, second]) for first in upper for second in upper)
    return len(pairs.decode(name, "replace")) == len(pairs)
