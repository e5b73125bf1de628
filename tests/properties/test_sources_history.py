"""Passing over what is too old to count changes nothing: the failures are those of reading everything."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.config import SHIPPED, load
from stockade.daemon.configuration import Configuration, compiled
from stockade.daemon.feeds import Feeds
from stockade.daemon.history import TOLERANCE, History
from stockade.daemon.intake import Intake
from stockade.model.chunk import Chunk
from stockade.model.clock import Monotonic, Wall
from stockade.model.settings import LogPath
from stockade.sources.history import IsOld

NOW = Wall(1_767_600_000.0)
FINDTIME = 600
LINES = 12_000

STAMPS: dict[str, Callable[[float], str]] = {
    "iso": lambda at: time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at)),
    "syslog": lambda at: time.strftime("%b %d %H:%M:%S", time.localtime(at)),
}


@cache
def configuration() -> Configuration:
    """Two jails on one log: sshd with sessions over several lines, and one with lines joined by `maxlines`."""
    with tempfile.TemporaryDirectory() as name:
        etc = Path(name)
        (etc / "filter.d").mkdir()
        (etc / "filter.d" / "pair.conf").write_text(
            "[Definition]\nfailregex = ^.*begin of <HOST><SKIPLINES>.*end of it$\nmaxlines = 3\n"
        )
        common = f"enabled = true\nbackend = auto\nlogpath = /x/log\nfindtime = {FINDTIME}\n"
        (etc / "jail.local").write_text(f"[sshd]\n{common}[pair]\n{common}filter = pair\n")
        return compiled(load(SHIPPED, overrides=(etc,)), NOW)


def line(chance: random.Random, at: float, stamp: str) -> str:
    """One line of a kind; a few have no date."""
    head = "" if chance.random() < 0.02 else f"{STAMPS[stamp](at)} srv "
    who = f"192.0.2.{chance.randrange(256)}"
    session = f"sshd[{chance.randrange(50)}]"
    what = chance.choice(
        [
            f"{session}: Failed password for root from {who} port 1 ssh2",
            f"{session}: Connection from {who} port 1 on 198.51.100.1 port 22",
            f"{session}: Invalid user x from {who} port 1",
            f"app: begin of {who}",
            "app: end of it",
            "cron[1]: nothing at all",
        ]
    )
    return f"{head}{what}{' ' * chance.randrange(150)}\n"


def write(path: Path, seed: int, stamp: str, *, back: float, span: float, disorder: float) -> int:
    """Writes a log that ends `back` seconds before now and took `span` seconds; returns its size."""
    chance = random.Random(seed)
    begin = NOW - back - span
    with path.open("w") as file:
        for number in range(LINES):
            at = begin + span * number / LINES - chance.uniform(0, disorder)
            file.write(line(chance, at, stamp))
    return path.stat().st_size


def failures(path: Path, is_old: IsOld | None) -> tuple[Counter[tuple[str, str, float]], int]:
    """What the daemon's own parts count, and how many bytes they read for it."""
    made = at(path)
    jails = made.settings.jails
    feeds = Feeds(made.settings, {}, NOW, is_old=is_old)
    intake = Intake(lambda source: jails, made.open_scanner, {})
    found: Counter[tuple[str, str, float]] = Counter()
    taken = 0
    (source,) = feeds.sources
    try:
        while items := source.read(Monotonic(0.0)):
            for item in items:
                assert isinstance(item, Chunk)
                taken += len(item.data)
                for event in intake.take(item, NOW)[0]:
                    for number in range(len(event.found.ids)):
                        failure = event.found.failure(number)
                        found[event.jail, failure.id, failure.time] += 1
    finally:
        feeds.close()
    return found, taken


def at(path: Path) -> Configuration:
    """The configuration with the log in its place."""
    made = configuration()
    jails = tuple(replace(jail, logpaths=(LogPath(str(path)),)) for jail in made.settings.jails)
    return replace(made, settings=replace(made.settings, jails=jails))


@settings(derandomize=True, max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    stamp=st.sampled_from(sorted(STAMPS)),
    back=st.sampled_from([0.0, 300.0, 5000.0, 1e6]),
    span=st.sampled_from([60.0, 3600.0, 86_400.0, 3e6]),
    disorder=st.sampled_from([0.0, 30.0, TOLERANCE]),
)
def test_nothing_that_counts_is_passed_over(seed: int, stamp: str, back: float, span: float, disorder: float) -> None:
    """Whatever the log's times, and with lines out of order within the tolerance, both ways count the same failures."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "log"
        size = write(path, seed, stamp, back=back, span=span, disorder=disorder)
        whole, all_bytes = failures(path, None)
        sought, taken = failures(path, History(at(path), NOW).is_old)
    assert all_bytes == size
    assert sought == whole
    if back + span > 10 * TOLERANCE and back > FINDTIME + TOLERANCE:  # all of it is old
        assert taken < size / 2
