"""Old records of a big JSON log need not be read: their own time tells, as the dates of other lines do."""

from __future__ import annotations

import json
from datetime import UTC

import pytest

from stockade.daemon.configuration import Configuration
from stockade.daemon.history import History
from stockade.match.compile import surroundings
from stockade.model.clock import Wall
from stockade.model.settings import FilterSettings, JailSettings, JsonSettings, LogPath, Settings

NOW = Wall(1_700_000_000.0)
LOG = LogPath("/l")
DAY = 86400.0


def history(*settings: JsonSettings | None) -> History:
    """The history of jails on one log that read it so."""
    jails = tuple(
        JailSettings(str(number), FilterSettings("f", ("^<ADDR>$",), json=each), logpaths=(LOG,))
        for number, each in enumerate(settings)
    )
    return History(Configuration(Settings(jails=jails), (), UTC, surroundings(NOW, UTC), NOW), NOW)


READ = JsonSettings("{ip}", "ts", (("status=401",),))


@pytest.mark.parametrize(("age", "is_old"), [(2 * DAY, True), (10.0, False)])
def test_any_record_tells_the_time(age: float, is_old: bool) -> None:
    """Not only those that the filter wants: they may be rare."""
    lines = b"plain\n" + json.dumps({"ts": NOW - age, "status": 200, "ip": "192.0.2.1"}).encode() + b"\n"
    assert history(READ).is_old([LOG], lines) is is_old


def test_jails_that_read_other_fields_have_no_common_answer() -> None:
    """In doubt everything is read."""
    lines = json.dumps({"ts": NOW - 2 * DAY}).encode() + b"\n"
    assert history(READ, None).is_old([LOG], lines) is None
