"""Makes a line of text and a time of one journal entry, as filters with `logtype = journal` expect them.

In: a way to look up fields of the present entry. Out: `host ident[pid]: message` without a date, and seconds since
1970. Every byte may be the attacker's: sizes are bounded, numbers checked. Touches no library.
"""

from __future__ import annotations

from typing import Protocol

MAX_FIELD = 65536
"""Bytes of one field that are used; the rest of a longer message is cut off (the scanner bounds the line again)."""

_MAX_DIGITS = 18
"""Digits of a number in a field; a longer one is no number of ours."""


class Entry(Protocol):
    """What is read of an entry."""

    def field(self, name: bytes) -> bytes | None:
        """The value of a field, None without it."""

    def realtime(self) -> int:
        """Microseconds since 1970 at which the journal received it."""

    def monotonic(self) -> int:
        """Microseconds since boot at which the journal received it."""


def line_of(entry: Entry) -> bytes:
    """Joins host, identifier with process number, and message by single blanks; what is missing is left out."""
    parts = []
    if host := _field(entry, b"_HOSTNAME"):
        parts.append(host)
    if name := _field(entry, b"SYSLOG_IDENTIFIER") or _field(entry, b"_COMM"):
        pid = _pid(_field(entry, b"SYSLOG_PID") or _field(entry, b"_PID"))
        parts.append(name + pid + b":")
        if name == b"kernel" and not pid:
            parts.append(b"[%12.6f]" % (_boot_time(entry) / 1e6))
    if message := _field(entry, b"MESSAGE"):
        parts.append(message)
    return b" ".join(parts).replace(b"\n", b"\\n")


def time_of(entry: Entry) -> float:
    """When it happened, in seconds since 1970: the sender's time if the journal trusts one, else its own."""
    source = _number(_field(entry, b"_SOURCE_REALTIME_TIMESTAMP"))
    return (entry.realtime() if source is None else source) / 1e6


def _field(entry: Entry, name: bytes) -> bytes:
    value = entry.field(name) or b""
    return value if len(value) <= MAX_FIELD else value[:MAX_FIELD]


def _pid(value: bytes) -> bytes:
    number = _number(value)
    shown = value if number is None else b"%d" % number
    return b"[" + shown + b"]" if shown else b""


def _boot_time(entry: Entry) -> int:
    source = _number(_field(entry, b"_SOURCE_MONOTONIC_TIMESTAMP"))
    return entry.monotonic() if source is None else source


def _number(value: bytes) -> int | None:
    return int(value) if value.isdigit() and len(value) <= _MAX_DIGITS else None
