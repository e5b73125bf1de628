"""Growing bans and exemptions in a running daemon: what it says, keeps, restores and forgets."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.real.machines import Daemon, jail_local, wait_for
from tests.real.namespaces import Namespace

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("away_from_host")]

HOST = "192.0.2.77"
LINE = "{now} srv sshd[{pid}]: Failed password for {user} from {host} port 4711 ssh2\n"


def fail(log: Path, host: str, times: int, user: str = "root") -> None:
    """Writes failures as sshd would."""
    now = time.strftime("%b %e %H:%M:%S")
    with log.open("a") as file:
        file.writelines(LINE.format(now=now, pid=1000 + number, host=host, user=user) for number in range(times))


def said(daemon: Daemon, text: str, count: int = 1) -> None:
    """Waits for a log line that ends with this expression."""
    wait_for(lambda: len(re.findall(rf"{text}$", daemon.log(), re.MULTILINE)) >= count, f"{text!r} in the log")


def row(daemon: Daemon, host: str) -> dict[str, Any]:
    """The standing ban of a host."""
    return daemon.wait_banned(host)[0]


@pytest.fixture
def log(place: Path) -> Path:
    """An empty log that the daemon's user may read."""
    path = place / "auth.log"
    path.touch(mode=0o644)
    return path


def test_a_repeat_offender_meets_longer_bans_across_restarts(lone_netns: Namespace, place: Path, log: Path) -> None:
    """The whole life of an offender, told in fail2ban's words: banned, back, known, longer, restored with the same
    count, forgiven by an unban, repealed at the end."""
    extra = ["maxretry = 3", "bantime = 2", "bantime.increment = true", "bantime.multipliers = 1 500"]
    local = jail_local(log, []).replace("bantime = 1d", "\n".join(extra))
    daemon = Daemon(place / "s", lone_netns, jail_local=local, bans_at_exit="remove")
    with daemon:
        fail(log, HOST, 3)
        said(daemon, rf"NOTICE  \[sshd\] Ban {HOST}")
        said(daemon, rf"NOTICE  \[sshd\] Unban {HOST}")
        fail(log, HOST, 1, "first")
        fail(log, HOST, 1, "last")
        stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
        said(daemon, rf"fail2ban\.observer .*: INFO    \[sshd\] Found {HOST}, bad - {stamp}, 1 # -> 2\.0, Ban")
        said(daemon, rf"INFO    \[sshd\] IP {HOST} is bad: 1 # last {stamp} - incr 2s to 16m 40s")
        said(daemon, rf"fail2ban\.observer .*: NOTICE  \[sshd\] Increase Ban {HOST} \(2 # 16m 40s -> {stamp}\)")
        assert (row(daemon, HOST)["count"], row(daemon, HOST)["failures"]) == (2, 2)
        daemon.kill()
        daemon.start()
        said(daemon, rf"fail2ban\.actions .*: NOTICE  \[sshd\] Restore Ban {HOST}")
        assert row(daemon, HOST)["count"] == 2
        newest = daemon.call("why", id=HOST)["bans"][0]
        assert (newest["fields"]["user"], newest["last_fields"]["user"]) == ("first", "last")
        daemon.call("unban", ids=[HOST])
        fail(log, HOST, 2)
        fail(log, "192.0.2.78", 3)
        daemon.wait_banned("192.0.2.78")
        assert HOST not in {one["id"] for one in daemon.call("bans")["bans"]}
        daemon.call("ban", ids=["192.0.2.79"], seconds=1000.0)
        assert daemon.stop() == 0
        said(daemon, r"NOTICE  \[manual\] Repeal Ban 192\.0\.2\.79")


def test_a_ban_that_ran_out_is_remembered_after_kill_9(lone_netns: Namespace, place: Path, log: Path) -> None:
    """What the ledger knows of the past counts in the next life; forgiven there, it does not."""
    extra = "maxretry = 1\nbantime = 1\nbantime.increment = true\nbantime.multipliers = 1 500"
    local = jail_local(log, []).replace("bantime = 1d", extra)
    with Daemon(place / "s", lone_netns, jail_local=local, bans_at_exit="keep") as daemon:
        fail(log, HOST, 1)
        fail(log, "192.0.2.78", 1)
        said(daemon, rf"\[sshd\] Unban {HOST}")
        said(daemon, r"\[sshd\] Unban 192\.0\.2\.78")
        daemon.call("unban", ids=["192.0.2.78"])
        wait_for(lambda: daemon.call("why", id=HOST)["bans"][0]["state"] == "expired", "the end on disk")
        daemon.kill()
        daemon.start()
        fail(log, HOST, 1)
        fail(log, "192.0.2.78", 1)
        said(daemon, rf"Increase Ban {HOST} \(2 # 8m 20s -> .*\)")
        # a first ban again, of a second: on a busy machine it may be over before its line is read
        said(daemon, r"\[sshd\] (Ban 192\.0\.2\.78|Ignore 192\.0\.2\.78, expired bantime)", 2)
        assert "Increase Ban 192.0.2.78" not in daemon.log()


def test_commands_and_files_exempt(lone_netns: Namespace, place: Path, log: Path) -> None:
    """`ignorecommand` is asked beside the loop, `ignoreip = file:` is read again when it changes; others are banned."""
    friends = place / "friends"
    friends.write_text("192.0.2.5 # a friend\n")
    friends.chmod(0o644)
    options = [
        "maxretry = 1",
        f"ignoreip = file:{friends}",
        "ignorecommand = test <ip> = 192.0.2.6",
        'ignorecache = key="<ip>", max-count=10, max-time=5m',
    ]
    with Daemon(place / "s", lone_netns, jail_local=jail_local(log, options)) as daemon:
        for host in ("192.0.2.5", "192.0.2.6", HOST):
            fail(log, host, 1)
        daemon.wait_banned(HOST)
        said(daemon, rf"INFO    \[sshd\] Ignore 192\.0\.2\.5 by file:{friends}")
        said(daemon, r"INFO    \[sshd\] Ignore 192\.0\.2\.6 by command")
        friends.write_text("192.0.2.5, 192.0.2.8\n")
        wait_for(lambda: daemon.call("why", id="192.0.2.8")["ignored_by"], "the new friend")
        assert {one["id"] for one in daemon.call("bans")["bans"]} == {HOST}
        assert not [one for one in daemon.call("status")["problems"] if "no effect yet" in one and "ignore" in one]


def test_a_reload_cuts_and_a_second_ban_prolongs_in_the_kernel(lone_netns: Namespace, place: Path, log: Path) -> None:
    """A shorter bantime shortens what stands; a longer ban by hand lengthens it; the ledger keeps the evidence."""
    with Daemon(place / "s", lone_netns, jail_local=jail_local(log, ["maxretry = 1"])) as daemon:
        fail(log, HOST, 1)
        before = row(daemon, HOST)
        local = place / "s" / "etc" / "jail.local"
        local.write_text(local.read_text().replace("bantime = 1d", "bantime = 1h"))
        daemon.call("reload")
        wait_for(lambda: row(daemon, HOST)["until"] == before["since"] + 3600, "the shorter ban")
        daemon.call("ban", ids=[HOST], jail="sshd", seconds=60.0)
        assert row(daemon, HOST)["until"] == before["since"] + 3600
        daemon.call("ban", ids=[HOST], jail="sshd", seconds=1e6)
        after = row(daemon, HOST)
        assert after["until"] > before["since"] + 1e6 - 10
        assert (after["since"], after["count"]) == (before["since"], 1)
        assert len(daemon.call("why", id=HOST)["bans"][0]["matches"]) == 1
