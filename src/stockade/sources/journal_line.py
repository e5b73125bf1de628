"""Makes a line of text and a time of one journal entry, as filters with `logtype = journal` expect them.

In: a way to look up fields of the present entry. Out: `host ident[pid]: message` without a date, and seconds since
1970. Every byte may be the attacker's: sizes are bounded, numbers checked. Touches no library.
"""

from __future__ import annotations

from typing import Protocol

MAX_FIELD = 65536
"""Bytes of one field that are used; the rest of a longer message is cut off (the scanner bounds the line again)."""

SINGLE = (b"syslog", b"stdout", b"kernel", b"audit", b"driver")
"""The ways into the journal on which journald itself makes the fields, so that no name comes twice. Only a program that
speaks the journal's own protocol, or another machine's journal, can repeat one."""

_MAX_DIGITS = 18
"""Digits of a number in a field; a longer one is no number of ours."""


class Entry(Protocol):
    """What is read of an entry. Values are cut off at MAX_FIELD."""

    def field(self, name: bytes) -> bytes:
        """The value of a field (the first, when there are several); empty without it."""

    def every(self, name: bytes) -> list[bytes]:
        """Every value of a field, in the order of the entry."""

    def realtime(self) -> int:
        """Microseconds since 1970 at which the journal received it."""

    def monotonic(self) -> int:
        """Microseconds since boot at which the journal received it."""


def line_of(entry: Entry) -> bytes:
    """Joins host, identifier with process number, and message by single blanks; what is missing is left out."""
    field = entry.field
    parts = []
    if host := field(b"_HOSTNAME"):
        parts.append(host)
    if name := field(b"SYSLOG_IDENTIFIER") or field(b"_COMM"):
        pid = field(b"SYSLOG_PID") or field(b"_PID")
        parts.append(b"%b[%b]:" % (name, _plain(pid)) if pid else name + b":")
        if name == b"kernel" and not pid:
            parts.append(b"[%12.6f]" % (_boot_time(entry) / 1e6))
    message = field(b"MESSAGE") if field(b"_TRANSPORT") in SINGLE else b" ".join(entry.every(b"MESSAGE"))[:MAX_FIELD]
    if message:
        parts.append(message)
    line = b" ".join(parts)
    return line.replace(b"\n", b"\\n") if b"\n" in line else line


def time_of(entry: Entry) -> float:
    """When it happened, in seconds since 1970: the sender's time if the journal trusts one, else its own."""
    source = _number(entry.field(b"_SOURCE_REALTIME_TIMESTAMP"))
    return (entry.realtime() if source is None else source) / 1e6


def _plain(pid: bytes) -> bytes:
    number = _number(pid)
    return pid if number is None else b"%d" % number


def _boot_time(entry: Entry) -> int:
    source = _number(entry.field(b"_SOURCE_MONOTONIC_TIMESTAMP"))
    return entry.monotonic() if source is None else source


def _number(value: bytes) -> int | None:
    return int(value) if value.isdigit() and len(value) <= _MAX_DIGITS else None
