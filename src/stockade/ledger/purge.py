"""Forgets what is old, a bounded step at a time.

In: a connection, the time, how old is old. Out: fewer rows, pages given back. Never touches a ban that stands.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from itertools import islice

from stockade.model.ban import STALE_FACTOR
from stockade.model.clock import Seconds, Wall

# A ban that ran out while nobody ended it (its jail is gone, say) becomes history.
_CLOSE = """UPDATE bans SET ended = until, state = 'expired', stale = since + ? * (until - since)
 WHERE n IN (SELECT n FROM bans WHERE ended IS NULL AND until <= ? ORDER BY until LIMIT ?)"""

_DELETE = """DELETE FROM bans WHERE n IN
 (SELECT n FROM bans WHERE ended IS NOT NULL AND stale <= ? ORDER BY stale LIMIT ?)"""


def purge(connection: sqlite3.Connection, now: Wall, age: Seconds, batch: int) -> int:
    """Closes overdue bans and deletes stale ones that are older than `age` seconds, at most `batch` of each; returns
    the
    number of rows touched (below `batch`: nothing is left to do). Raises what sqlite3 raises."""
    closed = connection.execute(_CLOSE, (STALE_FACTOR, now - age, batch)).rowcount
    deleted = connection.execute(_DELETE, (now - age, batch)).rowcount
    return max(closed, deleted)


def forget_others(connection: sqlite3.Connection, jails: Collection[str], sources: Collection[str], batch: int) -> int:
    """Deletes windows of other jails and progress of other sources, at most `batch` of each; returns as `purge`
    does."""
    windows = _others(connection, "SELECT n, jail FROM windows ORDER BY n", jails, batch)
    progress = _others(connection, "SELECT n, source FROM progress ORDER BY n", sources, batch)
    connection.executemany("DELETE FROM windows WHERE n = ?", windows)
    connection.executemany("DELETE FROM progress WHERE n = ?", progress)
    return max(len(windows), len(progress))


def give_back(connection: sqlite3.Connection, pages: int) -> None:
    """Returns free pages to the file system once a quarter of the file is free, at most `pages` of them."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (whole,) = connection.execute("PRAGMA page_count").fetchone()
    if free * 4 > whole:
        # As a script: a page goes at every step of this statement, and `execute` takes only the first.
        connection.executescript(f"PRAGMA incremental_vacuum({pages:d})")


def _others(connection: sqlite3.Connection, sql: str, kept: Collection[str], batch: int) -> list[tuple[int]]:
    return [(n,) for n, name in islice((row for row in connection.execute(sql) if row[1] not in kept), batch)]
