"""Remembers what was read from a journal last, so that it can be read again without counting twice.

When files come, an entry may appear *before* the place that was reached: it stood in a file that was not open yet. So
reading goes back a little, and what was read already is passed over. In: batches as they are read. Out: where to go
back to, and whether an entry is known. Must not read.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from stockade.model.clock import Monotonic, Seconds

KEPT_SECONDS: Seconds = 5.0
"""For so long an entry is remembered after it was read. journald tells of a new file at once, and of entries within a
quarter of a second."""

MAX_KEPT = 8192
"""Entries that are remembered at most (64 bytes each); older ones are forgotten first, so that reading goes back less
far under a flood."""

Entry = tuple[float, bytes]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Entries that were read in one go after `before`. The key is a 64-bit hash: Python keys it with a secret of the
    process, so nobody can make two lines that look alike."""

    at: Monotonic
    before: str
    keys: tuple[int, ...]


class Recent:
    """What was read in the last seconds, and what of it has still to come again."""

    __slots__ = ("_again", "_batches", "_count")

    def __init__(self) -> None:
        self._batches: deque[_Batch] = deque()
        self._count = 0
        self._again: Counter[int] = Counter()

    def __len__(self) -> int:
        return self._count

    @property
    def is_replaying(self) -> bool:
        """Whether entries that were read before may still come again."""
        return bool(self._again)

    def add(self, entries: Iterable[Entry], before: str, now: Monotonic) -> None:
        """Remembers entries that were read after the cursor `before` ("" is the beginning)."""
        keys = tuple(map(hash, entries))
        self._batches.append(_Batch(now, before, keys))
        self._count += len(keys)
        while len(self._batches) > 1 and (self._count > MAX_KEPT or self._batches[0].at < now - KEPT_SECONDS):
            self._count -= len(self._batches.popleft().keys)

    def rewind(self) -> str | None:
        """Begins to pass over everything that is remembered; gives the cursor after which it starts, None when nothing
        is remembered."""
        self._again = Counter(key for batch in self._batches for key in batch.keys)
        return self._batches[0].before if self._batches else None

    def is_known(self, entry: Entry) -> bool:
        """Tells whether this entry was read before, as often as it was."""
        if not self._again:
            return False
        key = hash(entry)
        left = self._again.get(key, 0)
        if left == 1:
            del self._again[key]
        elif left:
            self._again[key] = left - 1
        return left > 0

    def finish(self) -> None:
        """The end was reached: what has not come again is gone, and what comes now is new."""
        self._again.clear()
