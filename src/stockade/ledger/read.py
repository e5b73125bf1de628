"""Reads the ledger back: every row is checked, a bad one is left out and said.

In: a connection outside any transaction. Out: values of the model. Must not write, and must not let a damaged row or
page keep the sound ones from being read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from stockade.ledger import limits, rows, trouble
from stockade.ledger.notices import Notices
from stockade.ledger.rows import PastBan, Row
from stockade.ledger.walk import Walk
from stockade.model.ban import Ban, Past
from stockade.model.clock import Wall
from stockade.model.record import Progress, WindowState

T = TypeVar("T")

_WITHOUT_EVIDENCE = rows.BAN_COLUMNS.replace("fields, matches", "NULL, NULL")


class Reader:
    """Answers what the daemon asks at start and what the operator asks later."""

    __slots__ = ("_connection", "_notices", "_path")

    def __init__(self, connection: sqlite3.Connection, path: Path, notices: Notices) -> None:
        self._connection = connection
        self._path = path
        self._notices = notices

    def standing(self, *, with_evidence: bool) -> list[Ban]:
        """Every ban that was not ended, whatever its time, in the order they were written."""
        columns = rows.BAN_COLUMNS if with_evidence else _WITHOUT_EVIDENCE
        return list(self._table("bans", columns, rows.to_ban, "ended IS NULL"))

    def windows(self, jail: str | None) -> list[WindowState]:
        """The open windows of one jail, or of all."""
        found = self._table("windows", rows.WINDOW_COLUMNS, rows.to_window)
        return [window for window in found if jail is None or window.jail == jail]

    def progress(self) -> list[Progress]:
        """How far every source was read."""
        return self._first(self._table("progress", rows.PROGRESS_COLUMNS, rows.to_progress), "sources")

    def counters(self) -> dict[str, int]:
        """The counters that outlive a restart."""
        return dict(self._first(self._table("counters", rows.COUNTER_COLUMNS, rows.to_counter), "counters"))

    def history(self, identifier: str, limit: int) -> list[PastBan]:
        """The bans of one identifier, newest first."""
        return self._query("id = ?", (rows.text(identifier),), limit)

    def last_bans(self, limit: int, *, is_standing: bool) -> list[PastBan]:
        """The bans written last, newest first."""
        return self._query("ended IS NULL" if is_standing else "TRUE", (), limit)

    def past(self, since: Wall, limit: int) -> list[Past]:
        """What counts of bans that ran out: the last one of each jail and identifier, oldest first.

        Looks at the newest limits.PAST_ROWS rows. Up to `limit` identifiers are taken as they come; beyond, only those
        that were banned more than once, as many again. What was stale before `since` is left out.
        """
        sql = f"SELECT {_WITHOUT_EVIDENCE}, ended, state, stale FROM bans ORDER BY n DESC LIMIT ?"  # noqa: S608
        seen: set[int] = set()  # hashes, which Python salts: a tenth of the memory of the names
        kept: list[Past] = []
        try:
            for *columns, stale in self._connection.execute(sql, (limits.PAST_ROWS,)):
                key = hash((columns[0], columns[1]))
                if key in seen:
                    continue
                past = rows.to_past(tuple(columns))
                counts = past is not None and isinstance(stale, float) and stale > max(since, past.since)
                seen.add(key)
                if past is not None and counts and len(kept) < (2 * limit if past.count > 1 else limit):
                    kept.append(past)
        except sqlite3.Error as error:
            self._say_or_raise(error)
        return kept[::-1]

    def _query(self, condition: str, values: Row, limit: int) -> list[PastBan]:
        columns = rows.PAST_COLUMNS
        sql = f"SELECT {columns} FROM bans WHERE {condition} ORDER BY n DESC LIMIT ?"  # noqa: S608 — constants
        try:
            found = self._connection.execute(sql, (*values, max(0, min(limit, limits.ROWS)))).fetchall()
        except sqlite3.Error as error:
            self._say_or_raise(error)
            return []
        past = [one for one in map(rows.to_past_ban, found) if one is not None]
        self._say_bad("bans", len(found) - len(past))
        return past

    def _table(self, table: str, columns: str, to_value: Callable[[Row], T | None], where: str = "TRUE") -> Iterator[T]:
        walk = Walk(self._connection, table, columns, where)
        bad = 0
        for row in walk:
            value = to_value(row)
            if value is None:
                bad += 1
            else:
                yield value
        if walk.error is not None:
            self._say_or_raise(walk.error)
        self._say_bad(table, bad + walk.skipped)

    def _first(self, values: Iterator[T], what: str) -> list[T]:
        """At most limits.SOURCES of them; the walk is finished all the same, so that bad rows are said."""
        kept: list[T] = []
        over = 0
        for value in values:
            if len(kept) < limits.SOURCES:
                kept.append(value)
            else:
                over += 1
        if over:
            self._notices.say(f"ledger {self._path}: {over} {what} more than {limits.SOURCES} were left out")
        return kept

    def _say_bad(self, table: str, count: int) -> None:
        if count:
            self._notices.say(f"ledger {self._path}: {count} bad rows of {table} were left out")

    def _say_or_raise(self, error: sqlite3.Error) -> None:
        problem = trouble.of_sqlite(error, self._path)
        if not isinstance(problem, trouble.Damaged):
            raise problem from error
        self._notices.say(str(problem))
