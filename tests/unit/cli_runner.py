"""Runs the command line inside the test's process, as a terminal of 100 columns without colour would."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stockade.cli.guard import run

GOLDEN = Path(__file__).parent.parent / "golden" / "cli"


@dataclass(frozen=True)
class Done:
    """What a command line left behind."""

    status: int
    out: str
    err: str


class Runner:
    """Calls `stockade …` and gives its exit status and both outputs."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Done:
        self._capsys.readouterr()
        status = run(arguments)
        out, err = self._capsys.readouterr()
        return Done(status, out, err)


@pytest.fixture
def stockade(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    """The command line in a fixed surrounding: 100 columns, no colour, UTC, no daemon of this machine."""
    for name, value in {"COLUMNS": "100", "NO_COLOR": "1", "TZ": "UTC", "STOCKADE_SOCKET": "/nonexistent/s"}.items():
        monkeypatch.setenv(name, value)
    for name in ("STOCKADE_DEBUG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    time.tzset()
    yield Runner(capsys)
    monkeypatch.undo()
    time.tzset()


def hold_to_golden(name: str, text: str) -> None:
    """Compares with tests/golden/cli/<name>; UPDATE_GOLDEN=1 writes it instead."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
