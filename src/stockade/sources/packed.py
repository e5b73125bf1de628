"""Owns the reading of one finished log from its beginning to its end, plain or compressed, in bounded pieces.

In: a path, `-` or an open binary stream. Out: the log's bytes, how far the file itself was read, and what was wrong
with it. The format is told by the first bytes, never by the name. Nothing is kept but one piece, so a file that unpacks
to a terabyte costs time and no memory. Must not raise for damaged data: what could be read counts, the rest is a
problem.
"""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from stockade.errors import SourceError

STDIN = "-"
"""The path that stands for standard input."""

PIECE = 1 << 18
"""Bytes read from the file, and given out, at a time."""

LZMA_MEMORY = 128 << 20
"""Bytes that unpacking xz may take: twice what `xz -9` needs. A file that asks for more is reported as damaged."""

PADDING = b"\0"
"""What may stand between and behind the parts of a compressed file (tapes, xz stream padding); skipped."""


class Unpacker(Protocol):
    """One compressed part; what `bz2`, `lzma` and `zstd` of the standard library offer."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib with the interface of the others; checks the sum of each part."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail and not self._is_full

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        made = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        self._is_full = len(made) == max_length
        return made


Made = tuple[Unpacker, type[Exception]]
"""An unpacker and what it raises for damaged data."""


def _zstd() -> Made:
    """The standard library's from Python 3.14 on; before, the same module as a package of its own."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - few logs need it, and every import costs
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd.ZstdDecompressor(), zstd.ZstdError


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of compression: its name, the bytes it begins with, and how one part of it is unpacked."""

    name: str
    magic: bytes
    make: Callable[[], Made]


FORMATS = (
    Format("gzip", b"\x1f\x8b\x08", lambda: (_Gzip(), zlib.error)),
    Format("xz", b"\xfd7zXZ\0", lambda: (lzma.LZMADecompressor(lzma.FORMAT_XZ, LZMA_MEMORY), lzma.LZMAError)),
    Format("bzip2", b"BZh", lambda: (bz2.BZ2Decompressor(), OSError)),
    Format("zstd", b"\x28\xb5\x2f\xfd", _zstd),
)
"""zstd refuses by itself what would need more than 128 MiB."""

LONGEST = max(len(each.magic) for each in FORMATS)


class PackedLog:
    """One log; iterate over it for its bytes, then ask for `problem`."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.position = 0
        """Bytes of the file that were taken in: the compressed position of a compressed one."""
        self.format = ""
        """`gzip`, `xz`, `bzip2` or `zstd`; "" for a plain log, and before the first piece."""
        self.problem = ""
        """Why the log could not be read to its end, with the position; "" when it could."""

    def __iter__(self) -> Iterator[bytes]:
        """Yields the log in pieces of at most 256 KiB (the first may be a few bytes longer), as they arrive."""
        data = self._take()
        if any(each.magic.startswith(data[:LONGEST]) for each in FORMATS):
            data = self._completed(data)  # a pipe may give the first bytes one by one
        packed = _format_of(data)
        if packed is not None:
            self.format = packed.name
            yield from self._parts(packed, data)
            return
        while data:
            yield data
            data = self._take()

    def _take(self) -> bytes:
        """The next bytes of the file; none at its end, and none when it cannot be read further."""
        if self.problem:
            return b""
        read = getattr(self._stream, "read1", self._stream.read)
        try:
            data: bytes = read(PIECE)
        except OSError as error:
            self._stop(f"it cannot be read ({error.strerror})")
            return b""
        self.position += len(data)
        return data

    def _completed(self, data: bytes) -> bytes:
        """At least as many bytes as it takes to tell a format, if there are so many."""
        while len(data) < LONGEST and (more := self._take()):
            data += more
        return data

    def _stop(self, what: str) -> None:
        self.problem = f"{what} near byte {self.position}"

    def _parts(self, packed: Format, data: bytes) -> Iterator[bytes]:
        """Unpacks part after part: what is joined of several compressed files is one log."""
        while data and not self.problem:
            part, wrong = packed.make()
            try:
                yield from self._unpacked(part, packed.name, data)
            except (wrong, EOFError, MemoryError) as error:
                self._stop(f"the {packed.name} data is damaged ({error})")
                return
            data = part.unused_data.lstrip(PADDING)
            while not data and (data := self._take()):
                data = data.lstrip(PADDING)
            data = self._completed(data)
            if data and not data.startswith(packed.magic):
                self._stop(f"something else follows the {packed.name} data and was left out,")

    def _unpacked(self, part: Unpacker, name: str, data: bytes) -> Iterator[bytes]:
        """The pieces of one part."""
        while not part.eof:
            if made := part.decompress(data, PIECE):
                yield made
            data = b""
            if part.needs_input and not part.eof:
                data = self._take()
                if not data:
                    if not self.problem:
                        self._stop(f"the {name} data ends too early")
                    return


@contextmanager
def open_log(path: str) -> Iterator[PackedLog]:
    """Opens a log, `-` being standard input; raises SourceError when it cannot be opened."""
    if path == STDIN:
        if sys.stdin is None:
            raise SourceError("standard input is closed", "connect it to a file or a pipe")
        yield PackedLog(sys.stdin.buffer)
        return
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below; only the opening may fail as a SourceError
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    with stream:
        yield PackedLog(stream)


def unreadable(path: str, error: Exception) -> SourceError:
    """Says why a log cannot be opened, and what to give instead."""
    reason = getattr(error, "strerror", None) or "this is no path"
    return SourceError(f"cannot read {path!r}: {reason}", "give an existing log you may read, or - for standard input")


def _format_of(data: bytes) -> Format | None:
    return next((each for each in FORMATS if data.startswith(each.magic)), None)
