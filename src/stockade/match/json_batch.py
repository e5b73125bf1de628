"""A batch of a JSON log: the native scanner's, with what became of lines that it was not given as they stand.

In: a native batch; lines that are no record that may be believed, and lines that no filter wanted. Out: the same batch
with the former among the odd lines. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stockade._scanner import Failure, Note
from stockade.match.line_scanner import Batch, Odd, Verdict

SHOWN: Final = 8192
"""Bytes of a line that are kept, as in the native scanner."""

MAX_ODD: Final = 100
"""Odd lines of one batch that are kept; the statistics count all, as those of the native scanner do."""


@dataclass(frozen=True, slots=True)
class OddLine:
    """A line that was not read; it concerns every filter of the log, and stands under the first."""

    reason: str
    line: str
    filter: int = 0


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """What became of a line that the native scanner did not see as it stands."""

    n: int
    filter: int
    verdict: str
    line: str
    reason: str = ""
    rule: int | None = None
    time: float | None = None
    fields: dict[str, str] = field(default_factory=dict)
    failures: Sequence[Failure] = ()


@dataclass(slots=True)
class Unread:
    """Lines of one batch that the native scanner did not see: the odd ones, and by number, where verdicts are wanted,
    the text and the reason ("": no filter wanted it) of each. `number` is that of the last line looked at."""

    number: int
    odd: list[OddLine] = field(default_factory=list)
    by_number: dict[int, tuple[str, str]] = field(default_factory=dict)

    def add_odd(self, reason: str, line: bytes) -> None:
        """Notes a line that is no record that may be believed."""
        if len(self.odd) < MAX_ODD:
            self.odd.append(OddLine(reason, shown(line)))

    def over(self, batch: Batch) -> Batch:
        """The native batch with these lines in it."""
        return JsonBatch(batch, self.odd, self.by_number) if self.odd or self.by_number else batch


class JsonBatch:
    """See the module's docstring."""

    def __init__(self, batch: Batch, odd: Sequence[OddLine], by_number: Mapping[int, tuple[str, str]]) -> None:
        self._batch = batch
        self._odd = odd
        self._by_number = by_number

    def __len__(self) -> int:
        return len(self._batch)

    @property
    def ids(self) -> list[str]:
        """See `Batch`."""
        return self._batch.ids

    @property
    def filters(self) -> list[int]:
        """See `Batch`."""
        return self._batch.filters

    def others(self, known: Container[str], /) -> list[int]:
        """See `Batch`."""
        return self._batch.others(known)

    def failure(self, index: int, /) -> Failure:
        """See `Batch`."""
        return self._batch.failure(index)

    @property
    def failures(self) -> list[Failure]:
        """See `Batch`."""
        return self._batch.failures

    @property
    def notes(self) -> list[Note]:
        """See `Batch`."""
        return self._batch.notes

    @property
    def odd(self) -> Sequence[Odd]:
        """The native scanner's and those that are no record."""
        return [*self._batch.odd, *self._odd]

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """One for each line and filter."""
        return [self._verdict(verdict) for verdict in self._batch.verdicts]

    def _verdict(self, native: Verdict) -> Verdict:
        unread = self._by_number.get(native.n)
        if unread is None:
            return native
        line, reason = unread
        return LineVerdict(native.n, native.filter, "odd" if reason else "missed", line, reason)


def shown(line: bytes) -> str:
    """A line as text, bounded."""
    return line[:SHOWN].decode("utf-8", "replace")
