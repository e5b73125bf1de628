"""Logs in encodings whose bytes cannot be searched as they stand (UTF-16, UTF-32, Shift-JIS, GBK, …).

Owns the unfinished last line of such a log. In: bytes of the log. Out: the same lines as UTF-8, fed to a native
scanner. Slower than reading UTF-8, but the verdicts are the same. Must not interpret the lines.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from stockade._scanner import Scanner
from stockade.match.line_scanner import Batch


class Transcoder:
    """A `LineScanner` that decodes whole lines with one of Python's codecs; each line stands for itself.

    Bytes that cannot be decoded become U+FFFD. A line that grows beyond `max_line` characters before its newline is cut
    there: what follows up to the newline is dropped, and the native scanner reports the line as too long.
    """

    def __init__(self, scanner: Scanner, encoding: str, max_line: int) -> None:
        self._scanner = scanner
        self._encoding = line_codec(encoding)
        self._newline = "\n".encode(self._encoding)
        self._unit = len(self._newline)
        self._room = (max_line + 1) * self._unit
        self._mark = _byte_order_mark(self._encoding)
        self._is_first = True
        self._kept = b""
        self._length = 0
        self._partial = b""
        self._undecodable = 0

    @property
    def pending(self) -> int:
        """Bytes of the unfinished last line as they stand in the log, those included that were dropped."""
        return self._length + len(self._partial)

    def feed(self, data: bytes, now: float, *, is_live: bool = True) -> Batch:
        """Scans a chunk that may begin and end within a line, or within a character."""
        units = self._whole_units(data)
        end = self._after_last_newline(units)
        whole = self._joined(units[:end]) if end else b""
        if end:
            self._kept, self._length = b"", 0
        self._keep(units[end:])
        return self._scanner.feed(self._utf8(whole), now, is_live=is_live)

    def feed_entries(self, entries: Sequence[tuple[float, bytes]], now: float, *, is_live: bool = True) -> Batch:
        """Scans journal entries, which are in this encoding, too."""
        lines = [(time, self._utf8(line)) for time, line in entries]
        return self._scanner.feed_entries(lines, now, is_live=is_live)

    def finish(self, now: float, *, is_live: bool = True) -> Batch:
        """Treats the unfinished last line as whole; a newline unit that is cut short counts as a broken character."""
        if not self.pending:
            return self._scanner.finish(now, is_live=is_live)
        padding = bytes(-len(self._partial) % self._unit)
        return self.feed(padding + self._newline, now, is_live=is_live)

    def statistics(self) -> dict[str, int]:
        """The scanner's counts; `bytes` are those of the text as UTF-8."""
        return {**self._scanner.statistics(), "undecodable": self._undecodable}

    def dump(self) -> bytes:
        """The scanner's state; the unfinished line is read again."""
        return self._scanner.dump()

    def load(self, state: bytes) -> bool:
        """Takes up a dump."""
        return self._scanner.load(state)

    def _whole_units(self, data: bytes) -> bytes:
        """What there is in units as long as a newline, counted from the line's beginning; the rest waits."""
        data = self._partial + data
        end = len(data) // self._unit * self._unit
        self._partial = data[end:]
        return data[:end]

    def _after_last_newline(self, units: bytes) -> int:
        """The end of the last newline; 0 if there is none. A newline stands in a place of its own unit."""
        at = len(units)
        while (at := units.rfind(self._newline, 0, at)) >= 0:
            if at % self._unit == 0:
                return at + self._unit
            at += self._unit - 1
        return 0

    def _joined(self, units: bytes) -> bytes:
        """The kept beginning of a line with what follows; of a line that was cut, only its newline follows."""
        whole = self._kept + units
        if self._length > len(self._kept):
            whole = self._kept + units[self._first_newline(units) :]
        if self._is_first:
            self._is_first = False
            whole = whole.removeprefix(self._mark)
        return whole

    def _first_newline(self, units: bytes) -> int:
        at = units.find(self._newline)
        while at % self._unit:
            at = units.find(self._newline, at + 1)
        return at

    def _keep(self, units: bytes) -> None:
        self._length += len(units)
        self._kept += units[: max(0, self._room - len(self._kept))]

    def _utf8(self, data: bytes) -> bytes:
        text = data.decode(self._encoding, "replace")
        self._undecodable += sum("\ufffd" in line for line in text.split("\n")) if "\ufffd" in text else 0
        return text.encode("utf-8", "replace")


def _byte_order_mark(encoding: str) -> bytes:
    """What a file in a Unicode encoding may begin with; it is no part of the first line."""
    return "\ufeff".encode(encoding) if encoding.startswith(("utf", "gb18030")) else b""


def line_codec(encoding: str) -> str:
    """The codec for single lines: UTF-16 and UTF-32 without byte order are little-endian, as Python reads them."""
    name = codecs.lookup(encoding).name
    return {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(name, name)
