"""Logs that are rotated in every way at random moments, 10,000 lines a second: no line lost, none counted twice."""

from __future__ import annotations

import json
import os
import random
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stockade.config import SHIPPED, load
from stockade.core import Core
from stockade.core.events import Tick
from stockade.daemon.configuration import compiled
from stockade.daemon.feeds import Feeds
from stockade.daemon.history import History
from stockade.daemon.intake import Intake
from stockade.daemon.scanners import Scanners
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.model.record import Progress
from tests.faults.rotating import STYLES, number_of, pattern
from tests.real.machines import Daemon, wait_for
from tests.real.namespaces import Namespace

SECONDS = float(os.environ.get("STOCKADE_FUZZ_SECONDS") or (600 if os.environ.get("STOCKADE_SOAK") else 6))
SEED = int(os.environ.get("STOCKADE_FUZZ_SEED") or 20261122)
RATE = 10_000
EVERY = 1.5 if SECONDS > 60 else 0.2
"""Seconds between two rotations of one log."""

KILL_RATE = 300
LIFE = (1.0, 5.0) if SECONDS > 60 else (0.5, 2.0)
"""How many seconds the daemon lives. Each life begins with the windows of the last two minutes; were most of it spent
on them, lines would be too old to count before they are read."""

KILLED = [style for style in STYLES if style != "copied" or SECONDS > 60]
"""Styles under kill -9. That nothing is lost when copytruncate and a kill meet is not shown yet (docs/sources.md), so
the short run leaves it out; the long one has it."""

WRITER = Path(__file__).with_name("rotating.py")

pytestmark = pytest.mark.soak


def jail_local(directory: Path, styles: Iterable[str] = STYLES) -> str:
    """One jail for each style, so that each has counts of its own. A host that fails twice was counted twice: it is
    banned."""
    lines = ["[DEFAULT]", "bantime = 1d", "maxretry = 2", "findtime = 2m", "usedns = no", "backend = auto"]
    for style in styles:
        lines += [
            f"[{style}]",
            "enabled = true",
            "filter = sshd",
            "port = ssh",
            f"logpath = {pattern(directory, style)}",
        ]
    return "\n".join(lines) + "\n"


class Reader:
    """The daemon's own parts from bytes to decisions, driven as its loop drives them; its ledger is a dictionary."""

    def __init__(self, etc: Path) -> None:
        self.configuration = compiled(load(SHIPPED, overrides=(etc,)), Wall(time.time()))
        self.known: dict[str, Progress] = {}
        self.seen = {style: bytearray(1 << 24) for style in STYLES}
        self.counted: Counter[str] = Counter()
        self.files: Counter[str] = Counter()
        self.starts = 0
        self.start()

    def start(self) -> None:
        """Begins at the last commit."""
        now = Wall(time.time())
        self.starts += 1
        cursors: dict[str, Cursor] = {name: progress.cursor for name, progress in self.known.items()}
        self.feeds = Feeds(self.configuration.settings, cursors, now, is_old=History(self.configuration, now).is_old)
        self.intake = Intake(self.feeds.jails_of, Scanners(self.configuration, max_open=32).open, self.known)
        self.core = Core(self.configuration.settings, now)
        (self.source,) = self.feeds.sources

    def stop(self) -> None:
        """Ends without a word, as a killed process does."""
        counts = self.feeds._files.statistics()
        self.files.update({name: counts[name] for name in ("lost_bytes", "truncations", "rotations", "overflows")})
        self.feeds.close()

    def turn(self) -> bool:
        """Reads once and commits; False when there was nothing."""
        items = self.source.read(Monotonic(time.monotonic()))
        for item in items:
            now = Wall(time.time())
            for failures in self.intake.take(item, now)[0]:
                self.counted[failures.jail] += len(failures.found.ids)
                for name in failures.found.ids:
                    self.seen[failures.jail][number_of(name)] += 1
                self.core.handle(failures, now)
            if now >= self.core.deadline():
                self.core.handle(Tick(), now)
        self.known.update({one.cursor.source: one for one in self.intake.take_progress()})
        return bool(items)

    def rest(self) -> None:
        """Reads until nothing is left."""
        while self.turn() or (self.source.deadline(Monotonic(time.monotonic())) or 0) <= time.monotonic():
            pass


@contextmanager
def writing(
    directory: Path, rate: int, look: Callable[[], object], styles: Iterable[str] = STYLES
) -> Iterator[dict[str, Any]]:
    """The writer, for as long as the block lasts; afterwards the dictionary holds what it did. It rotates nothing
    before `look` has read the logs for the first time."""
    argv = [sys.executable, str(WRITER), str(directory), str(rate), str(EVERY), str(SEED), *styles]
    done: dict[str, Any] = {}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        try:
            assert writer.stdout.readline() == b"begun\n"
            look()
            writer.stdin.write(b"\n")
            writer.stdin.flush()
            yield done
        except BaseException:
            writer.kill()
            raise
        done.update(json.loads(writer.communicate(b"\n", timeout=60)[0]))


def balance(seen: bytearray, done: dict[str, Any]) -> tuple[list[int], list[int], list[int]]:
    """Numbers of a log's lines that were lost although nobody destroyed them, that came twice, and that were destroyed
    unread."""
    destroyed = set(done["destroyed"])
    missing = [number for number in range(1, done["written"] + 1) if not seen[number]]
    twice = [number for number in range(1, done["written"] + 1) if seen[number] > 1]
    return [n for n in missing if n not in destroyed], twice, [n for n in missing if n in destroyed]


@pytest.mark.parametrize("is_restarting", [False, True], ids=["lasting", "restarting"])
def test_rotations_lose_nothing(tmp_path: Path, is_restarting: bool) -> None:
    """Every line is counted once, save those that a truncation destroyed before anybody could read them, and no more
    bytes are said to be lost than were destroyed. The reader pauses at random, so that several rotations lie between
    two looks; the restarting one dies at random as well and goes on from its last commit."""
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "jail.local").write_text(jail_local(tmp_path))
    reader = Reader(etc)
    chance = random.Random(SEED)
    end = time.monotonic() + SECONDS
    with writing(tmp_path, RATE, reader.rest) as done:
        while time.monotonic() < end:
            reader.turn()
            if chance.random() < 0.02:
                select.select([], [], [], chance.uniform(0.0, 0.1))
            elif is_restarting and chance.random() < 0.02:
                reader.stop()
                reader.start()
            select.select([reader.source.fileno()], [], [], 0.005)
    reader.rest()
    reader.stop()
    balances = {style: balance(reader.seen[style], done[style]) for style in STYLES}
    destroyed = balances["copied"][2]
    print(f"\nseed {SEED}, {reader.starts} starts, {dict(reader.files)}")
    for style, (lost, twice, gone) in balances.items():
        print(
            f"  {style}: {done[style]['written']} lines, {done[style]['rotations']} rotations; {len(lost)} lost, "
            f"{len(twice)} twice, {len(gone)} of {len(done[style]['destroyed'])} destroyed ones unread"
        )
    assert {style: lost[:20] for style, (lost, _, _) in balances.items() if lost} == {}, f"seed {SEED}"
    assert {style: twice[:20] for style, (_, twice, _) in balances.items() if twice} == {}, f"seed {SEED}"
    assert reader.files["lost_bytes"] <= done["copied"]["destroyed_bytes"]
    assert reader.files["truncations"] or not destroyed


@pytest.mark.real
def test_rotations_and_kill_9_lose_nothing(lone_netns: Namespace, place: Path) -> None:
    """The same through the whole daemon, which is killed every few seconds. Each line has a host of its own and two
    failures are a ban: a line that counted twice shows as a ban, one that was lost is missing in the sum."""
    logs = place / "logs"
    logs.mkdir()
    daemon = Daemon(place / "s", lone_netns, jail_local=jail_local(logs, KILLED), bans_at_exit="keep")
    chance = random.Random(SEED)
    end = time.monotonic() + SECONDS
    lives = 1

    def look() -> None:
        daemon.start()
        wait_for(lambda: all(count >= 10 for count in failures(daemon).values()), "the first lines")

    with writing(logs, KILL_RATE, look, KILLED) as done:
        while time.monotonic() < end:
            select.select([], [], [], chance.uniform(*LIFE))
            daemon.kill()
            daemon.launch()
            lives += 1
    due = {style: done[style]["written"] for style in KILLED}
    with daemon_again(daemon):
        certain = {style: due[style] - len(done[style]["destroyed"]) for style in KILLED}
        wait_for(lambda: is_read(daemon, certain), "the end of every log", 30.0)
        counted, twice = failures(daemon), [row["id"] for row in daemon.call("bans")["bans"]]
        assert daemon.stop() == 0
    print(f"\nseed {SEED}, {lives} lives: {due} written, {counted} counted")
    assert twice == [], f"seed {SEED}"
    assert {style: n for style, n in counted.items() if style != "copied"} == {
        style: n for style, n in due.items() if style != "copied"
    }, f"seed {SEED}"
    assert all(certain[style] <= counted[style] <= due[style] for style in KILLED), f"seed {SEED}"


@contextmanager
def daemon_again(daemon: Daemon) -> Iterator[None]:
    """The last life, started cleanly."""
    daemon.kill()
    with daemon:
        yield


def is_read(daemon: Daemon, certain: dict[str, int]) -> bool:
    """Whether every log was read to its end. Where less was counted than there must be, what is still to come is
    waited for a moment; the comparison tells what is missing."""
    if any(row["unread"] for row in sources(daemon)):
        return False
    before = failures(daemon)
    if all(before[style] >= certain[style] for style in certain):
        return True
    select.select([], [], [], 3.0)
    return failures(daemon) == before


def failures(daemon: Daemon) -> dict[str, int]:
    """How many failures each jail has counted over all lives."""
    rows = daemon.call("status")["jails"]
    return {row["name"]: int(row["failures_counted"]) for row in rows if row["name"] in STYLES}


def sources(daemon: Daemon) -> list[dict[str, Any]]:
    """The rows of the log files."""
    return [source for row in daemon.call("status")["jails"] for source in row["sources"]]
