"""An invented service: its filter, its log of six lines and a configuration, for the tests of the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FILTER = """\
[Definition]
failregex = ^\\s*svc: refused <HOST>
            ^\\s*svc: %(word)s user <F-USER>\\S+</F-USER> from <HOST>
ignoreregex = from 192\\.0\\.2\\.99
word = <mode>
mode = bad
[Init]
mode = bad
"""
LOG = b"""\
2026-01-05 01:31:41 svc: refused 192.0.2.1
2026-01-05 01:31:42 svc: bad user bob from 192.0.2.2
2026-01-05 01:31:43 svc: bad user bob from 192.0.2.99
2026-01-05 01:31:44 svc: worse user eve from 192.0.2.3
2026-01-05 01:31:45 svc: all is well
2026-01-05 01:31:46 svc: refused 192.0.2.1
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A complete configuration of one jail."""
    (tmp_path / "filter.d").mkdir()
    (tmp_path / "filter.d" / "svc.conf").write_text(FILTER)
    (tmp_path / "svc.log").write_bytes(LOG)
    (tmp_path / "action.d").mkdir()
    (tmp_path / "action.d" / "note.conf").write_text("[Definition]\nactionban = true <ip>\n")
    (tmp_path / "jail.conf").write_text(
        f"[DEFAULT]\nbantime = 1h\n[svc]\nenabled = true\nfilter = svc\naction = note\nlogpath = {tmp_path}/svc.log\n"
    )
    return tmp_path


def rows_of(out: str) -> list[dict]:
    """The objects that a command printed, one on each line."""
    return [json.loads(line) for line in out.splitlines()]
