"""The ledger's files: made with tight permissions, locked for one daemon, moved aside when damaged.

In: the ledger's path. Out: a held lock; renamed files. Must not open the database (closing a second descriptor of it
would drop SQLite's own locks) while SQLite has it open.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from stockade.errors import LedgerError
from stockade.ledger import trouble
from stockade.model.clock import Wall

COMPANIONS = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, the database itself first."""

DAMAGED_KEPT = 5
"""Damaged ledgers kept; the oldest is deleted when there are more."""


class Lock:
    """Held while a daemon uses the ledger; the system lets go of it when the process ends, however it ends."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Lets go; idempotent. The lock's file stays: removing it would let two daemons hold two files."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def acquire(path: Path) -> Lock:
    """Makes directory (0700) and file (0600) where they are missing, and locks the ledger for this process.

    Raises LedgerError, naming the other daemon's process where it is known, when the ledger is in use.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = Lock(os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise trouble.of_system(error, path) from error
    try:
        _lock(lock._descriptor, path)
        _make(path)
    except BaseException as error:
        lock.release()
        if isinstance(error, OSError):
            raise trouble.of_system(error, path) from error
        raise
    return lock


def fresh(path: Path) -> Path:
    """Makes an empty file beside the ledger, to be filled and put in its place by `exchange`."""
    new = path.with_name(f"{path.name}.rebuilding")
    try:
        for suffix in COMPANIONS:
            Path(f"{new}{suffix}").unlink(missing_ok=True)
        _make(new)
    except OSError as error:
        raise trouble.of_system(error, new) from error
    return new


def exchange(path: Path, new: Path, now: Wall) -> Path:
    """Puts `new` in the ledger's place and keeps the old one as `<name>.damaged-<UTC stamp>`, which is returned.

    The ledger's name is never without a file, and a log of the old file never stands beside the new one: SQLite would
    play it into the wrong database. Raises LedgerError when the host refuses.
    """
    try:
        aside = _free_name(path, now)
        os.link(path, aside)
        for suffix in COMPANIONS[1:]:
            with contextlib.suppress(FileNotFoundError):
                os.rename(f"{path}{suffix}", f"{aside}{suffix}")
        os.rename(new, path)
        _sync(path.parent)
        _forget_oldest(path)
    except OSError as error:
        raise trouble.of_system(error, path) from error
    return aside


def size(path: Path) -> int:
    """The database's size in bytes; 0 when it is missing."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def is_cut_to_nothing(path: Path) -> bool:
    """Tells whether the database is empty beside a log of changes, which SQLite would throw away unread."""
    return size(path) == 0 and size(Path(f"{path}-wal")) > 0


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).strip()
        who = f"process {holder.decode()}" if holder.isdigit() else "another process"
        raise LedgerError(
            f"ledger {path}: {who} has it open", "end the other daemon, or give this one another --state directory"
        ) from error
    with contextlib.suppress(OSError):  # a full disk: the number is only a courtesy
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _make(path: Path) -> None:
    """Makes the database's file, or tightens what is there: it holds lines of the machine's logs."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise LedgerError(f"ledger {path}: this is not a file", "name a file, or move it away")
        if status.st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _free_name(path: Path, now: Wall) -> Path:
    """Stamps sort by time, and copies of the same second by a number that only grows."""
    plain = f"{path.name}.damaged-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
    same = [copy.name for copy in _damaged_copies(path) if copy.name.startswith(plain)]
    if not same:
        return path.with_name(plain)
    number = same[-1].removeprefix(plain).removeprefix("-")
    return path.with_name(f"{plain}-{int(number) + 1 if number.isdecimal() else 1:04d}")


def _forget_oldest(path: Path) -> None:
    for old in _damaged_copies(path)[:-DAMAGED_KEPT]:
        for suffix in COMPANIONS:
            Path(f"{old}{suffix}").unlink(missing_ok=True)


def _damaged_copies(path: Path) -> list[Path]:
    """The oldest first, without their companions, which go with them."""
    ours = (name for name in path.parent.iterdir() if name.name.startswith(f"{path.name}.damaged-"))
    return sorted(name for name in ours if not name.name.endswith(COMPANIONS[1:]))


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
