"""Values and helpers that the tests of the ledger share."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from stockade.ledger import Ledger
from stockade.model.ban import Ban, BanOrigin
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.record import Progress, WindowState

NOW = Wall(1_800_000_000.0)
DAY = 86_400.0


def open_at(path: Path, maxmatches: int = 10) -> Ledger:
    """The ledger of a state directory."""
    return Ledger.open(path / "ledger.sqlite3", now=NOW, maxmatches=maxmatches)


def ban(identifier: str = "192.0.2.1", jail: str = "sshd", since: float = NOW, until: float | None = NOW + DAY) -> Ban:
    """A ban with every field filled."""
    return Ban(
        jail,
        identifier,
        Wall(since),
        None if until is None else Wall(until),
        2,
        5,
        BanOrigin.FILTER,
        "five failures",
        {"user": "root"},
        ("first line", "second line"),
    )


def window(identifier: str = "192.0.2.9", jail: str = "sshd", times: tuple[float, ...] = (NOW - 2, NOW)) -> WindowState:
    """An open window."""
    return WindowState(jail, identifier, times, {"user": "root"}, ("a line",))


def progress(position: int = 100, source: str = "file:/var/log/auth.log") -> Progress:
    """A source read up to `position`."""
    return Progress(Cursor(source, "1:2:3", position, ""), b"state")


def tamper(path: Path, *statements: str) -> None:
    """Runs SQL on a closed ledger, as somebody with write access to it could."""
    with closing(sqlite3.connect(path / "ledger.sqlite3", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
