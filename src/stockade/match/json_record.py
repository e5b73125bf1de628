"""Reads one JSON object of a log, and the fields that a filter names in it.

In: the text of a line, whose every character may be an attacker's. Out: a record whose numbers are kept as they were
written, or NotRead. Time and memory are bounded by the length of the line, which the caller bounds; nesting by the
interpreter's own limit on recursion (a deeper line is refused).
"""

from __future__ import annotations

import json
from typing import Any, Final

from stockade.match.problem import ExpressionError

MAX_PATH: Final = 256
"""Characters of a field's name; a longer one is an error of the configuration."""

MAX_STEPS: Final = 16
"""Names in one field's path; more are an error of the configuration."""

MAX_INDEX_DIGITS: Final = 6
"""Digits of a place in a list; a longer number is no place."""

_BLANKS: Final = " \t\r\n"
_REPEATED: Final = object()
"""Stands for the value of a key that an object holds more than once."""


class NotRead(Exception):
    """Says why a line is no record that may be believed; `reason` is a word for counters."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Record = dict[str, Any]


def read_record(text: str, begin: int) -> Record:
    """Reads the object at `begin`, behind which nothing but blanks may stand; raises NotRead.

    Numbers stay text, so that no number is too large and none is rounded. `NaN` and `Infinity` are not JSON (RFC 8259).
    """
    try:
        record, end = _DECODER.raw_decode(text, begin)
    except (ValueError, RecursionError):
        raise NotRead("not-json") from None
    if not isinstance(record, dict) or text[end:].strip(_BLANKS):
        raise NotRead("not-json")
    return record


def _object(pairs: list[tuple[str, Any]]) -> Record:
    """Makes an object. A log written without escaping lets a client repeat a key, and readers differ in which of the
    two they believe: here neither is."""
    record = dict(pairs)
    if len(record) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                record[key] = _REPEATED
            seen.add(key)
    return record


def _refuse(word: str) -> Any:
    raise ValueError(word)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=_refuse, strict=False
)


class Path:
    """A field's name: keys joined by dots (`request.remote_ip`), numbers for places in a list (`ips.0`); a dot that
    belongs to a key is written `\\.`. Raises ExpressionError for a text that is none."""

    __slots__ = ("_keys", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._keys = tuple(key.replace("\0", ".") for key in text.replace("\\.", "\0").split("."))
        if len(text) > MAX_PATH or len(self._keys) > MAX_STEPS or not all(self._keys):
            raise ExpressionError(
                f"{text[:40]!r} is not the name of a JSON field", "join keys by dots: request.remote_ip, headers.0"
            )

    def find(self, record: Record) -> str | None:
        """The field's text; None where it is missing, null, an object or a list. Raises NotRead for a repeated key."""
        value: Any = record
        for key in self._keys:
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list):
                value = _item(value, key)
            else:
                break
        else:
            if isinstance(value, str):
                return value
            if isinstance(value, bool):
                return "true" if value else "false"
        if value is _REPEATED:
            raise NotRead("repeated-key")
        return None


def _item(values: list[Any], key: str) -> Any:
    is_place = key.isascii() and key.isdecimal() and len(key) <= MAX_INDEX_DIGITS
    return values[int(key)] if is_place and int(key) < len(values) else None
