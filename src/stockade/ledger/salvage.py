"""Takes everything readable from a damaged ledger over into a fresh one.

In: the damaged file and a connection to the new ledger. Out: rows in the new ledger and a sentence that says what was
saved. Bounded: see STEPS. Never raises because of what is in the damaged file.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from stockade.ledger import files, opening, rows
from stockade.ledger.walk import Walk

T = TypeVar("T")

STEPS = 200
"""Hundred-thousands of steps of SQLite's machine that reading may take, some seconds in all; then the rest is given
up."""

_HISTORY_COLUMNS = f"n, {rows.BAN_COLUMNS}, ended, state, stale"
_MARKS = {columns: ", ".join("?" * len(columns.split(", "))) for columns in (_HISTORY_COLUMNS, rows.WINDOW_COLUMNS)}


def salvage(damaged: Path, target: sqlite3.Connection) -> str:
    """Copies bans (those that stand first), then counters, then windows with progress if both are whole; says what it
    saved.

    Windows without progress would count lines twice, progress without windows would forget failures; without either,
    the sources are read again from where the dialect says, which counts right. Raises sqlite3.Error of the target
    only.
    """
    if files.is_cut_to_nothing(damaged):  # SQLite would delete the log unread: it is kept with the file instead
        return "nothing in it could be read"
    with contextlib.ExitStack() as stack:
        try:
            source = stack.enter_context(contextlib.closing(opening.connect_damaged(damaged)))
            (encoding,) = source.execute("PRAGMA encoding").fetchone()
        except sqlite3.Error as error:
            return f"nothing in it could be read ({error})"
        if encoding != "UTF-8":
            return f"nothing in it could be read (its text is said to be {encoding})"
        target.execute("BEGIN IMMEDIATE")
        saved = _Copy(source, target).run()
        target.execute("COMMIT")
        return saved


class _Copy:
    """One salvage; counts what it leaves behind."""

    __slots__ = ("_left", "_lost", "_source", "_target")

    def __init__(self, source: sqlite3.Connection, target: sqlite3.Connection) -> None:
        self._source = source
        self._target = target
        self._left = STEPS
        self._lost = 0
        source.set_progress_handler(self._is_spent, 100_000)

    def run(self) -> str:
        standing = self._bans("ended IS NULL")
        past = self._bans("ended IS NOT NULL")
        counters = self._counters()
        windows, sources = self._windows_and_progress()
        return (
            f"these were saved: {standing} bans that stand, {past} past bans, {windows} open windows, positions of "
            f"{sources} sources, {counters} counters ({self._lost} places were unreadable)"
        )

    def _bans(self, where: str) -> int:
        sql = f"INSERT OR IGNORE INTO bans ({_HISTORY_COLUMNS}) VALUES ({_MARKS[_HISTORY_COLUMNS]})"  # noqa: S608
        before = self._target.total_changes
        found = self._read("bans", _HISTORY_COLUMNS, _history_row, where)
        self._target.executemany(sql, found)
        return self._target.total_changes - before

    def _counters(self) -> int:
        found = list(self._read("counters", rows.COUNTER_COLUMNS, rows.to_counter))
        self._target.executemany("INSERT OR IGNORE INTO counters (name, value) VALUES (?, ?)", found)
        return len(found)

    def _windows_and_progress(self) -> tuple[int, int]:
        lost = self._lost
        windows = list(self._read("windows", rows.WINDOW_COLUMNS, _checked(rows.to_window)))
        progress = list(self._read("progress", rows.PROGRESS_COLUMNS, _checked(rows.to_progress)))
        if self._lost > lost:
            return 0, 0
        marks = _MARKS[rows.WINDOW_COLUMNS]
        self._target.executemany(
            f"INSERT OR IGNORE INTO windows ({rows.WINDOW_COLUMNS}) VALUES ({marks})",  # noqa: S608 — constants
            windows,
        )
        self._target.executemany(
            f"INSERT OR IGNORE INTO progress ({rows.PROGRESS_COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
            progress,
        )
        return len(windows), len(progress)

    def _read(
        self, table: str, columns: str, to_value: Callable[[rows.Row], T | None], where: str = "TRUE"
    ) -> Iterator[T]:
        walk = Walk(self._source, table, columns, where)
        for row in walk:
            value = to_value(row)
            if value is None:
                self._lost += 1
            else:
                yield value
        self._lost += walk.skipped

    def _is_spent(self) -> bool:
        self._left -= 1
        return self._left < 0


def _history_row(row: rows.Row) -> rows.Row | None:
    """The row itself, when reading would accept it."""
    n, *columns, stale = row
    past = rows.to_past_ban(tuple(columns))
    is_sound = past is not None and isinstance(n, int) and (stale is None) == (past.ended is None)
    return row if is_sound and (stale is None or isinstance(stale, float)) else None


def _checked(to_value: Callable[[rows.Row], object]) -> Callable[[rows.Row], rows.Row | None]:
    return lambda row: None if to_value(row) is None else row
