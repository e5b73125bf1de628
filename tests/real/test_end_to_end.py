"""The whole machine: a real attacker fails to log in to a real sshd and is really shut out."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real import journals
from tests.real.machines import (
    Daemon,
    SshServer,
    is_reachable,
    jail_local,
    listening,
    log_in,
    missing_ssh,
    nft,
    wait_for,
)
from tests.real.namespaces import Pair
from tests.unit.control_schema import RESULTS, faults

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("away_from_host")]

FAILED = "{now} srv sshd[{pid}]: Failed password for root from {host} port 4711 ssh2\n"


@pytest.fixture
def log(place: Path) -> Path:
    """An empty log file that the daemon's user may read."""
    path = place / "auth.log"
    path.touch(mode=0o644)
    return path


@pytest.fixture
def daemon(netns: Pair, place: Path, log: Path) -> Iterator[Daemon]:
    """A daemon in the server's namespace that watches `log`."""
    with Daemon(place / "stockade", netns.server, jail_local=jail_local(log, ["maxretry = 3"])) as running:
        yield running


def fail(log: Path, *hosts: str, times: int = 3) -> None:
    """Writes failures as sshd would."""
    now = time.strftime("%b %e %H:%M:%S")
    with log.open("a") as file:
        for host in hosts:
            file.writelines(FAILED.format(now=now, pid=1000 + number, host=host) for number in range(times))


@pytest.mark.parametrize("template", ["RSYSLOG_FileFormat", "RSYSLOG_TraditionalFileFormat"])
def test_a_real_attacker_is_really_banned(netns: Pair, place: Path, template: str) -> None:
    """After maxretry failed log-ins the next SYN is dropped, others get in, and `why` shows sshd's own lines."""
    if missing_ssh():
        pytest.skip(missing_ssh())
    attacker, bystander, _ = netns.client_v4
    log = place / "ssh" / "auth.log"
    daemon = Daemon(place / "stockade", netns.server, jail_local=jail_local(log, ["maxretry = 3"]))
    with SshServer(log.parent, netns.server, netns.server_v4, template), daemon:
        for _ in range(3):
            assert is_reachable(netns.client, attacker, netns.server_v4)
            assert log_in(netns.client, attacker, netns.server_v4) != 0
        daemon.wait_banned(attacker)
        assert not is_reachable(netns.client, attacker, netns.server_v4)
        assert is_reachable(netns.client, bystander, netns.server_v4)
        why = daemon.call("why", id=attacker)
        status = daemon.call("status")
    assert why["verdict"] == "banned"
    assert sum(f"Failed password for root from {attacker}" in line for line in why["bans"][0]["matches"]) == 3
    assert status["verdict"].startswith("protected: 1 jail watching, 1 address blocked")


def test_the_command_line_tells_the_story(daemon: Daemon, log: Path, netns: Pair) -> None:
    """status, bans, why, ban and unban agree with each other and with the kernel."""
    attacker = netns.client_v4[0]
    fail(log, attacker)
    daemon.wait_banned(attacker)
    assert "protected: 1 jail watching, 1 address blocked (1 verified in the kernel)" in daemon.cli("status").stdout
    assert attacker in daemon.cli("bans").stdout
    assert json.loads(daemon.cli("why", attacker, "--json").stdout)["verdict"] == "banned"
    daemon.cli("unban", attacker)
    assert daemon.call("bans")["bans"] == []
    with listening(netns.server, netns.server_v4, 2222):
        assert wait_for(lambda: is_reachable(netns.client, attacker, netns.server_v4, 2222), "unblocking")
        daemon.cli("ban", attacker, "--for", "1h", "--reason", "by hand")
        daemon.wait_banned(attacker)
        assert not is_reachable(netns.client, attacker, netns.server_v4, 2222)


def test_answers_follow_their_schema(daemon: Daemon, log: Path) -> None:
    """Every reading command answers exactly what `control.schema` documents, for banned and for unknown addresses."""
    fail(log, "192.0.2.1", "2001:db8::1")
    fail(log, "192.0.2.2", times=1)
    daemon.wait_banned("192.0.2.1", "2001:db8::/64")
    for command, arguments in (
        ("ping", {}),
        ("version", {}),
        ("status", {}),
        ("status", {"jail": "sshd"}),
        ("bans", {}),
        *[("why", {"id": name}) for name in ("192.0.2.1", "2001:db8::1", "192.0.2.2", "203.0.113.9")],
        ("ban", {"ids": ["198.51.100.1"], "seconds": -1}),
        ("unban", {"ids": ["198.51.100.1", "203.0.113.9"]}),
        ("reload", {}),
    ):
        assert faults(daemon.call(command, **arguments), RESULTS[command]) == [], (command, arguments)
    assert daemon.call("why", id="2001:db8::1")["verdict"] == "banned"
    assert daemon.call("why", id="192.0.2.2")["windows"][0]["count"] == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("ban", "bogus"), "no address and no network"),
        (("ban", "192.0.2.1", "--jail", "nosuch"), "there is no jail 'nosuch'"),
        (("status", "nosuch"), "there is no jail 'nosuch'"),
    ],
)
def test_wrong_requests_get_a_clear_error(daemon: Daemon, words: tuple[str, ...], complaint: str) -> None:
    """What cannot be done is said with its remedy and an honest exit status; the daemon goes on."""
    done = daemon.cli(*words, check=False)
    assert done.returncode in (2, 4)
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert daemon.call("ping")["pong"]


def test_an_established_connection_dies(daemon: Daemon, log: Path, netns: Pair) -> None:
    """A ban reaches connections that were open before it."""
    attacker = netns.client_v4[0]
    with (
        listening(netns.server, netns.server_v4, 2222) as listener,
        netns.client.socket(socket.AF_INET, socket.SOCK_STREAM, attacker) as connection,
    ):
        connection.connect((netns.server_v4, 2222))
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(0.5)
            connection.sendall(b"before")
            assert accepted.recv(16) == b"before"
            fail(log, attacker)
            daemon.wait_banned(attacker)
            connection.sendall(b"after")
            with pytest.raises(TimeoutError):
                accepted.recv(16)


def test_ipv6_attackers_are_banned_with_their_network(daemon: Daemon, log: Path, netns: Pair) -> None:
    """Our own configuration bans the /64: the neighbour address is shut out, another network is not."""
    attacker, neighbour, other = netns.client_v6

    def is_open(source: str) -> bool:
        with netns.client.socket(socket.AF_INET6, socket.SOCK_STREAM, source) as attempt:
            attempt.settimeout(0.3)
            return attempt.connect_ex((netns.server_v6, 2222)) == 0

    with netns.server.socket(socket.AF_INET6, socket.SOCK_STREAM, netns.server_v6, 2222) as listener:
        listener.listen()
        for source in netns.client_v6:  # neighbour discovery is over before anyone is banned
            wait_for(lambda source=source: is_open(source), "a first connection")
        fail(log, attacker)
        daemon.wait_banned("fd99:0:0:2::/64")
        assert [is_open(source) for source in (attacker, neighbour, other)] == [False, False, True]


def test_bans_survive_kill_9_without_a_gap(daemon: Daemon, log: Path, netns: Pair) -> None:
    """The kernel goes on blocking while the daemon is dead; a new one adopts the ban with its original end."""
    attacker = netns.client_v4[0]
    fail(log, attacker)
    (before,) = daemon.wait_banned(attacker)
    daemon.kill()
    with listening(netns.server, netns.server_v4, 2222):
        assert not is_reachable(netns.client, attacker, netns.server_v4, 2222)
        daemon.start()
        (after,) = daemon.wait_banned(attacker)
        assert not is_reachable(netns.client, attacker, netns.server_v4, 2222)
    assert after["until"] == before["until"]
    assert daemon.call("status")["jails"][0]["failures_counted"] == 3


def test_failures_halfway_to_a_ban_survive_kill_9(daemon: Daemon, log: Path, netns: Pair) -> None:
    """What was counted before a crash still counts; no line counts twice."""
    attacker = netns.client_v4[0]
    fail(log, attacker, times=2)
    wait_for(lambda: daemon.call("why", id=attacker)["windows"], "two failures")
    daemon.kill()
    daemon.start()
    assert wait_for(lambda: daemon.call("why", id=attacker)["windows"], "its window")[0]["count"] == 2
    fail(log, attacker, times=1)
    daemon.wait_banned(attacker)


@pytest.mark.parametrize(("bans_at_exit", "tables"), [("keep", 1), ("remove", 0), ("auto", 0)])
def test_a_clean_end_leaves_what_it_was_told_to(
    netns: Pair, place: Path, log: Path, bans_at_exit: str, tables: int
) -> None:
    """Asked to keep bans they outlive the daemon; started in a terminal nothing is left behind."""
    daemon = Daemon(place / "s", netns.server, jail_local=jail_local(log), bans_at_exit=bans_at_exit)
    with daemon:
        daemon.call("ban", ids=["192.0.2.1"])
        daemon.wait_banned("192.0.2.1")
        assert daemon.stop() == 0
    assert sum("table" in item for item in nft(netns.server, "list", "tables")["nftables"]) == tables
    assert not Path(daemon.options.socket).exists()


def test_a_log_that_appears_later_is_picked_up(netns: Pair, place: Path) -> None:
    """Without any log the daemon starts, says that nothing protects, and reads the file once it is there."""
    log = place / "later" / "auth.log"
    with Daemon(place / "s", netns.server, jail_local=jail_local(log, ["maxretry = 3"])) as daemon:
        assert daemon.call("status")["verdict"].startswith("NOT protected: no jail has a log to read")
        log.parent.mkdir()
        log.touch(mode=0o644)
        fail(log, "192.0.2.1")
        daemon.wait_banned("192.0.2.1")
        assert daemon.call("status")["protected"]


def test_rotation_loses_nothing(daemon: Daemon, log: Path) -> None:
    """Lines before, at and after a rename-and-create rotation all count."""
    fail(log, "192.0.2.1", times=2)
    log.rename(log.with_name("auth.log.1"))
    log.touch(mode=0o644)
    fail(log, "192.0.2.1", times=1)
    daemon.wait_banned("192.0.2.1")


def test_the_daemon_has_no_rights(daemon: Daemon) -> None:
    """What reads hostile bytes runs under its own user without a single capability."""
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


def test_reload_is_transactional(daemon: Daemon, log: Path) -> None:
    """A wrong configuration is refused with file and line and changes nothing; a right one applies, bans stay."""
    fail(log, "192.0.2.1")
    daemon.wait_banned("192.0.2.1")
    local = Path(daemon.options.config) / "jail.local"
    good = local.read_text()
    local.write_text(good.replace("bantime = 1d", "bantime = one day"))
    refused = daemon.cli("reload", check=False)
    assert refused.returncode != 0
    assert "jail.local:2" in refused.stderr
    local.write_text(good.replace("maxretry = 3", "maxretry = 2"))
    daemon.cli("reload")
    fail(log, "192.0.2.2", times=2)
    assert {row["id"] for row in daemon.wait_banned("192.0.2.2")} == {"192.0.2.1", "192.0.2.2"}


def test_ignoreip_is_respected(netns: Pair, place: Path, log: Path) -> None:
    """An exempt address is never banned, and `why` names the rule."""
    local = jail_local(log, ["maxretry = 3", "ignoreip = 192.0.2.0/24 localhost"])
    with Daemon(place / "s", netns.server, jail_local=local) as daemon:
        fail(log, "192.0.2.7", "198.51.100.1", "127.0.0.1", times=5)
        daemon.wait_banned("198.51.100.1")
        assert [row["id"] for row in daemon.call("bans")["bans"]] == ["198.51.100.1"]
        assert daemon.call("why", id="192.0.2.7")["ignored_by"] == "ignoreip 192.0.2.0/24"


def test_a_machine_that_has_only_the_journal(netns: Pair, place: Path) -> None:
    """The shipped sshd jail reads the journal's own entries, matched by their fields, and bans; a restart goes on."""
    if journals.is_missing():
        pytest.skip(journals.is_missing())
    attacker = netns.client_v4[0]
    journal = place / "journal"
    journal.mkdir(mode=0o755)
    where = f"backend = systemd[journalpath={journal}]"
    local = f"[DEFAULT]\nbantime = 1d\nmaxretry = 3\n[sshd]\nenabled = true\n{where}\n"

    def log(*texts: str) -> None:
        for text in texts:
            message = text or f"Failed password for root from {attacker} port 4711 ssh2"
            second = time.time() - journals.START
            entry = journals.exported(
                second, message, _COMM="sshd", _UID="0", SYSLOG_IDENTIFIER="sshd", SYSLOG_PID="77"
            )
            journals.write(journal / "system.journal", entry)
        (journal / "system.journal").chmod(0o644)

    log("Server listening on 0.0.0.0 port 22.", "")
    with Daemon(place / "s", netns.server, jail_local=local) as daemon:
        wait_for(lambda: daemon.call("why", id=attacker)["windows"], "the first failure")
        daemon.kill()
        log("")
        daemon.start()
        log("")
        daemon.wait_banned(attacker)
        assert daemon.call("status")["jails"][0]["failures_counted"] == 3
