"""Logs of JSON objects, one a line: makes of each record the text that a filter asks for, and has it scanned.

Owns the unfinished last line. In: bytes of the log, or entries. Out: the native scanner's yield on `jsontext` with the
time of `jsontime` in front. Only lines that hold what `jsonmatch` wants are read as JSON. A line that is none, or has a
wanted key twice, is odd; one that is no record at all is passed over. Must not interpret the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from stockade._scanner import Scanner
from stockade.match.date_forms import Dated
from stockade.match.json_batch import Unread, shown
from stockade.match.json_match import Match, Needles
from stockade.match.json_record import NotRead, Path, read_record
from stockade.match.json_text import Template, time_text
from stockade.match.line_scanner import Batch
from stockade.match.spec import DateSpec
from stockade.match.splits import NOWHERE
from stockade.model.settings import JsonSettings

_BLANK = re.compile(rb"(?:\xef\xbb\xbf)?[ \t]*")
_ENTRY_HEAD = re.compile(rb"(?:\S+ )?[^\s:]+: |[ \t]*")
"""`host ident[pid]: `, or nothing."""

SAMPLE, MAX_SAMPLED = 16 * 1024, 16
"""Bytes and entries at the beginning of a chunk that tell which of the wanted values is rarest there."""


def dates_in_front(dates: Sequence[Dated]) -> tuple[Dated, ...]:
    """The date templates for a time that a renderer puts at the line's beginning: found nowhere else, so that no field
    can bring a date of its own, and cut out with the blank behind it, so that the text begins as it is configured."""
    return tuple(Dated(_in_front(each), NOWHERE) for each in dates)


def _in_front(dated: Dated) -> DateSpec:
    spec = dated.spec
    fields = tuple((number + 1, directive) for number, directive in spec.fields)
    return replace(spec, pattern=f"^({spec.pattern} ?)", cut=1, fields=fields, is_anchored=True, layout="")


class Renderer:
    """Makes text of records; see the module's docstring. Raises ExpressionError for settings that are wrong."""

    def __init__(self, settings: JsonSettings) -> None:
        self.match = Match(settings.matches)
        self._template = Template(settings.text)
        self._time = Path(settings.time) if settings.time else None

    def text(self, line: bytes, *, is_timed: bool) -> bytes | None:
        """The text of one line; None for one that is not wanted. Raises NotRead.

        `is_timed` says that its time is known already. Without a field for the time, what stands in front of the object
        (the head of a syslog line) stays in front. With one, only the journal's own head may stand there: an object
        behind other words is what somebody quoted.
        """
        begin = line.find(b"{")
        if begin < 0 or not (self._time is None or (_ENTRY_HEAD if is_timed else _BLANK).fullmatch(line, 0, begin)):
            return None
        record = read_record(line[begin:].decode("utf-8", "replace"), 0)
        if not self.match.is_met(record):
            return None
        text = self._template.render(record)
        if self._time is None:
            return line[:begin] + text.encode("utf-8", "replace")
        time = None if is_timed else self._time.find(record)
        return (text if time is None else f"{time_text(time)} {text}").encode("utf-8", "replace")


class JsonLines:
    """A `LineScanner` of a log of JSON objects. A line longer than `max_line` bytes is not read as JSON: the native
    scanner is given its beginning, and reports it as too long."""

    def __init__(self, scanner: Scanner, settings: JsonSettings, max_line: int, *, is_explaining: bool) -> None:
        self._scanner = scanner
        self._renderer = Renderer(settings)
        self._is_explaining = is_explaining
        self._max_line = max_line
        self._partial = b""
        self._length = 0
        self._counts = {"lines": 0, "bytes": 0, "odd": 0}

    @property
    def pending(self) -> int:
        """Bytes of the unfinished last line as they stand in the log, those included that were dropped."""
        return self._length

    def feed(self, data: bytes, now: float, *, is_live: bool = True) -> Batch:
        """Scans a chunk that may begin and end within a line."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._keep(data)
            return self._scanner.feed(b"", now, is_live=is_live)
        whole = self._partial + data[:end]
        unread = Unread(self._counts["lines"])
        self._counts["lines"] += data.count(b"\n", 0, end)
        self._counts["bytes"] += self._length + end
        self._partial, self._length = b"", 0
        self._keep(data[end:])
        texts = [text for line in self._candidates(whole) for text in self._texts(line, unread, is_timed=False)]
        joined = b"\n".join([*texts, b""])
        return unread.over(self._scanner.feed(joined, now, is_live=is_live))

    def feed_entries(self, entries: Sequence[tuple[float, bytes]], now: float, *, is_live: bool = True) -> Batch:
        """Scans whole lines whose times are known; the records' own are not looked at."""
        unread = Unread(self._counts["lines"])
        self._counts["lines"] += len(entries)
        self._counts["bytes"] += sum(len(line) for _, line in entries)
        needles = self._needles(b"\n".join(line for _, line in entries[:MAX_SAMPLED]))
        timed = [
            (time, text)
            for time, line in entries
            if not needles or any(needle in line for needle in needles)
            for text in self._texts(line, unread, is_timed=True)
        ]
        return unread.over(self._scanner.feed_entries(timed, now, is_live=is_live))

    def finish(self, now: float, *, is_live: bool = True) -> Batch:
        """Treats the unfinished last line as whole."""
        return self.feed(b"\n" if self._length else b"", now, is_live=is_live)

    def statistics(self) -> dict[str, int]:
        """The scanner's counts; lines and bytes are those of the log, also of lines that nobody had to read."""
        counts = self._scanner.statistics()
        return {**counts, **self._counts, "odd": counts["odd"] + self._counts["odd"]}

    def dump(self) -> bytes:
        """The scanner's state; the unfinished line is read again."""
        return self._scanner.dump()

    def load(self, state: bytes) -> bool:
        """Takes up a dump; the unfinished line is forgotten, for reading begins before it."""
        self._partial, self._length = b"", 0
        return self._scanner.load(state)

    def _keep(self, data: bytes) -> None:
        """Keeps the beginning of a line, up to one byte more than is read of it."""
        self._length += len(data)
        self._partial += data[: max(0, self._max_line + 1 - len(self._partial))]

    def _candidates(self, whole: bytes) -> Iterator[bytes]:
        """The lines that have to be read, in order."""
        needles = self._needles(whole)
        if not needles:
            yield from whole[:-1].split(b"\n")
            return
        ends: dict[int, int] = {}
        for needle in needles:
            at = whole.find(needle)
            while at >= 0:
                end = whole.find(b"\n", at)
                ends[whole.rfind(b"\n", 0, at) + 1] = end
                at = whole.find(needle, end)
        for begin in sorted(ends):
            yield whole[begin : ends[begin]]

    def _needles(self, sample: bytes) -> Needles:
        """What a line must hold to be worth reading; every line is where verdicts are wanted."""
        return () if self._is_explaining else self._renderer.match.needles(sample[:SAMPLE])

    def _texts(self, line: bytes, unread: Unread, *, is_timed: bool) -> Iterator[bytes]:
        """What the native scanner is given of a line: its text; for one that is passed over nothing or, where verdicts
        are wanted, an empty line, so that the numbers stay right."""
        text, reason = None, ""
        unread.number += 1
        if len(line) > self._max_line:
            text = line[: self._max_line + 1]
        else:
            try:
                text = self._renderer.text(line, is_timed=is_timed)
            except NotRead as problem:
                reason = problem.reason
                self._counts["odd"] += 1
                unread.add_odd(reason, line)
        if text is not None:
            yield text
        elif self._is_explaining:
            unread.by_number[unread.number] = (shown(line), reason)
            yield b""
