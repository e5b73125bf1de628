"""The daemon and `stockade replay` over the same log come to the same bans."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.real.machines import Daemon, wait_for
from tests.real.namespaces import Namespace

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("away_from_host")]

JAILS = """\
[DEFAULT]
bantime = 1h
bantime.increment = true
findtime = 10m
banprefix6 = 64
ignoreip = 192.0.2.9
ignoreself = false
[sshd]
enabled = true
maxretry = 4
backend = auto
logpath = {log}
[strict]
enabled = true
filter = sshd[mode=aggressive]
maxretry = 2
backend = auto
logpath = {log}
"""

REFUSED = "{stamp} srv sshd[{pid}]: Failed password for {user} from {host} port 4711 ssh2\n"
CLOSED = "{stamp} srv sshd[{pid}]: Connection closed by {host} port 4711 [preauth]\n"
NOISE = "{stamp} srv CRON[{pid}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)\n"


def attack(first: float, last: float, number: int) -> str:
    """Lines of some dozens of attackers, of both families, one of them ignored, spread over a span of time."""
    lines = []
    for index in range(number):
        stamp = time.strftime("%b %e %H:%M:%S", time.localtime(first + (last - first) * index / number))
        who = index * 7 % 23
        host = f"2001:db8:0:{who % 5:x}::{index:x}" if who % 3 == 0 else f"192.0.2.{who}"
        form = (REFUSED, CLOSED, NOISE, REFUSED, REFUSED)[index % 5]
        lines.append(form.format(stamp=stamp, pid=1000 + index, user=f"user{who}", host=host))
    return "".join(lines)


def test_daemon_and_replay_agree(lone_netns: Namespace, place: Path) -> None:
    """Jails, identifiers, counts of failures and times are the same, over history and over lines that came live."""
    now = time.time()
    log = place / "auth.log"
    log.write_text(attack(now - 400, now - 5, 150))
    log.chmod(0o644)
    with Daemon(place / "stockade", lone_netns, jail_local=JAILS.format(log=log)) as daemon:
        wait_for(lambda: _read(daemon) == log.stat().st_size, "the end of the history")
        with log.open("a") as file:
            file.write(attack(now - 3, now, 60))  # not ahead of the clock: such times count as now
        wait_for(lambda: _read(daemon) == log.stat().st_size, "the end of the log")
        decided = {(row["jail"], row["id"], row["failures"], row["count"], row["since"]) for row in _bans(daemon)}
        counted = {row["name"]: row["failures_counted"] for row in daemon.call("status")["jails"]}
    command = [sys.executable, "-m", "stockade", "replay", str(log), "--config", daemon.options.config, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    *rows, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(row["jail"], row["id"], row["failures"], row["count"], row["since"]) for row in rows} == decided
    assert {jail["jail"]: jail["failures"] for jail in last["summary"]["jails"]} == counted
    assert {row["jail"] for row in rows} == {"sshd", "strict"}
    assert any(row["id"].endswith("::/64") for row in rows)
    assert not any(row["id"] == "192.0.2.9" for row in rows)


def _read(daemon: Daemon) -> int:
    """How far the daemon has read its log, which both jails share."""
    return daemon.call("status")["jails"][0]["sources"][0]["position"]


def _bans(daemon: Daemon) -> list[dict]:
    return daemon.call("bans")["bans"]
