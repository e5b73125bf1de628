"""A small configuration and logs for the tests of replay, written as their stories need them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC
from pathlib import Path

from stockade.model.ban import Ban
from stockade.model.clock import Wall
from stockade.replay.logs import find_logs
from stockade.replay.plan import Plan, plan_replay
from stockade.replay.replay import Conditions, Replay
from stockade.replay.summary import Summary

START = 1_767_573_100.0
"""2026-01-05 00:31:40 UTC."""

JAILS = """\
[DEFAULT]
bantime = 10m
findtime = 10m
maxretry = 3
ignoreip = 203.0.113.0/24
ignoreself = false
usedns = raw
[svc]
enabled = true
filter = svc
logpath = {home}/svc.log
[web]
enabled = true
filter = web
logpath = {home}/web*.log
[off]
enabled = false
filter = svc
backend = systemd
maxretry = 1
action = nothere
"""


def write_tree(home: Path) -> None:
    """Writes a complete configuration of three jails; `off` is not enabled."""
    (home / "filter.d").mkdir(parents=True)
    (home / "action.d").mkdir()
    svc = "failregex = svc: refused <F-USER>\\S+</F-USER> from <HOST>$\n"
    (home / "filter.d" / "svc.conf").write_text(f"[Definition]\n{svc}")
    (home / "filter.d" / "web.conf").write_text("[Definition]\nfailregex = web: bad <HOST>$\n")
    (home / "jail.conf").write_text(JAILS.format(home=home))


def stamp(second: float) -> str:
    """A date without a year, as syslog writes it, `second` seconds after the start (within the first day)."""
    minutes, seconds = divmod(int(START - 1_767_571_200.0 + second), 60)
    hours, minutes = divmod(minutes, 60)
    return f"Jan  5 {hours:02d}:{minutes:02d}:{seconds:02d}"


def refused(second: float, address: str, user: str = "root") -> str:
    """A failure for the jail `svc`."""
    return f"{stamp(second)} srv svc: refused {user} from {address}\n"


def bad(second: float, address: str) -> str:
    """A failure for the jail `web`."""
    return f"{stamp(second)} srv web: bad {address}\n"


def write_log(path: Path, lines: Iterable[str], written: float = START + 86_000) -> Path:
    """Writes a log that was last changed then."""
    path.write_text("".join(lines))
    os.utime(path, (written, written))
    return path


def planned(
    home: Path,
    *logs: Path,
    jails: tuple[str, ...] = (),
    options: Mapping[str, str] | None = None,
    is_ignoring: bool = True,
) -> Plan:
    """Plans a replay of logs in the tree."""
    found = find_logs([str(log) for log in logs], None, Wall(START))
    return plan_replay(home, (), found, jails, options, is_ignoring=is_ignoring)


def replayed(plan: Plan, conditions: Conditions | None = None) -> tuple[list[Ban], Summary]:
    """Replays to the end."""
    assert plan.is_possible, plan.problems
    replay = Replay(plan, conditions or Conditions(UTC))
    bans = list(replay.run())
    return bans, replay.summary()


def told(bans: Iterable[Ban]) -> list[tuple[str, str, float]]:
    """What tells bans apart: jail, identifier, seconds after the start."""
    return [(ban.jail, ban.id, ban.since - START) for ban in bans]
