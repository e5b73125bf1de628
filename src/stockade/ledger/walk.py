"""Walks over a table by its key, past rows and pages that cannot be read.

In: a connection, a table with an integer key `n`. Out: the readable rows in key order, and how often something had to
be skipped. Bounded: see SKIPS. Must not write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from stockade.ledger import trouble
from stockade.ledger.rows import Row

SKIPS = 1000
"""Unreadable places stepped over in one table; after that many the rest of the table is given up."""

_KEY_MAX = 2**63 - 1


class Walk:
    """One pass over one table. After it, `skipped` counts unreadable places and `error` tells the last reason."""

    __slots__ = ("_connection", "_sql", "error", "skipped")

    def __init__(self, connection: sqlite3.Connection, table: str, columns: str, where: str = "TRUE") -> None:
        self._connection = connection
        # NOT INDEXED: a damaged index must not hide sound rows. All three texts are constants of this package.
        self._sql = f"SELECT n, {columns} FROM {table} NOT INDEXED WHERE n > ? AND {where} ORDER BY n"  # noqa: S608
        self.skipped = 0
        self.error: sqlite3.Error | None = None

    def __iter__(self) -> Iterator[Row]:
        after = 0
        while True:
            try:
                for key, *row in self._connection.execute(self._sql, (after,)):
                    if key > after:  # damaged pages may lead back to rows already seen
                        after = key
                        yield tuple(row)
            except sqlite3.Error as error:
                self.error = error
                if trouble.is_obstacle(error):
                    return
            else:
                return
            # A cursor reads one row ahead and loses the sound row before the bad one: that one is read alone.
            alone = self._row_after(after)
            if alone is not None and alone[0] > after:
                after, *row = alone
                yield tuple(row)
                continue
            self.skipped += 1
            if self.skipped > SKIPS:
                return
            after = self._next_readable(after)

    def _next_readable(self, bad: int) -> int:
        """The smallest key from which reading works again: doubling steps forward, then bisection back."""
        step = 1
        while bad + step < _KEY_MAX and not self._can_read(bad + step):
            step *= 2
        low, high = bad + step // 2, min(bad + step, _KEY_MAX)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._can_read(middle) else (middle, high)
        return high

    def _can_read(self, after: int) -> bool:
        try:
            self._connection.execute(f"{self._sql} LIMIT 1", (after,)).fetchone()
        except sqlite3.Error as error:
            return trouble.is_obstacle(error)
        return True

    def _row_after(self, after: int) -> Row | None:
        try:
            row: Row | None = self._connection.execute(f"{self._sql} LIMIT 1", (after,)).fetchone()
        except sqlite3.Error:
            return None
        return row
