"""Connects to the database, proves it sound and sets how it is used.

In: the path of a file this process has locked. Out: a connection ready for records, or Damaged/LedgerError. Must not
repair.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from stockade.errors import LedgerError
from stockade.ledger import files, limits, schema, trouble

FULL_CHECK_BYTES = 128 << 20
"""Up to this size the indexes are compared with their tables as well (about 1.3 ms a MB, half that without)."""

LOCK_SECONDS = 0.3
"""How long opening waits for an operator's `sqlite3` to let go; afterwards the lock is ours until the end."""

# EXCLUSIVE keeps the index of the log in memory: no shared-memory file, and nobody else can write. FULL: a record is
# on the disk when `commit` returns, through a power cut as well. The log is written back when it reaches 8 MB, or
# earlier by `Ledger.checkpoint` in a quiet moment. Deleted pages are given back step by step by purging.
_SETTINGS = (
    "PRAGMA locking_mode = EXCLUSIVE",  # first: the statements below would already make the shared-memory file
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA cache_size = -1024",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 2000",
    "PRAGMA journal_size_limit = 8388608",
)

_SETTINGS_DAMAGED = (
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA cache_size = -1024",
    "PRAGMA query_only = ON",
)


def connect(path: Path) -> sqlite3.Connection:
    """Opens a sound ledger of the current version, made or migrated where needed."""
    if files.is_cut_to_nothing(path):
        raise trouble.Damaged(f"ledger {path}: the file was cut to nothing", "move it away")
    connection = _connection(path)
    try:
        _set_up(connection, path)
        _check(connection, path)
        schema.prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise trouble.of_sqlite(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def connect_damaged(path: Path) -> sqlite3.Connection:
    """Opens a damaged ledger to be read, whatever state it is in; raises what sqlite3 raises.

    Not with `mode=ro`: SQLite cannot read the log of changes of a database that it must not touch. Closing plays that
    log into the file, which changes nothing that can be read.
    """
    connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.VALUE_BYTES)
        for setting in _SETTINGS_DAMAGED:
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def _connection(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, cached_statements=64)
    except sqlite3.Error as error:
        raise trouble.of_sqlite(error, path) from error


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.VALUE_BYTES)
    is_new = files.size(path) == 0
    for setting in _SETTINGS:
        connection.execute(setting)
    if is_new:  # of an older file it would be a write, which a full disk refuses
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise LedgerError(f"ledger {path}: its file system cannot hold a write-ahead log", "use a local file system")
    (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    if encoding != "UTF-8":
        raise trouble.Damaged(f"ledger {path}: its text is said to be {encoding}", "move it away")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    check = "integrity_check" if files.size(path) <= FULL_CHECK_BYTES else "quick_check"
    (verdict,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
    if verdict != "ok":
        raise trouble.Damaged(f"ledger {path}: {str(verdict)[:200]}", "move it away")
