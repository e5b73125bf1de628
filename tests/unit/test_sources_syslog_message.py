"""Syslog messages as lines: RFC 5424, RFC 3164, and what is sent in their name."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from stockade.model.clock import Wall
from stockade.sources.syslog.dates import Dates
from stockade.sources.syslog.limits import MAX_MESSAGE
from stockade.sources.syslog.message import Messages, shortened

NOW = Wall(datetime(2026, 11, 22, 16, 0, 5, tzinfo=UTC).timestamp())
THEN = NOW - 5
SENDER = b"192.0.2.7"


def read(data: bytes, now: Wall = NOW, zone: str = "UTC") -> tuple[float, bytes] | None:
    """Reads one message that arrived from SENDER."""
    return Messages(Dates(ZoneInfo(zone))).entry(data, SENDER, now)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"<86>Nov 22 16:00:00 web sshd[42]: Failed x", b"web sshd[42]: Failed x"),
        (b"<86>Nov 22 16:00:00.123 web sshd[42]: Failed x", b"web sshd[42]: Failed x"),
        (b"Nov 22 16:00:00 web sshd[42]: Failed x", b"web sshd[42]: Failed x"),
        (b"<86>Nov 22 16:00:00 fe80::1 sshd: Failed x", b"fe80::1 sshd: Failed x"),
        (b"<86>Nov 22 16:00:00 sshd[42]: Failed x", SENDER + b" sshd[42]: Failed x"),
        (b"<86>Nov 22 16:00:00 su: Failed x", SENDER + b" su: Failed x"),
        (b"<86>2026-11-22T16:00:00Z web sshd[42]: Failed x", b"web sshd[42]: Failed x"),
        (b"<86>2026-11-22T17:00:00.000000+01:00 web sshd[42]: Failed x", b"web sshd[42]: Failed x"),
        (b"<86>1 2026-11-22T16:00:00Z web sshd 42 ID47 - Failed x", b"web sshd[42]: Failed x"),
        (b"<86>1 2026-11-22T16:00:00Z web sshd - - - Failed x", b"web sshd: Failed x"),
        (b"<86>1 2026-11-22T16:00:00Z - sshd 42 - - Failed x", SENDER + b" sshd[42]: Failed x"),
        (b"<86>1 2026-11-22T16:00:00Z web sshd 42 - -  Failed x", b"web sshd[42]: Failed x"),
        (b"<86>1 2026-11-22T16:00:00Z web - - - - Failed x", b"web Failed x"),
        (
            b'<86>1 2026-11-22T16:00:00Z web sshd 42 - [a@1 b="]\\"\\]"][c] \xef\xbb\xbfFailed x',
            b"web sshd[42]: Failed x",
        ),
        (b"<86>1 2026-11-22T16:00:00Z web sshd 42 - [broken Failed x", b"web sshd[42]: [broken Failed x"),
    ],
)
def test_a_message_becomes_the_line_a_file_would_have(data: bytes, line: bytes) -> None:
    """Host, identifier and process stand as in a log file, without the date, whose time the message keeps."""
    assert read(data) == (THEN, line)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"<13>hello there", SENDER + b" hello there"),
        (b"hello", SENDER + b" hello"),
        (b"<13>Foo 39 99:99:99 web sshd: x", b"web sshd: x"),
        (b"<13>Feb 30 10:00:00 web sshd: x", b"web sshd: x"),
        (b"<13>1 - web sshd 1 - - x", b"web sshd[1]: x"),
        (b"<13>1 2026-02-30T10:00:00Z web sshd 1 - - x", b"web sshd[1]: x"),
        (b"<13>1 2026-06-30T23:59:60Z web sshd 1 - - x", b"web sshd[1]: x"),
    ],
)
def test_a_message_without_a_date_that_exists_counts_for_its_arrival(data: bytes, line: bytes) -> None:
    """No date, or one that is none, never loses a message."""
    assert read(data) == (NOW, line)


@pytest.mark.parametrize("data", [b"", b"\n", b"\0\r\n", b"<13>", b"<13>Nov 22 16:00:00 "])
def test_nothing_is_no_line(data: bytes) -> None:
    """A message without text gives no line."""
    assert read(data) is None


def test_no_message_makes_two_lines() -> None:
    """Newlines, NULs and escapes within a message are shown in octal, as a syslog daemon writes them to files."""
    assert read(b"<13>Nov 22 16:00:00 web a: x\ny\0z\x1b[m\tt\n\0") == (THEN, b"web a: x#012y#000z#033[m\tt")


@pytest.mark.parametrize(
    ("now", "zone", "data", "expected"),
    [
        ((2026, 1, 1, 0, 0, 30), "UTC", b"Dec 31 23:59:58 w a: x", (2025, 12, 31, 23, 59, 58)),
        ((2025, 12, 31, 23, 59, 58), "UTC", b"Jan  1 00:00:10 w a: x", (2025, 1, 1, 0, 0, 10)),
        ((2025, 3, 1, 0, 0, 0), "UTC", b"Feb 29 10:00:00 w a: x", (2024, 2, 29, 10, 0, 0)),
        ((2026, 7, 1, 12, 0, 0), "Europe/Berlin", b"Jul  1 14:00:00 w a: x", (2026, 7, 1, 12, 0, 0)),
        ((2025, 12, 31, 23, 30, 0), "Europe/Berlin", b"Jan  1 00:30:00 w a: x", (2025, 12, 31, 23, 30, 0)),
        ((2026, 7, 1, 12, 0, 0), "Europe/Berlin", b"2026-07-01T14:00:00 w a: x", (2026, 7, 1, 12, 0, 0)),
    ],
)
def test_year_and_zone_follow_the_rules_for_files(
    now: tuple[int, ...], zone: str, data: bytes, expected: tuple[int, ...]
) -> None:
    """A date without year is this year's in this machine's zone, or last year's if more than a day ahead."""
    found = read(data, Wall(datetime(*now, tzinfo=UTC).timestamp()), zone)  # type: ignore[misc]
    assert found is not None
    assert found[0] == datetime(*expected, tzinfo=UTC).timestamp()  # type: ignore[misc]


def test_a_cut_never_makes_another_address() -> None:
    """The word that crosses the bound goes as a whole: half an address would be somebody else's."""
    head = b"Failed password for " + b"x " * 4080
    assert len(head) == MAX_MESSAGE - 12
    assert shortened(head + b"from 192.0.2.153 port 22").split()[-1] == b"from"
    assert len(shortened(b"y" * 9000)) == MAX_MESSAGE - 256
