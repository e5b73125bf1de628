"""The ledger's tables: their definition, version and migrations, and the check that a file still has exactly them.

In: a connection without open transaction. Out: the same at the current version, or Damaged/LedgerError. Must not read
data.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from stockade.errors import LedgerError
from stockade.ledger.trouble import Damaged

APPLICATION_ID = 0x53746B64
"""'Stkd' in the file's header: tells a ledger from another program's database."""

# One row per ban: `ended` and `state` are NULL while it stands, and at most one ban of a jail and identifier does.
# `stale` is the time from which the ban no longer tells anything about its identifier; purging counts from there.
# Evidence is JSON, UTF-8; it comes last, so that reading the other columns does not touch its overflow pages.
_VERSION_1 = (
    "CREATE TABLE meta (n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL)",
    """CREATE TABLE bans (n INTEGER PRIMARY KEY, jail TEXT NOT NULL, id TEXT NOT NULL, since REAL NOT NULL, until REAL,
 count INTEGER NOT NULL, failures INTEGER NOT NULL, origin TEXT NOT NULL, reason TEXT NOT NULL,
 ended REAL, state TEXT, stale REAL, fields BLOB, matches BLOB)""",
    "CREATE UNIQUE INDEX bans_standing ON bans (jail, id) WHERE ended IS NULL",
    "CREATE INDEX bans_until ON bans (until) WHERE ended IS NULL",
    "CREATE INDEX bans_id ON bans (id)",
    "CREATE INDEX bans_stale ON bans (stale) WHERE ended IS NOT NULL",
    """CREATE TABLE windows (n INTEGER PRIMARY KEY, jail TEXT NOT NULL, id TEXT NOT NULL, times BLOB NOT NULL,
 fields BLOB, matches BLOB, UNIQUE (jail, id))""",
    """CREATE TABLE progress (n INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, identity TEXT NOT NULL,
 position INTEGER NOT NULL, mark TEXT NOT NULL, scanner BLOB NOT NULL)""",
    "CREATE TABLE counters (n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value INTEGER NOT NULL)",
)

MIGRATIONS: tuple[Sequence[str], ...] = (_VERSION_1,)
"""Statements that lead from version i to version i + 1; a new version is appended, an old one never changes."""


Definition = tuple[str, str, str, str]
"""Kind, name, table and SQL text of one object of a schema."""


def prepare(connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Makes a new database a ledger, or brings an older ledger up to date, in one transaction.

    Raises Damaged when header and tables contradict each other, LedgerError when the file is newer than this program or
    another program's.
    """
    if _is_foreign(connection):
        raise LedgerError(
            f"ledger {path}: this is another program's database", "name another file, or move that one away"
        )
    version = _version(connection, path)
    if version > len(migrations):
        raise LedgerError(
            f"ledger {path}: written by a newer Stockade (schema {version}; this program knows {len(migrations)})",
            "start the newer version again, or move the file away to begin with an empty ledger",
        )
    if version and not _is_sound(_definitions(connection), expected(migrations[:version])):
        raise Damaged(f"ledger {path}: its tables are not a ledger's", "move it away")
    if version < len(migrations):
        _migrate(connection, version, migrations)


def expected(migrations: Sequence[Sequence[str]]) -> set[Definition]:
    """The definitions of a sound ledger after these migrations."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statements in migrations:
            for statement in statements:
                memory.execute(statement)
        return _definitions(memory)
    finally:
        memory.close()


def _is_foreign(connection: sqlite3.Connection) -> bool:
    names = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    return bool(names) and application != APPLICATION_ID and not {"bans", "windows", "progress"} <= names


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version on which header and table agree: one flipped bit must not pass for a newer program's file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version == 0 and tables == 0:
        return 0
    row = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    if row is None or row[0] != str(version) or application != APPLICATION_ID:
        raise Damaged(f"ledger {path}: header and tables name different versions", "move it away")
    return int(version)


def _definitions(connection: sqlite3.Connection) -> set[Definition]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(str(kind), str(name), str(table), str(sql)) for kind, name, table, sql in rows}


def _is_sound(found: set[Definition], wanted: set[Definition]) -> bool:
    """Everything of ours as we wrote it, and nothing that could run by itself or constrain our tables; further plain
    tables are left alone."""
    tables = {table for _, _, table, _ in wanted}
    more = found - wanted
    return wanted <= found and all(kind in ("table", "index") and table not in tables for kind, _, table, _ in more)


def _migrate(connection: sqlite3.Connection, version: int, migrations: Sequence[Sequence[str]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(
            "INSERT INTO meta (key, value) VALUES ('version', ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (str(len(migrations)),),
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations):d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
