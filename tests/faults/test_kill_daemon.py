"""kill -9 at random moments under a flood: no ban lost, no line lost, none counted twice."""

from __future__ import annotations

import json
import os
import random
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from stockade.ledger import Ledger
from stockade.model.ban import Ban
from stockade.model.clock import Wall
from tests.real.machines import Daemon, jail_local, nft, wait_for
from tests.real.namespaces import Namespace

ROUNDS = int(os.environ.get("STOCKADE_KILL_ROUNDS") or (1000 if os.environ.get("STOCKADE_SOAK") else 12))
RATE = 300
MAXRETRY = 3
FLOOD = Path(__file__).with_name("flood.py")
BANNED = re.compile(r"\[sshd\] Ban (\S+)")

pytestmark = [pytest.mark.real, pytest.mark.soak]


def test_kill_9_loses_nothing(lone_netns: Namespace, place: Path) -> None:
    """Every acknowledged ban stands after every kill; at the end every line was counted exactly once."""
    log = place / "auth.log"
    log.touch(mode=0o644)
    options = [f"maxretry = {MAXRETRY}", "findtime = 1d", "maxmatches = 10"]
    daemon = Daemon(place / "s", lone_netns, jail_local=jail_local(log, options), bans_at_exit="keep")
    chance = random.Random(20261122)
    argv = [sys.executable, str(FLOOD), str(log), str(RATE), "1"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as flood:
        for number in range(ROUNDS):
            daemon.launch()
            select.select([], [], [], chance.uniform(0.05, 1.0))
            daemon.kill()
            if number % 10 == 0:  # the enforcer still does what it was asked for last
                wait_for(lambda: _acknowledged(daemon) <= _in_kernel(lone_netns), f"every block, round {number},", 5.0)
        written: dict[str, int] = json.loads(flood.communicate(b"\n", timeout=30)[0])
    with daemon:
        wait_for(lambda: _failures(daemon) >= sum(written.values()), "the last line", seconds=60)
        assert _acknowledged(daemon) <= _in_kernel(lone_netns)
        assert _failures(daemon) == sum(written.values())
        daemon.stop()
    _compare(daemon, written)
    lives = [life for life in daemon.log().split("Starting Stockade")[1:] if BANNED.search(life)]
    assert len(lives) > ROUNDS / 20, "the daemon was hardly ever killed at work"
    print(
        f"\n{ROUNDS} rounds of kill -9 ({len(lives)} lives announced bans): {sum(written.values())} lines of "
        f"{len(written)} hosts, {len(_acknowledged(daemon))} bans; none lost, none counted twice"
    )


def _compare(daemon: Daemon, written: dict[str, int]) -> None:
    """Holds the ledger against what the flood wrote: one ban per host with enough lines, exact windows for the rest."""
    ledger = Ledger.open(daemon.options.ledger_path, now=Wall(0.0))
    try:
        bans = ledger.active_bans(Wall(0.0))
        windows = {window.id: len(window.times) for window in ledger.windows()}
    finally:
        ledger.close()
    banned = [ban.id for ban in bans]
    assert len(banned) == len(set(banned))
    assert set(banned) == {host for host, lines in written.items() if lines >= MAXRETRY}
    assert windows == {host: lines for host, lines in written.items() if lines < MAXRETRY}
    assert not [ban.id for ban in bans if not _has_its_own_lines(ban)]


def _has_its_own_lines(ban: Ban) -> bool:
    """A ban rests on exactly maxretry different lines, all about its host."""
    return len(set(ban.matches)) == ban.failures == MAXRETRY and all(f"from {ban.id} " in m for m in ban.matches)


def _failures(daemon: Daemon) -> int:
    return int(daemon.call("status")["jails"][0]["failures_counted"])


def _acknowledged(daemon: Daemon) -> set[str]:
    """Every ban the daemon has announced in any of its lives."""
    return set(BANNED.findall(daemon.log()))


def _in_kernel(namespace: Namespace) -> set[str]:
    """Every single IPv4 address the kernel blocks."""
    items = nft(namespace, "list", "maps")["nftables"]
    elements = [element for item in items for element in item.get("map", {}).get("elem", [])]
    return {str(element[0]["elem"]["val"] if isinstance(element[0], dict) else element[0]) for element in elements}
