"""The ledger: what must outlive the daemon. Bans, open windows, how far every source was read, counters.

In: records, each written whole or not at all. Out: the same after any end of the process, and the history for `status`,
`bans`, `why`. One owner, one thread; must not decide anything.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from stockade.ledger import files, opening, purge, salvage, trouble
from stockade.ledger.notices import Notices
from stockade.ledger.read import Reader
from stockade.ledger.rows import PastBan
from stockade.ledger.write import Writer
from stockade.model.ban import Ban, Past
from stockade.model.clock import Seconds, Wall
from stockade.model.record import Progress, Record, WindowState

T = TypeVar("T")

DEFAULT_MATCHES = 10
"""The dialect's default of `dbmaxmatches`."""


class Ledger:
    """An open ledger. Make one with `Ledger.open`; every method raises LedgerError when the host refuses."""

    __slots__ = ("_connection", "_lock", "_notices", "_path", "_reader", "_writer")

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: files.Lock, notices: Notices, maxmatches: int
    ) -> None:
        self._path = path
        self._connection = connection
        self._lock = lock
        self._notices = notices
        self._reader = Reader(connection, path, notices)
        self._writer = Writer(connection, maxmatches, notices)

    @classmethod
    def open(cls, path: str | Path, *, now: Wall, maxmatches: int = DEFAULT_MATCHES) -> Ledger:
        """Opens the ledger, making it where it is missing and repairing it where it is damaged (see `notices`).

        `maxmatches` is `dbmaxmatches`: lines of evidence kept per ban and window (0: none). Raises LedgerError when
        another process has it, a newer program wrote it, or the host refuses.
        """
        where = Path(path)
        lock = files.acquire(where)
        try:
            notices = Notices()
            return cls(where, _connect(where, now, notices), lock, notices, maxmatches)
        except BaseException:
            lock.release()
            raise

    @property
    def notices(self) -> tuple[str, ...]:
        """What the operator should hear: repairs, rows left out, text that did not fit. At most about a hundred."""
        return self._notices.all()

    def take_notices(self) -> tuple[str, ...]:
        """Returns the notices and forgets them."""
        return self._notices.take()

    def keep_matches(self, maxmatches: int) -> None:
        """Takes another `dbmaxmatches`, for what is written from now on."""
        self._writer.keep_matches(maxmatches)

    def commit(self, record: Record) -> None:
        """Writes a record: on the disk when this returns, nothing of it when this raises LedgerError.

        Within the record the order is bans, ends, windows, progress, counters; use `commit_all` where an end comes
        first.
        """
        self.commit_all((record,))

    def commit_all(self, records: Iterable[Record]) -> None:
        """Writes several records, in order, in one transaction: all of them or none."""
        with self._transaction():
            for record in records:
                self._writer.write(record)

    def active_bans(self, now: Wall, *, with_evidence: bool = True) -> list[Ban]:
        """Every ban that stands at `now`, oldest first; `with_evidence=False` leaves out fields and matches."""
        return [ban for ban in self._standing(with_evidence) if not ban.is_over(now)]

    def overdue_bans(self, now: Wall) -> list[Ban]:
        """Bans that ran out while nobody was there to end them; they want a BanEnd, and whatever else ends a ban."""
        return [ban for ban in self._standing(with_evidence=True) if ban.is_over(now)]

    def windows(self, jail: str | None = None) -> list[WindowState]:
        """The open windows of one jail, or of all jails in one pass."""
        return self._read(lambda: self._reader.windows(jail))

    def progress(self) -> list[Progress]:
        """How far every source was read."""
        return self._read(self._reader.progress)

    def counters(self) -> dict[str, int]:
        """The counters that outlive a restart, by name."""
        return self._read(self._reader.counters)

    def history(self, identifier: str, limit: int = 100) -> list[PastBan]:
        """The bans of one identifier in all jails, newest first; at most 10,000."""
        return self._read(lambda: self._reader.history(identifier, limit))

    def last_bans(self, limit: int, *, is_standing: bool = False) -> list[PastBan]:
        """The bans written last, newest first; `is_standing` asks only for those that were not ended."""
        return self._read(lambda: self._reader.last_bans(limit, is_standing=is_standing))

    def past(self, now: Wall, age: Seconds, limit: int) -> list[Past]:
        """The last ban of every identifier that ran out and still counts at `now` (`age` is `dbpurgeage`), oldest
        first. At most `limit` of them, and beyond as many again of those who were banned more than once."""
        return self._read(lambda: self._reader.past(Wall(now - age), limit))

    def purge(self, now: Wall, age: Seconds, batch: int = 1000) -> int:
        """Forgets past bans older than `age` (`dbpurgeage`), counted from when they stopped to matter, and gives space
        back. Does at most `batch` rows; call again while it returns `batch`. A ban that stands is never touched."""
        with self._transaction():
            count = purge.purge(self._connection, now, age, batch)
        self._read(lambda: purge.give_back(self._connection, batch))
        return count

    def forget_others(self, jails: Collection[str], sources: Collection[str], batch: int = 1000) -> int:
        """Forgets windows of jails and progress of sources that are not among these; bounded and repeated as
        `purge`."""
        with self._transaction():
            return purge.forget_others(self._connection, jails, sources, batch)

    def checkpoint(self) -> None:
        """Writes the log of changes back into the database; for quiet moments (commits do it by themselves at 8 MB)."""
        self._read(lambda: self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall())

    def close(self) -> None:
        """Writes the log back and lets go of the ledger; idempotent."""
        with contextlib.suppress(sqlite3.Error):  # nothing is lost: what was committed stays in the log
            self._connection.close()
        self._lock.release()

    def _standing(self, with_evidence: bool) -> list[Ban]:
        return self._read(lambda: self._reader.standing(with_evidence=with_evidence))

    def _read(self, query: Callable[[], T]) -> T:
        try:
            return query()
        except sqlite3.Error as error:
            raise trouble.of_sqlite(error, self._path) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            if isinstance(error, sqlite3.Error):
                raise trouble.of_sqlite(error, self._path) from error
            raise

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # SQLite has rolled back by itself after some errors
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _connect(path: Path, now: Wall, notices: Notices) -> sqlite3.Connection:
    try:
        return opening.connect(path)
    except trouble.Damaged as damage:
        return _rebuild(path, now, damage, notices)


def _rebuild(path: Path, now: Wall, damage: trouble.Damaged, notices: Notices) -> sqlite3.Connection:
    """Fills a fresh ledger from the damaged one and exchanges them; killed at any point, the next start does it
    again."""
    fresh = files.fresh(path)
    connection = opening.connect(fresh)
    try:
        saved = salvage.salvage(path, connection)
    except sqlite3.Error as error:
        raise trouble.of_sqlite(error, fresh) from error
    finally:
        connection.close()
    aside = files.exchange(path, fresh, now)
    notices.say(f"{damage.message}; it was moved to {aside} and {saved}")
    return opening.connect(path)
