"""Cursors of the journal: which entry they name, and which comes later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stockade.sources.journal_position import Position, parse

WRITER, BOOT = "0" * 31 + "1", "0" * 31 + "2"
HERE = Position(WRITER, 0x10, BOOT, 0x20, 0x30, 0x40)


def test_a_cursor_is_read() -> None:
    """Its six parts, in hexadecimal."""
    assert parse(f"s={WRITER};i=10;b={BOOT};m=20;t=30;x=40") == HERE


@pytest.mark.parametrize(
    "text", ["", "x", "s=;i=;t=", f"s={WRITER};i=10", f"s={WRITER};i=10;b={BOOT};m=20;t=30;x=40;", "s=" + "0" * 9999]
)
def test_other_text_is_no_cursor(text: str) -> None:
    """Whatever the ledger holds, it is a cursor or nothing."""
    assert parse(text) is None


def test_a_copy_is_the_same_entry() -> None:
    """journald numbers what it copies anew and keeps times and content."""
    assert HERE.is_same(replace(HERE, writer="f" * 32, number=7))
    assert HERE.is_same(replace(HERE, checksum=1))
    assert not HERE.is_same(replace(HERE, number=7))
    assert not HERE.is_same(replace(HERE, writer="f" * 32, number=7, checksum=1))


def test_order() -> None:
    """One writer's numbers, then one boot's clock, then the wall clock: the first that both share decides."""
    assert replace(HERE, number=0x11, monotonic=0, realtime=0).is_after(HERE)
    other = replace(HERE, writer="f" * 32, number=0)
    assert replace(other, monotonic=0x21, realtime=0).is_after(HERE)
    assert replace(other, boot="f" * 32, monotonic=0, realtime=0x31).is_after(HERE)
    assert not HERE.is_after(HERE)


def test_a_slower_clock() -> None:
    """Only where neither numbers nor boot tell the order can a clock that ran backwards hide what is new."""
    other = replace(HERE, writer="f" * 32, boot="f" * 32, realtime=1)
    assert other.is_of_a_slower_clock(HERE)
    assert not replace(other, realtime=0x31).is_of_a_slower_clock(HERE)
    assert not replace(other, writer=WRITER).is_of_a_slower_clock(HERE)
    assert not replace(other, boot=BOOT).is_of_a_slower_clock(HERE)
