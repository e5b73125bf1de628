"""Opening: versions, other programs' files, other daemons, obstacles of the host."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stockade.errors import LedgerError
from stockade.ledger import schema
from stockade.model.record import Record
from tests.ledger_help import NOW, ban, open_at, tamper


def test_a_second_opener_is_refused_by_name(tmp_path: Path) -> None:
    """Only one daemon uses a ledger: the next one is told which process has it, and changes nothing."""
    first = open_at(tmp_path)
    with pytest.raises(LedgerError, match=f"process {os.getpid()} has it open") as caught:
        open_at(tmp_path)
    assert "end the other daemon" in caught.value.remedy
    first.commit(Record((ban(),)))
    first.close()
    open_at(tmp_path).close()


def test_a_newer_ledger_is_left_alone(tmp_path: Path) -> None:
    """A ledger of a later schema is refused with the remedy, and stays what and where it was."""
    ledger = open_at(tmp_path)
    ledger.commit(Record((ban(),)))
    ledger.close()
    tamper(tmp_path, "PRAGMA user_version = 99", "UPDATE meta SET value = '99' WHERE key = 'version'")
    with pytest.raises(LedgerError, match="newer Stockade") as caught:
        open_at(tmp_path)
    assert "newer version" in caught.value.remedy
    tamper(tmp_path, "PRAGMA user_version = 1", "UPDATE meta SET value = '1' WHERE key = 'version'")
    again = open_at(tmp_path)
    assert again.notices == ()
    assert len(again.active_bans(NOW)) == 1
    again.close()


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """A SQLite file that is not a ledger is refused, not taken over and not moved."""
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as other:
        other.execute("CREATE TABLE notes (text TEXT)")
    with pytest.raises(LedgerError, match="another program's"):
        open_at(tmp_path)
    assert not list(tmp_path.glob("*.damaged-*"))


def test_an_older_ledger_is_migrated_with_its_rows(tmp_path: Path) -> None:
    """A migration runs once, in order, keeps every row, and the version says so."""
    ledger = open_at(tmp_path)
    ledger.commit(Record((ban(),)))
    ledger.close()
    steps = (*schema.MIGRATIONS, ("ALTER TABLE bans ADD COLUMN note TEXT NOT NULL DEFAULT ''",))
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as connection:
        schema.prepare(connection, tmp_path, steps)
        schema.prepare(connection, tmp_path, steps)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(steps),)
        assert connection.execute("SELECT id, note FROM bans").fetchall() == [("192.0.2.1", "")]


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path) -> None:
    """A migration is one transaction: when a statement fails, none of it happened."""
    open_at(tmp_path).close()
    steps = (*schema.MIGRATIONS, ("CREATE TABLE more (n INTEGER)", "CREATE TABLE bans (n INTEGER)"))
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            schema.prepare(connection, tmp_path, steps)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    open_at(tmp_path).close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON bans BEGIN DELETE FROM bans; END",
        "CREATE UNIQUE INDEX u ON windows (jail)",
        "CREATE VIEW v AS SELECT * FROM bans",
        "ALTER TABLE bans ADD COLUMN more TEXT",
        "DROP INDEX bans_standing",
        "DROP TABLE windows",
        "DROP TABLE meta",
        "DELETE FROM meta",
        "PRAGMA user_version = 0",
        "PRAGMA application_id = 7",
    ],
)
def test_a_ledger_with_foreign_parts_is_rebuilt(tmp_path: Path, statement: str) -> None:
    """Triggers, constraints or missing parts that somebody put into the file do not run and do not stay; bans do."""
    ledger = open_at(tmp_path)
    ledger.commit(Record((ban(),)))
    ledger.close()
    tamper(tmp_path, statement)
    again = open_at(tmp_path)
    again.commit(Record((ban("192.0.2.2"),)))
    assert {one.id for one in again.active_bans(NOW)} == {"192.0.2.1", "192.0.2.2"}
    assert "1 bans that stand" in again.notices[0]
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1
    again.close()


def test_further_tables_are_left_alone(tmp_path: Path) -> None:
    """A table that an operator added beside ours does not make the ledger a damaged one."""
    open_at(tmp_path).close()
    tamper(tmp_path, "CREATE TABLE notes (text TEXT)", "CREATE INDEX notes_text ON notes (text)")
    ledger = open_at(tmp_path)
    assert ledger.notices == ()
    ledger.close()


def test_a_ledger_that_another_program_uses_is_refused(tmp_path: Path) -> None:
    """An operator's `sqlite3` in a transaction keeps the daemon out with a message, and the file is not moved aside."""
    open_at(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="another program has it locked"):
            open_at(tmp_path)
    assert not list(tmp_path.glob("*.damaged-*"))
    open_at(tmp_path).close()


@pytest.mark.parametrize("kind", ["directory", "fifo", "parent"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """A directory, a pipe, or a file where the directory should be gives a clear error, without waiting on it."""
    where = tmp_path
    if kind == "directory":
        (tmp_path / "ledger.sqlite3").mkdir()
    elif kind == "fifo":
        os.mkfifo(tmp_path / "ledger.sqlite3")
    else:
        where = tmp_path / "file"
        where.write_text("")
    with pytest.raises(LedgerError) as caught:
        open_at(where)
    assert caught.value.remedy
