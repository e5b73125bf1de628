"""Commands, containers and the kernel's log over reloads, and the jails that each of them feeds."""

from __future__ import annotations

import json
import os
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockade.daemon.feeds import Feeds
from stockade.daemon.waysin import WaysIn, booted, places
from stockade.errors import SourceError
from stockade.model.chunk import Entries
from stockade.model.clock import Monotonic, Wall
from stockade.model.settings import (
    CommandSettings,
    ContainerSettings,
    FilterSettings,
    JailSettings,
    KernelLogSettings,
    Settings,
    WayIn,
)
from stockade.sources.command import Command

NOW = Wall(1_700_000_000.0)
SLEEP = CommandSettings(("sh", "-c", "echo up; echo why >&2; exec sleep 1000"))


def jail(name: str, way_in: WayIn | None = None) -> JailSettings:
    """A jail with one way in."""
    return JailSettings(name, FilterSettings(name, ("^<HOST>$",)), way_in=way_in)


@pytest.fixture
def ways_in(tmp_path: Path) -> Iterator[WaysIn]:
    """Ways in whose kernel's log is not there."""
    found = WaysIn(kernel_path=str(tmp_path / "kmsg"))
    yield found
    found.close()


def test_jails_with_one_way_share_its_source(ways_in: WaysIn) -> None:
    """One program runs, however many jails read it."""
    settings = Settings(jails=(jail("a", SLEEP), jail("b", SLEEP), jail("c", CommandSettings(("true",))), jail("d")))
    ways_in.configure(settings, {}, NOW)
    feeds = Feeds(settings, {}, NOW, ways_in=ways_in)
    assert [[one.name for one in ways_in.jails_of(source, settings)] for source in ways_in.sources] == [
        ["a", "b"],
        ["c"],
    ]
    name = "command:sh -c 'echo up; echo why >&2; exec sleep 1000'"
    assert [one.name for one in feeds.jails_of(name)] == ["a", "b"]
    assert feeds.stream_of(name) == name
    feeds.close()


def test_a_reload_keeps_what_is_wanted_and_ends_the_rest(ways_in: WaysIn) -> None:
    """A command that stays is not interrupted; sources that a configuration lends are not closed with it."""
    before = Settings(jails=(jail("a", SLEEP), jail("b", CommandSettings(("sleep", "1000")))))
    ways_in.configure(before, {}, NOW)
    feeds = Feeds(before, {}, NOW, ways_in=ways_in)
    kept, gone = ways_in.sources
    for source in feeds.sources:
        source.read(Monotonic(0.0))
    after = Settings(jails=(jail("c", SLEEP),))
    ways_in.configure(after, {}, NOW)
    successor = Feeds(after, {}, NOW, ways_in=ways_in)
    feeds.hand_over(successor)
    feeds.close()
    assert list(ways_in.sources) == [kept]
    assert (kept.fileno() >= 0, gone.fileno()) == (True, -1)
    assert kept in successor.sources
    assert isinstance(kept, Command)
    assert [one.name for one in successor.jails_of(kept.source)] == ["c"]
    said: list[str] = []
    while not said:
        select.select([kept.fileno()], [], [], 5)
        kept.read(Monotonic(0.0))
        said = [saying.text for saying in successor.take_sayings()]
    assert said == ["sh says: why"]
    successor.close()


def test_containers_find_their_jails(ways_in: WaysIn, tmp_path: Path) -> None:
    """Each container is a source of its own, and all of a selection are one stream for the watchdog."""
    id_ = "a" * 64
    (tmp_path / id_).mkdir()
    (tmp_path / id_ / "config.v2.json").write_text(json.dumps({"Name": "/web", "Config": {"Labels": {"x/y": "1"}}}))
    record = {"log": "hi\n", "stream": "stdout", "time": "2023-11-14T22:13:20Z"}
    (tmp_path / id_ / f"{id_}-json.log").write_text(json.dumps(record) + "\n")
    settings = Settings(jails=(jail("a", ContainerSettings("docker", ("*",), ("x/y",), str(tmp_path))),))
    ways_in.configure(settings, {}, NOW)
    feeds = Feeds(settings, {}, NOW, ways_in=ways_in)
    (source,) = feeds.sources
    (item,) = source.read(Monotonic(0.0))
    assert isinstance(item, Entries)
    assert [one.name for one in feeds.jails_of(item.source)] == ["a"]
    assert feeds.stream_of(item.source) == f"docker[name=* label=x/y root={tmp_path}]"
    assert feeds.stream_of(item.source) in dict(feeds.streams())
    assert places(settings)[0] == str(tmp_path)
    feeds.close()


def test_a_kernels_log_that_cannot_be_had_is_said_and_stops_nobody(ways_in: WaysIn) -> None:
    """At the start as an error, then in `status`; the other jails run."""
    settings = Settings(jails=(jail("fw", KernelLogSettings()), jail("a", SLEEP)))
    with pytest.raises(SourceError, match="CAP_SYSLOG"):
        ways_in.prepare(settings)
    ways_in.configure(settings, {}, NOW)
    feeds = Feeds(settings, {}, NOW, ways_in=ways_in)
    assert [(row.source, row.state) for row in feeds.status() if row.state == "failed"] == [("kmsg", "failed")]
    assert len(feeds.sources) == 1
    feeds.close()


def test_the_kernels_log_is_opened_before_rights_are_given_up(tmp_path: Path) -> None:
    """What was opened at the start is read later, when it could no longer be opened."""
    path = tmp_path / "kmsg"
    path.write_bytes(b"4,1,0,-;hello\n")
    ways_in = WaysIn(kernel_path=str(path))
    settings = Settings(jails=(jail("fw", KernelLogSettings()),))
    ways_in.prepare(settings)
    path.unlink()
    ways_in.configure(settings, {}, NOW)
    assert (len(ways_in.sources), ways_in.failed) == (1, [])
    ways_in.close()


def test_when_the_machine_booted() -> None:
    """The kernel tells it by the wall clock."""
    found = booted()
    assert 0 < found < os.stat("/proc/self").st_ctime + 1
