"""A daemon that is watched: by the service manager through a real socket, by its own watchdog, and over restarts."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real.machines import SECONDS, Daemon, jail_local, wait_for
from tests.real.namespaces import Pair

pytestmark = [pytest.mark.real]

QUIET = 1.5
"""Seconds without a sign of life that show that none comes: six beats at the pace of these tests."""


class Manager:
    """Plays the service manager: a datagram socket and what came through it."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o777)
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "1000000"}

    def wait(self, wanted: str, seconds: float = SECONDS) -> str:
        """The first message from now on that begins so."""
        deadline = time.monotonic() + seconds
        while True:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            message = self._socket.recv(65_536).decode()
            if message.startswith(wanted):
                return message

    def is_fed(self, seconds: float = QUIET) -> bool:
        """Whether a sign of life comes within so many seconds; what came before does not count."""
        self._socket.setblocking(False)
        try:
            while self._socket.recv(65_536):
                pass
        except BlockingIOError:
            pass
        try:
            return bool(self.wait("WATCHDOG=1", seconds))
        except TimeoutError:
            return False

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()


@pytest.fixture
def manager(place: Path) -> Iterator[Manager]:
    """A service manager."""
    made = Manager(place / "notify")
    yield made
    made.close()


def log_of(place: Path) -> Path:
    """An empty log that the daemon may read."""
    log = place / "auth.log"
    log.touch(mode=0o644)
    return log


def failed(address: str, program: str = "sshd", count: int = 1) -> str:
    """Lines about failed log-ins, of now."""
    stamp = time.strftime("%b %e %H:%M:%S")
    return f"{stamp} srv {program}[7]: Failed password for root from {address} port 22 ssh2\n" * count


@contextmanager
def running(
    place: Path, log: Path, manager: Manager, pair: Pair | None = None, most_bytes: int | None = None
) -> Iterator[Daemon]:
    """A daemon with one jail; without a network of its own it only looks on. No file of its may exceed `most_bytes`."""

    def limit() -> None:
        if most_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    config = jail_local(log, ["maxretry = 3"])
    daemon = Daemon(place / "s", pair.server if pair else None, jail_local=config, dry_run=pair is None)
    daemon.start(environment=manager.environment, preexec_fn=limit)
    try:
        yield daemon
    finally:
        daemon.stop()


def test_the_service_manager_is_told(place: Path, manager: Manager) -> None:
    """READY when everything stands, STATUS with the verdict, signs of life, RELOADING and READY again around a reload
    (with the time that Type=notify-reload asks for), STOPPING at the end."""
    with running(place, log_of(place), manager) as daemon:
        manager.wait("READY=1")
        assert manager.wait("STATUS=").startswith("STATUS=NOT protected: this is a dry run")
        manager.wait("WATCHDOG=1")
        os.kill(daemon.pid, signal.SIGHUP)
        reloading = manager.wait("RELOADING=1").split("\n")
        now = time.monotonic() * 1e6
        assert now - 5e6 < int(reloading[1].removeprefix("MONOTONIC_USEC=")) <= now
        manager.wait("READY=1")
        (daemon.home / "etc" / "jail.local").write_text("[broken\n")
        os.kill(daemon.pid, signal.SIGHUP)
        manager.wait("RELOADING=1")
        manager.wait("READY=1")
        assert manager.is_fed()
    manager.wait("STOPPING=1")


def test_a_ledger_that_takes_nothing_stops_the_signs_of_life(place: Path, manager: Manager) -> None:
    """When no more byte of the ledger can be written no sign of life comes through, though the daemon answers."""
    log = log_of(place)
    with running(place, log, manager, most_bytes=600_000) as daemon:
        assert manager.is_fed(SECONDS)
        with log.open("a") as file:
            file.write("".join(failed(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(8000)))
        wait_for(lambda: "ledger" in " ".join(daemon.call("status")["problems"]), "the ledger's trouble")
        wait_for(lambda: not manager.is_fed(), "the end of the signs of life")
        assert daemon.call("ping")["pong"]
        assert daemon.call("status")["problems"]


def test_an_enforcer_that_hangs_stops_the_signs_of_life(netns: Pair, place: Path, manager: Manager) -> None:
    """The process that blocks stands still: the daemon turns, but no sign of life comes through."""
    with running(place, log_of(place), manager, netns) as daemon:
        assert manager.is_fed(SECONDS)
        (enforcer,) = _children(daemon.pid)
        os.kill(enforcer, signal.SIGSTOP)
        try:
            manager.is_fed(0.5)
            assert not manager.is_fed()
            assert daemon.call("ping")["pong"]
        finally:
            os.kill(enforcer, signal.SIGCONT)
        assert manager.is_fed(SECONDS)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def test_the_funnel_goes_on_after_a_kill(place: Path) -> None:
    """Lines are counted by stage for `status`; after kill -9 the counts go on where the cursor does: each line once."""
    log = log_of(place)
    daemon = Daemon(place / "s", None, jail_local=jail_local(log, ["maxretry = 3"]), dry_run=True)
    for written in (5, 10):
        daemon.start()
        with log.open("a") as file:
            file.write("Jan  1 00:00:00 srv cron[1]: nothing\n" * 2 + failed("192.0.2.1", count=3))

        def counted(lines: int = written) -> bool:
            funnel = daemon.call("status", jail="sshd")["jails"][0]["funnel"]
            return (funnel["read"], funnel["matched"]) == (lines, lines * 3 // 5)

        wait_for(counted, f"count of {written} lines")
        daemon.kill()
    with daemon:
        funnel = daemon.call("status")["jails"][0]["funnel"]
        assert (funnel["read"], funnel["candidate"], funnel["address"]) == (10, 6, 6)
        assert (funnel["counted"], funnel["banned"]) == (3, 1)
        assert "10 read, 6 candidate, 6 dated, 6 matched" in daemon.cli("why", "192.0.2.9", check=False).stdout


def test_a_blind_filter_is_said_and_shown(netns: Pair, place: Path, manager: Manager) -> None:
    """A program that took another name: the alarm is in the log once, in the first line of status, in its JSON with
    code and remedy, in the service manager's status, and counted; a control character in the line stays harmless."""
    log = log_of(place)
    with running(place, log, manager, netns) as daemon:
        with log.open("a") as file:
            file.write(failed("192.0.2.1", "\x1b[31msshd-next", count=1) + failed("192.0.2.1", "sshd-next", count=30))
        status = wait_for(lambda: (s := daemon.call("status"))["alarms"] and s, "the alarm")
        (alarm,) = status["alarms"]
        assert (alarm["code"], alarm["subject"]) == ("filter-blind", f"file:{log} sshd-next")
        assert "Failed password for root" in alarm["text"]
        assert alarm["remedy"]
        assert status["alarms_raised"]["filter-blind"] == 1
        first = daemon.cli("status", check=False).stdout.splitlines()
        assert first[0].startswith("● protected: ")
        assert first[0].endswith("; 1 alarm: filter-blind")
        wait_for(lambda: "1 alarm: filter-blind" in manager.wait("STATUS=protected"), "the alarm in STATUS")
        assert "▲" in first[1]
        assert "sshd-next" in first[1]
        said = [line for line in daemon.log().splitlines() if "Alarm" in line]
        assert len(said) == 1
        assert "WARNING" in said[0]
        assert "\x1b" not in daemon.log()
