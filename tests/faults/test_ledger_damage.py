"""Damaged files: the ledger always opens, says what happened, saves what can be read, and works on."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from stockade.ledger import files
from stockade.model.ban import BanState
from stockade.model.clock import Wall
from stockade.model.record import BanEnd, Record
from tests.ledger_help import NOW, ban, open_at, progress, tamper, window

BANS = 400


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a ledger whose daemon was killed: half of its records are still in the log of changes."""
    home = tmp_path_factory.mktemp("sound")
    ledger = open_at(home)
    for half in range(2):
        numbers = range(half * BANS // 2, (half + 1) * BANS // 2)
        ledger.commit(Record(tuple(replace(ban(f"ban-{n}"), count=n) for n in numbers)))
        ledger.commit(Record((), (), tuple(window(f"w-{n}") for n in numbers), (progress(half),), {"half": half}))
        ledger.commit(Record(ends=(BanEnd("sshd", f"ban-{numbers[0]}", NOW, BanState.EXPIRED),)))
        if half == 0:
            ledger.checkpoint()
    copy = tmp_path_factory.mktemp("killed")
    for suffix in ("", "-wal"):
        shutil.copy(home / f"ledger.sqlite3{suffix}", copy)
    ledger.close()
    return copy


def copy_of(sound: Path, home: Path) -> Path:
    """A copy to be damaged; returns the database."""
    for name in ("ledger.sqlite3", "ledger.sqlite3-wal"):
        shutil.copy(sound / name, home)
    return home / "ledger.sqlite3"


def works(home: Path) -> set[str]:
    """Opens the ledger, reads everything, commits, reopens without further complaint; returns who is banned."""
    ledger = open_at(home)
    found = {one.id for one in ledger.active_bans(NOW)}
    for window_ in ledger.windows():
        assert window_.times
    ledger.progress()
    ledger.counters()
    ledger.history("ban-7")
    ledger.last_bans(100)
    ledger.commit(Record((ban("after"),), (), (window("after"),), (progress(9),), {"half": 9}))
    ledger.purge(Wall(NOW + 1), 0)
    ledger.close()
    again = open_at(home)
    assert again.notices == ()
    assert {one.id for one in again.active_bans(NOW)} == found | {"after"}
    again.close()
    return found


def test_the_copy_itself_is_sound(sound: Path, tmp_path: Path) -> None:
    """Without damage nothing is lost: the other tests mean something."""
    copy_of(sound, tmp_path)
    assert len(works(tmp_path)) == BANS - 2
    assert not list(tmp_path.glob("*.damaged-*"))


@pytest.mark.parametrize("seed", range(40))
def test_random_bytes_never_keep_the_daemon_from_starting(sound: Path, tmp_path: Path, seed: int) -> None:
    """Bytes changed, blocks overwritten or the end cut off, in the database or in its log: it opens and works."""
    chance = random.Random(seed)
    copy_of(sound, tmp_path)
    victim = tmp_path / chance.choice(["ledger.sqlite3", "ledger.sqlite3-wal"])
    content = bytearray(victim.read_bytes())
    match chance.randrange(4):
        case 0:
            for _ in range(chance.randrange(1, 40)):
                content[chance.randrange(len(content))] = chance.randrange(256)
        case 1:
            content[chance.randrange(100)] ^= 1 << chance.randrange(8)
        case 2:
            start = chance.randrange(len(content))
            content[start : start + 4096] = chance.randbytes(len(content[start : start + 4096]))
        case 3:
            del content[chance.randrange(len(content)) :]
    victim.write_bytes(content)
    works(tmp_path)


@pytest.mark.parametrize("page", range(3, 30, 3))
def test_one_bad_page_costs_one_page(sound: Path, tmp_path: Path, page: int) -> None:
    """When one page is overwritten, at most its bans are lost, and the operator hears where the file is."""
    path = copy_of(sound, tmp_path)
    open_at(tmp_path).close()
    content = bytearray(path.read_bytes())
    content[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    ledger = open_at(tmp_path)
    assert len(ledger.active_bans(NOW)) >= BANS - 2 - 40
    (notice,) = ledger.notices
    (aside,) = tmp_path.glob("*.damaged-*")
    assert str(aside) in notice
    assert "these were saved" in notice
    ledger.close()
    works(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 8192, b"not a database\n" * 1000, b"SQLite format 3\0" + b"\xff" * 8176]
)
def test_a_file_of_something_else_is_moved_aside(sound: Path, tmp_path: Path, content: bytes) -> None:
    """A ledger that was cut to nothing, or overwritten with its log gone, is kept under another name."""
    copy_of(sound, tmp_path).write_bytes(content)
    if content:
        (tmp_path / "ledger.sqlite3-wal").unlink()
    ledger = open_at(tmp_path)
    assert ledger.active_bans(NOW) == []
    assert "nothing in it could be read" in ledger.notices[0]
    ledger.close()
    kept = [one for one in tmp_path.glob("*.damaged-*") if not one.name.endswith("-wal")]
    assert [one.read_bytes() for one in kept] == [content]
    assert len(list(tmp_path.glob("*.damaged-*-wal"))) == (0 if content else 1)
    works(tmp_path)


def test_windows_and_progress_are_saved_together_or_not_at_all(sound: Path, tmp_path: Path) -> None:
    """Progress without the windows it belongs to would forget failures, so a loss in one drops both."""
    copy_of(sound, tmp_path)
    open_at(tmp_path).close()
    tamper(tmp_path, "DROP INDEX bans_id")
    whole = open_at(tmp_path)
    assert (len(whole.windows()), len(whole.progress())) == (BANS, 1)
    whole.close()
    tamper(tmp_path, "DROP INDEX bans_id", "UPDATE windows SET times = x'00' WHERE n = 5")
    partial = open_at(tmp_path)
    assert (partial.windows(), partial.progress()) == ([], [])
    assert partial.counters() == {"half": 1}
    assert len(partial.active_bans(NOW)) == BANS - 2
    partial.close()


def test_history_is_saved_with_its_order(sound: Path, tmp_path: Path) -> None:
    """After a rebuild past bans are still past, and the newest is still the newest."""
    copy_of(sound, tmp_path)
    ledger = open_at(tmp_path)
    ledger.commit(Record((replace(ban("ban-0", since=NOW + 1), count=77),)))
    ledger.close()
    tamper(tmp_path, "DROP INDEX bans_id")
    again = open_at(tmp_path)
    assert [past.state for past in again.history("ban-0")] == [None, BanState.EXPIRED]
    assert again.history("ban-0")[0].ban.count == 77
    again.close()


def test_few_damaged_copies_are_kept(tmp_path: Path) -> None:
    """A disk that damages the ledger again and again does not fill up with copies: the newest few stay."""
    for n in range(files.DAMAGED_KEPT + 3):
        (tmp_path / "ledger.sqlite3").write_bytes(b"damaged %d" % n * 100)
        open_at(tmp_path).close()
    kept = sorted(one.read_bytes()[:9] for one in tmp_path.glob("*.damaged-*"))
    assert kept == [b"damaged %d" % n for n in range(3, files.DAMAGED_KEPT + 3)]
