"""The daemon on configurations as they are found: fail2ban's whole stock tree, and trees full of mistakes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real.machines import Daemon, wait_for
from tests.real.namespaces import Pair

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("away_from_host")]

STOCK = Path(__file__).parents[3] / "shared" / "compat" / "fail2ban" / "config"
INSTALLED = Path("/etc/fail2ban")
FAILED = "{now} srv sshd[1234]: Failed password for root from {host} port 4711 ssh2\n"


def fail(log: Path, host: str, times: int = 3) -> None:
    """Writes failures as sshd would."""
    with log.open("a") as file:
        file.write(FAILED.format(now=time.strftime("%b %e %H:%M:%S"), host=host) * times)


@contextmanager
def running(place: Path, netns: Pair, tree: Path, local: str) -> Iterator[Daemon]:
    """A daemon on a copy of a tree with this jail.local."""
    copy = place / "etc"
    shutil.copytree(tree, copy, symlinks=True)
    (copy / "jail.local").write_text(local)
    with Daemon(place / "stockade", netns.server, config=str(copy)) as daemon:
        yield daemon


@pytest.fixture
def log(place: Path) -> Path:
    """An empty log file that the daemon's user may read."""
    path = place / "auth.log"
    path.touch(mode=0o644)
    return path


@pytest.mark.parametrize("tree", [STOCK, INSTALLED], ids=["stock", "installed"])
def test_the_stock_tree_runs_with_every_jail(netns: Pair, place: Path, log: Path, tree: Path) -> None:
    """All jails are there, those without a log wait for it, and the one with a log bans."""
    if not tree.is_dir():
        pytest.skip(f"there is no {tree.name} tree here")
    later = place / "later.log"
    local = (
        "[DEFAULT]\nenabled = true\nmaxretry = 3\n"
        f"[sshd]\nlogpath = {log}\nbackend = auto\n[dropbear]\nlogpath = {later}\nbackend = auto\n"
    )
    with running(place, netns, tree, local) as daemon:
        status = daemon.call("status")
        states = {row["name"]: row["state"] for row in status["jails"]}
        assert len(states) > 85
        assert (states["sshd"], states["dropbear"]) == ("running", "waiting")
        fail(log, "192.0.2.1")
        daemon.wait_banned("192.0.2.1")
        later.touch(mode=0o644)
        now = time.strftime("%b %e %H:%M:%S")
        later.write_text(f"{now} srv dropbear[7]: Bad password attempt for 'root' from 192.0.2.2:4711\n" * 3)
        daemon.wait_banned("192.0.2.2")


MISTAKES = """
[DEFAULT]
backend = auto
maxretry = 3
findtime = 10m
action = note
logpath = {log}
l0 = %(l1)s%(l1)s%(l1)s%(l1)s%(l1)s%(l1)s%(l1)s%(l1)s%(l1)s%(l1)s
l1 = %(l2)s%(l2)s%(l2)s%(l2)s%(l2)s%(l2)s%(l2)s%(l2)s%(l2)s%(l2)s
l2 = %(l3)s%(l3)s%(l3)s%(l3)s%(l3)s%(l3)s%(l3)s%(l3)s%(l3)s%(l3)s
l3 = %(l4)s%(l4)s%(l4)s%(l4)s%(l4)s%(l4)s%(l4)s%(l4)s%(l4)s%(l4)s
l4 = ha ha ha ha ha
[bad-regex]
enabled = 1
failregex = ^x( <HOST>
[bad-tag]
enabled = 1
failregex = ^<F-USER>x <HOST>
[bad-time]
enabled = 1
failregex = ^<HOST>
bantime = soon
[bad-cycle]
enabled = 1
failregex = ^<HOST>
bantime = %(bantime)s
[bad-laughs]
enabled = 1
failregex = ^%(l0)s <HOST>
[bad-pipe]
enabled = 1
filter = pipe
[bad-chain]
enabled = 1
filter = chain0
[bad-value]
enabled = 1
failregex = ^<HOST>
ignoreip = {big}
[good]
enabled = 1
failregex = Failed password for \\S+ from <HOST> port
"""


PLACES = (
    r"jail.conf:15: failregex #1: .*missing \)",
    r"jail.conf:18: failregex #1: .*missing \)",
    r"jail.conf:22: bantime: not a time",
    r"jail.conf:26: bantime: references nested",
    r"jail.conf:11: failregex: too many references",
    r"pipe.conf: filter: not a regular file",
    r"chain20.conf:2: filter: includes nested",
    r"jail.conf:39: value of 'ignoreip' is longer",
)


def test_mistakes_stop_their_own_jails_only(netns: Pair, place: Path, log: Path) -> None:
    """A tree with every kind of mistake starts, says each with its place and remedy, and the good jail bans."""
    etc = place / "etc"
    (etc / "filter.d").mkdir(parents=True)
    (etc / "action.d").mkdir()
    (etc / "action.d" / "note.conf").write_text("[Definition]\nactionban = true <ip>\n")
    os.mkfifo(etc / "filter.d" / "pipe.conf")
    for number in range(1000):
        (etc / "filter.d" / f"chain{number}.conf").write_text(f"[INCLUDES]\nbefore = chain{number + 1}.conf\n")
    (etc / "jail.conf").write_text(MISTAKES.format(log=log, big="192.0.2.9 " * 1_000_000))
    with Daemon(place / "stockade", netns.server, config=str(etc)) as daemon:
        status = daemon.call("status")
        assert [row["name"] for row in status["jails"]] == ["good"]
        problems = status["problems"]
        for place_and_message in PLACES:
            assert any(re.search(place_and_message, problem) for problem in problems), place_and_message
        assert all("→" in problem for problem in problems)
        fail(log, "192.0.2.1")
        daemon.wait_banned("192.0.2.1")
    assert "Traceback" not in daemon.log()


def test_a_removed_option_has_its_default_again(netns: Pair, place: Path, log: Path) -> None:
    """After a reload, asked for by a client or by SIGHUP, nothing stays of options that were taken out."""
    etc = place / "etc"
    (etc / "filter.d").mkdir(parents=True)
    base = f"[own]\nenabled = 1\nbackend = auto\nlogpath = {log}\nfailregex = password for \\S+ from <HOST> port\n"
    (etc / "jail.conf").write_text(base + "maxretry = 9\nbantime = 2d\nprefregex = ^never <F-CONTENT>.*</F-CONTENT>$\n")
    with Daemon(place / "stockade", netns.server, config=str(etc)) as daemon:
        fail(log, "192.0.2.1")
        (etc / "jail.conf").write_text(base)
        assert daemon.call("reload")["changed"] == ["own"]
        fail(log, "192.0.2.2", times=2)
        wait_for(lambda: daemon.call("why", id="192.0.2.2")["windows"], "two failures, without the prefregex")
        fail(log, "192.0.2.2", times=1)
        (row,) = daemon.wait_banned("192.0.2.2")
        assert row["until"] - row["since"] == pytest.approx(600, abs=2)
        (etc / "jail.conf").write_text(base + "bantime = 1d\n")
        os.kill(daemon.pid, signal.SIGHUP)
        wait_for(lambda: daemon.log().count("configuration reloaded") == 2, "a reload by signal")
