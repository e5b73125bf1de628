"""Turns what SQLite and the host say into a LedgerError with a remedy, and tells damage from mere obstacles.

In: exceptions of sqlite3 and the operating system. Out: LedgerError, or its kind Damaged when moving the file aside
helps.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from stockade.errors import LedgerError

_PRIMARY = 0xFF
"""SQLite's extended result codes carry the primary code in their low byte."""

_OBSTACLES = {
    sqlite3.SQLITE_FULL: ("there is no room to write", "free some space on its file system"),
    sqlite3.SQLITE_IOERR: (
        "the disk refused",
        "look at the kernel log and the disk's health; check free space and quota",
    ),
    sqlite3.SQLITE_READONLY: (
        "it is read-only",
        "mount its file system writable and give the daemon's user the directory",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "check that the directory exists and the daemon's user may write there",
    ),
    sqlite3.SQLITE_PERM: ("permission denied", "give the daemon's user the directory and the file"),
    sqlite3.SQLITE_BUSY: (
        "another program has it locked",
        "end the other daemon or the sqlite3 program that has it open",
    ),
    sqlite3.SQLITE_LOCKED: (
        "another program has it locked",
        "end the other daemon or sqlite3 program that has it open",
    ),
    sqlite3.SQLITE_INTERRUPT: ("reading took too long", "restore the file from a backup, or move it away"),
    sqlite3.SQLITE_NOMEM: ("memory ran out", "give the daemon more memory"),
}

_ERRNOS = {
    errno.ENOSPC: sqlite3.SQLITE_FULL,
    errno.EDQUOT: sqlite3.SQLITE_FULL,
    errno.EROFS: sqlite3.SQLITE_READONLY,
    errno.EACCES: sqlite3.SQLITE_PERM,
    errno.EPERM: sqlite3.SQLITE_PERM,
    errno.EIO: sqlite3.SQLITE_IOERR,
}


class Damaged(LedgerError):
    """The file can be opened but is not, or no longer, a sound ledger; moving it aside and salvaging helps."""


def is_obstacle(error: sqlite3.Error) -> bool:
    """Tells whether the host stands in the way (disk full, locked, …); otherwise the data itself is at fault."""
    return _code(error) in _OBSTACLES


def of_sqlite(error: sqlite3.Error, path: Path) -> LedgerError:
    """Explains an error of SQLite; Damaged when the data itself is at fault."""
    if is_obstacle(error):
        what, remedy = _OBSTACLES[_code(error)]
        return LedgerError(f"ledger {path}: {what} ({error})", remedy)
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
        return LedgerError(f"ledger {path}: a record was refused ({error})", "this is a bug: please report it")
    return Damaged(
        f"ledger {path}: the data is damaged ({error})",
        "restart: the file is then moved aside and everything readable is taken over",
    )


def of_system(error: OSError, path: Path) -> LedgerError:
    """Explains an error of the operating system about `path`."""
    what, remedy = _OBSTACLES[_ERRNOS.get(error.errno or 0, sqlite3.SQLITE_CANTOPEN)]
    return LedgerError(f"ledger {path}: {what} ({error.strerror or error})", remedy)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY
