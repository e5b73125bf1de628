"""A backlog in one log: bounded memory, and the others are not kept waiting."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.real.machines import Daemon, jail_local, wait_for

pytestmark = [pytest.mark.real]

LINES = 150_000
"""Of the backlog, 13 MiB, all of them failures."""

MOST_KIB = 140 * 1024
"""Resident memory, with 2,000 bans and as many windows; the backlog alone is a tenth of it."""


def failed(address: str) -> str:
    """A line about a failed log-in, of now."""
    return f"{time.strftime('%b %e %H:%M:%S')} srv sshd[7]: Failed password for root from {address} port 22 ssh2\n"


def peak_kib(pid: int) -> int:
    """The most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def test_a_backlog_delays_nobody(place: Path) -> None:
    """Whoever fails in a quiet log is banned long before the end of the backlog in another is reached, every line of
    which counts, in bounded memory."""
    big, quiet = place / "big.log", place / "quiet.log"
    lines = [failed(f"10.1.{n % 2000 // 200}.{n % 200}") for n in range(2000)] * (LINES // 2000)
    big.write_text("".join(lines) + failed("198.51.100.9") * 3)
    quiet.write_text(failed("198.51.100.1") * 3)
    config = jail_local(big, ["maxretry = 3"]).replace(f"logpath = {big}", f"logpath = {big}\n  {quiet}")
    with Daemon(place / "s", None, jail_local=config, dry_run=True) as daemon:
        wait_for(lambda: "Ban 198.51.100.9" in daemon.log(), "the end of the backlog")
        log = daemon.log()
        quick, late = log.index("Ban 198.51.100.1\n"), log.index("Ban 198.51.100.9\n")
        assert log.count("] Ban 10.", quick, late) > 1500

        def matched() -> bool:
            return bool(daemon.call("status")["jails"][0]["funnel"]["matched"] == LINES + 6)

        wait_for(matched, "count of every line")
        assert peak_kib(daemon.pid) < MOST_KIB
        assert daemon.stop() == 0
