"""Where the reading of a big log begins: before the first line that can count, and in doubt further back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stockade.sources import history
from stockade.sources.history import MARGIN, MIN_SOUGHT, beginning

WIDTH = 100


class Log:
    """A log of lines of 100 bytes, `o…` for old, `n…` for new and `-…` for undated ones, that counts what is asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked = 0

    def write(self, pieces: list[tuple[bytes, int]]) -> None:
        """Writes runs of lines of one kind."""
        with self.path.open("wb") as file:
            for kind, lines in pieces:
                file.write((kind * (WIDTH - 1) + b"\n") * lines)

    def is_old(self, lines: bytes) -> bool | None:
        """What the first dated line says."""
        assert lines.endswith(b"\n")
        self.asked += len(lines)
        kinds = [line[:1] for line in lines.splitlines() if line[:1] in (b"o", b"n")]
        return kinds[0] == b"o" if kinds else None

    def beginning(self) -> int:
        """Where its reading begins."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            return beginning(descriptor, os.fstat(descriptor).st_size, self.is_old)
        finally:
            os.close(descriptor)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """An empty log."""
    return Log(tmp_path / "x.log")


@pytest.mark.parametrize("new", [1, 1000, 50_000])
def test_begins_a_margin_before_the_first_new_line(log: Log, new: int) -> None:
    """The place is the beginning of a line, before the first line that counts and not much further back."""
    log.write([(b"o", 100_000), (b"n", new)])
    place = log.beginning()
    assert place % WIDTH == 0
    assert 100_000 * WIDTH - 2 * MARGIN <= place <= 100_000 * WIDTH - MARGIN + WIDTH + history.PROBE_BYTES[0]


@pytest.mark.parametrize(
    "pieces",
    [
        [(b"n", 100_000)],
        [(b"-", 100_000)],
        [(b"o", 100)],
        [(b"o", 1000), (b"n", 100_000)],
        [(b"-", 1), (b"n", 50_000), (b"-", 50_000)],
    ],
    ids=["new", "undated", "small", "soon new", "undated tail of a new one"],
)
def test_reads_from_the_start(log: Log, pieces: list[tuple[bytes, int]]) -> None:
    """A log whose first lines may count, or that has no dates at all, is read whole."""
    log.write(pieces)
    assert log.beginning() == 0


def test_an_undated_tail_is_read_from_its_beginning(log: Log) -> None:
    """What follows the last date may be as new as can be."""
    log.write([(b"o", 50_000), (b"-", 50_000)])
    assert 0 < log.beginning() <= 50_000 * WIDTH


def test_undated_pieces_among_old_lines_are_passed_over(log: Log) -> None:
    """A stack trace here and there does not stop the search."""
    log.write([(b"o", 500), (b"-", 100)] * 100 + [(b"n", 1000)])
    assert log.beginning() > 40_000 * WIDTH


def test_a_log_out_of_order_is_read_whole(log: Log) -> None:
    """A clock that was set back leaves old dates behind new ones: a bisection would land after those that count."""
    log.write([(b"n", 30_000), (b"o", 60_000), (b"n", 10)])
    assert log.beginning() == 0


def test_lines_without_end_are_undated(log: Log) -> None:
    """A piece of megabytes without a newline has no line to ask about, and stops the search before it."""
    log.write([(b"o", 20_000)])
    with log.path.open("ab") as file:
        file.write(b"o" * 3_000_000)
    assert log.beginning() <= 20_000 * WIDTH


def test_a_gigabyte_costs_a_few_small_reads(log: Log) -> None:
    """Of a log with a gigabyte of old lines some hundred kilobytes are looked at."""
    block = (b"o" * (WIDTH - 1) + b"\n") * 10_000
    with log.path.open("wb") as file:
        for place in range(0, 1 << 30, 1 << 24):  # between the blocks are holes: zeros without a newline
            file.seek(place)
            file.write(block)
        file.seek(1 << 30)
        file.write((b"n" * (WIDTH - 1) + b"\n") * 1000)
    place = log.beginning()
    assert log.path.stat().st_size - place < (1 << 25)
    assert log.asked < 2_000_000


def test_a_file_that_cannot_be_read_is_an_error(log: Log) -> None:
    """Whoever asks has to know that nothing was found out."""
    descriptor = os.open("/", os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="directory"):
            beginning(descriptor, MIN_SOUGHT, log.is_old)
    finally:
        os.close(descriptor)


def test_the_number_of_looks_is_bounded(log: Log) -> None:
    """Whatever the answers are, no more places are looked at than the bound says."""
    log.write([(b"o", 30_000)])
    looks: list[bool] = []

    def perverse(lines: bytes) -> bool | None:
        looks.append(True)
        return len(looks) % 2 == 0

    answer: Callable[[bytes], bool | None] = perverse
    descriptor = os.open(log.path, os.O_RDONLY)
    try:
        beginning(descriptor, 1 << 62, answer)
    finally:
        os.close(descriptor)
    assert len(looks) <= 2 * (history.MAX_PROBES + history.SAMPLES)
