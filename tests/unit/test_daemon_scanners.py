"""Many scanners in little memory: one that was put away goes on as if it never had been."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.config import SHIPPED, load
from stockade.daemon.configuration import Configuration, compiled
from stockade.daemon.scanners import Scanners
from stockade.model.clock import Wall

NOW = Wall(1_767_600_000.0)
STAMP = b"2026-01-05T08:00:00+00:00 srv "


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """sshd alone."""
    etc = tmp_path_factory.mktemp("etc")
    Path(etc / "jail.local").write_text("[sshd]\nenabled = true\nbackend = auto\nlogpath = /x\nfindtime = 1d\n")
    return compiled(load(SHIPPED, overrides=(etc,)), NOW)


def session(number: int, *, is_end: bool) -> bytes:
    """A failure in two lines: the address stands in the first, the failure in the second."""
    head = STAMP + b"sshd[%d]: " % number
    if is_end:
        return (
            head
            + b"Disconnecting authenticating user root 192.0.2.%d port 1: Too many authentication failures\n" % number
        )
    return head + b"Failed password for root from 192.0.2.%d port 1 ssh2\n" % number


def test_interleaved_sources_give_what_each_alone_gives(configuration: Configuration) -> None:
    """With room for two, nine sources in turn find the same and count the same as nine scanners of their own."""
    jails = configuration.settings.jails
    pool = Scanners(configuration, max_open=2)
    shared = [pool.open(jails) for _ in range(9)]
    alone = [configuration.open_scanner(jails) for _ in range(9)]
    for is_end in (False, True, False, True):
        for number, pair in enumerate(zip(shared, alone, strict=True)):
            found = [one.feed(session(number, is_end=is_end), NOW).ids for one in pair]
            assert found[0] == found[1]
            assert len(pool) <= 2
    for one, other in zip(shared, alone, strict=True):
        assert one.statistics() == other.statistics()
        assert one.dump() == other.dump()
        assert one.statistics()["failures"] > 0


def test_nothing_to_scan_needs_no_scanner(configuration: Configuration) -> None:
    """An empty chunk, an end without a rest and a state to be kept make none."""
    pool = Scanners(configuration)
    one = pool.open(configuration.settings.jails)
    assert one.load(b"kept")
    assert len(one.feed(b"", NOW)) == len(one.finish(NOW)) == one.pending == 0
    assert one.dump() == b"kept"
    assert set(one.statistics().values()) == {0}
    assert len(pool) == 0


def test_a_line_in_progress_is_not_put_away(configuration: Configuration) -> None:
    """Its first half is nowhere else: such scanners are kept, beyond the bound if need be."""
    pool = Scanners(configuration, max_open=2)
    sources = [pool.open(configuration.settings.jails) for _ in range(5)]
    for number, one in enumerate(sources):
        one.feed(session(number, is_end=False)[:40], NOW)
    assert len(pool) == 5
    found = [one.feed(session(number, is_end=False)[40:], NOW).ids for number, one in enumerate(sources)]
    assert found == [[f"192.0.2.{number}"] for number in range(5)]
    pool.open(configuration.settings.jails).feed(session(9, is_end=False), NOW)
    assert len(pool) == 5


def test_a_state_of_another_filter_is_begun_anew(configuration: Configuration) -> None:
    """What the ledger kept of other filters does no harm."""
    one = Scanners(configuration).open(configuration.settings.jails)
    one.load(b"something else")
    assert one.feed(session(1, is_end=False), NOW).ids == ["192.0.2.1"]
