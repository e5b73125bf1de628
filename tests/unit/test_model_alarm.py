"""The table of alarms, and the documentation that repeats it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stockade.model.alarm import ALARM_KINDS, Alarm
from stockade.model.clock import Wall

PAGE = Path(__file__).parents[2] / "docs" / "watching.md"


def test_the_documentation_has_the_same_table() -> None:
    """Codes, meanings and remedies in the same words and order."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(kind.code, kind.meaning, kind.remedy) for kind in ALARM_KINDS.values()]


@pytest.mark.parametrize("code", ALARM_KINDS)
def test_an_alarm_says_what_to_do(code: str) -> None:
    """One line with the code by which it is looked up, and the remedy after an arrow."""
    alarm = Alarm(code, "file:/x", "something is odd", Wall(0.0))
    assert alarm.sentence == f"something is odd ({code}) → {ALARM_KINDS[code].remedy}"
