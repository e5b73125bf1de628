"""Remarks on the times and bytes of lines: once a day, with the line and what to do."""

from __future__ import annotations

from datetime import UTC

import pytest

from stockade._scanner import Note
from stockade.daemon.remarks import DAY, Remarks
from stockade.match.engine import FilterUse, open_scanner
from stockade.model.clock import Wall
from stockade.model.settings import FilterSettings

NOW = Wall(1_795_348_800.0)
BAD = FilterSettings("f", (r"bad\S* <ADDR>$",), datepattern=("EPOCH",))


def notes(line: bytes, *, is_live: bool = True) -> list[Note]:
    """What a scanner notes about one line."""
    scanner = open_scanner([FilterUse(BAD, 600.0)], now=NOW, local_zone=UTC)
    return scanner.feed(line + b" bad 192.0.2.1\n", NOW, is_live=is_live).notes


@pytest.mark.parametrize(
    ("line", "is_live", "kind", "words"),
    [
        (b"no date", True, "undated", "no valid date"),
        (b"%d" % (NOW - 61), True, "off", "61 s before the current time"),
        (b"%d" % (NOW - 3600), True, "off", "timezone problem"),
        (b"%d" % (NOW - 3000), True, "off", "latency problem"),
        (b"%d" % (NOW + 61), True, "off", "timezone problem"),
        (b"%d" % (NOW - 601), False, "old", "older than findtime (this one is 601 s old)"),
        (b"%d \xff" % NOW, True, "undecodable", "logencoding"),
    ],
)
def test_each_kind_says_what_it_is_and_what_to_do(line: bytes, is_live: bool, kind: str, words: str) -> None:
    """The scanner notes it, and the sentences name jail, matter, remedy and line."""
    (note,) = notes(line, is_live=is_live)
    said = list(Remarks().sentences("door", note, NOW))
    assert note.kind == kind
    assert any(words in sentence for sentence in said)
    assert any("→" in sentence for sentence in said)
    assert all(sentence.startswith("[door] ") for sentence in said)
    assert said[-1].endswith(" bad 192.0.2.1")


def test_once_a_day_for_each_jail_and_kind() -> None:
    """The same kind is silent for a day, also if the clock is put back; another jail and another kind are not."""
    remarks = Remarks()
    (off,), (undated,) = notes(b"%d" % (NOW - 99)), notes(b"x")
    assert list(remarks.sentences("a", off, NOW))
    assert not list(remarks.sentences("a", off, Wall(NOW + DAY - 1)))
    assert not list(remarks.sentences("a", off, Wall(NOW - 60)))
    assert list(remarks.sentences("b", off, NOW))
    assert list(remarks.sentences("a", undated, NOW))
    assert list(remarks.sentences("a", off, Wall(NOW + DAY)))


def test_a_hostile_line_stays_printable() -> None:
    """Control characters of the line are shown, not obeyed, and a long line is cut."""
    (note,) = notes(b"\x1b[31m" + b"x" * 1000)
    said = list(Remarks().sentences("a", note, NOW))
    assert all(sentence.isprintable() and len(sentence) < 300 for sentence in said)
