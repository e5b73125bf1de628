"""Finished logs: every format is told by its first bytes, read in bounded pieces, and damage is said and survived."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stockade.errors import SourceError
from stockade.sources.packed import PIECE, PackedLog, open_log

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"".join(b"Nov 22 11:00:%02d web sshd[%d]: line\n" % (number % 60, number) for number in range(20_000))
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
}
EVERY = pytest.mark.parametrize("name", PACKERS)


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data = io.BytesIO(data)
        self._step = step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._step)


def unpacked(data: bytes) -> tuple[bytes, PackedLog]:
    log = PackedLog(io.BytesIO(data))
    return b"".join(log), log


@EVERY
def test_each_format_is_read_whole(name: str) -> None:
    """The bytes are those that were packed, the position that of the file, and nothing is wrong."""
    packed = PACKERS[name](TEXT)
    found, log = unpacked(packed)
    assert found == TEXT
    assert (log.format, log.problem, log.position) == (name, "", len(packed))


def test_a_plain_log_is_given_as_it_is() -> None:
    """Whatever a log begins with that is no format's beginning is text; so is nothing at all."""
    for text in (TEXT, b"", b"\n", b"B", b"BZ", b"\x1f\x8b", b"\xfd7zX", b"\0\0\0" + TEXT):
        found, log = unpacked(text)
        assert (found, log.format, log.problem) == (text, "", "")


@EVERY
def test_joined_parts_are_one_log(name: str) -> None:
    """What `cat a.gz b.gz` gives, with padding between and behind, is read to its end."""
    pack = PACKERS[name]
    found, log = unpacked(pack(TEXT) + pack(b"") + b"\0" * 8 + pack(b"more\n") + b"\0" * 512)
    assert (found, log.problem) == (TEXT + b"more\n", "")


@EVERY
def test_a_pipe_may_give_the_bytes_one_by_one(name: str) -> None:
    """The format is told although its first bytes come in pieces."""
    log = PackedLog(Trickle(PACKERS[name](b"text\n") + PACKERS[name](b"more\n"), 1))  # type: ignore[arg-type]
    assert (b"".join(log), log.format, log.problem) == (b"text\nmore\n", name, "")


@EVERY
def test_a_file_that_ends_too_early_counts_as_far_as_it_goes(name: str) -> None:
    """What could be unpacked is a beginning of the log, and the problem says where it ended."""
    text = TEXT + os.urandom(1 << 18)
    packed = PACKERS[name](text)
    cut = len(packed) - 1000
    found, log = unpacked(packed[:cut])
    assert text.startswith(found)
    assert log.problem == f"the {name} data ends too early near byte {cut}"


@EVERY
def test_damage_is_said_and_ends_the_reading(name: str) -> None:
    """A byte that was turned over in the middle never raises; what came before it counts."""
    text = TEXT + os.urandom(1 << 18)
    packed = bytearray(PACKERS[name](text))
    packed[len(packed) * 3 // 4] ^= 0xFF
    found, log = unpacked(bytes(packed))
    assert len(found) <= len(text)
    assert log.problem.startswith(f"the {name} data ")


@EVERY
def test_something_else_behind_it_is_left_out(name: str) -> None:
    """Garbage behind a compressed log is not taken for lines."""
    found, log = unpacked(PACKERS[name](TEXT) + b"rubbish\n" * 10)
    assert found == TEXT
    assert "something else follows" in log.problem


@EVERY
def test_a_bomb_costs_no_memory(name: str) -> None:
    """A small file that unpacks to 16 MiB comes in pieces of a quarter MiB."""
    log = PackedLog(io.BytesIO(PACKERS[name](bytes(16 << 20))))
    sizes = [len(piece) for piece in log]
    assert sum(sizes) == 16 << 20
    assert max(sizes) <= PIECE
    assert log.problem == ""


def test_xz_that_wants_too_much_memory_is_refused() -> None:
    """A header may ask for gigabytes; nothing of that is taken."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]
    found, log = unpacked(lzma.compress(b"x\n", filters=filters))
    assert found == b""
    assert "xz data is damaged" in log.problem


def test_what_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """A missing file and a path that is none raise with a remedy; a directory is a problem of reading."""
    for path in (str(tmp_path / "nope"), "a\0b"):
        with pytest.raises(SourceError, match="cannot read"), open_log(path):
            pass
    with pytest.raises(SourceError, match="Is a directory"), open_log(str(tmp_path)) as log:
        list(log)
