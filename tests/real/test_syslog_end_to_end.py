"""Syslog over sockets into a real daemon: real senders, real bans, and what senders must not be able to do."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.real.machines import Daemon, wait_for
from tests.real.namespaces import Namespace, Pair
from tests.syslog_senders import Papers, ear

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("away_from_host")]

FAILED = "Failed password for root from {host} port 4711 ssh2"
FORWARDING = """
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{socket}")
*.* action(type="omfwd" target="{target}" port="{port}" protocol="tcp" TCP_Framing="{framing}" template="{template}")
"""


def jail_local(listen: str, *extra: str, jails: tuple[str, ...] = ("sshd",)) -> str:
    """A `jail.local` whose jails share one listener."""
    lines = ["[DEFAULT]", "bantime = 1d", "maxretry = 3", f"inbox = syslog[{listen}]", *extra]
    for jail in jails:
        lines += [f"[{jail}]", "enabled = true", "filter = sshd", "backend = %(inbox)s"]
    return "\n".join(lines) + "\n"


@contextmanager
def rsyslog(home: Path, namespace: Namespace, target: str, port: int, framing: str, template: str) -> Iterator[Path]:
    """A real rsyslogd that forwards what comes in at a Unix socket; gives the socket."""
    program = which("rsyslogd", path="/usr/sbin:/sbin:/usr/bin")
    if program is None:
        pytest.skip("needs rsyslogd")
    home.mkdir()
    inbox = home / "log"
    config = home / "rsyslog.conf"
    config.write_text(FORWARDING.format(socket=inbox, target=target, port=port, framing=framing, template=template))
    argv = [program, "-n", "-i", "NONE", "-f", str(config)]
    process = namespace.popen(argv, stderr=subprocess.DEVNULL)
    try:
        wait_for(inbox.exists, "rsyslogd's socket")
        yield inbox
    finally:
        process.terminate()
        process.wait(20)


def log(namespace: Namespace, inbox: Path, host: str, times: int = 3) -> None:
    """Lets the real `logger` write failures as sshd would."""
    for number in range(times):
        tag = f"--tag=sshd --id={1000 + number} --priority=auth.info --socket={inbox}"
        namespace.run(["logger", *tag.split(), "--", FAILED.format(host=host)])


@pytest.mark.parametrize(
    ("framing", "template"),
    [("traditional", "RSYSLOG_TraditionalForwardFormat"), ("octet-counted", "RSYSLOG_SyslogProtocol23Format")],
)
def test_lines_that_rsyslog_forwards_ban(netns: Pair, place: Path, framing: str, template: str) -> None:
    """A real rsyslog on another host forwards sshd's lines by TCP; the attacker is banned and `why` shows the lines."""
    listen = f'listen="tcp:{netns.server_v4}:5140", from={netns.client_v4[0]}'
    with (
        Daemon(place / "s", netns.server, jail_local=jail_local(listen)) as daemon,
        rsyslog(place / "r", netns.client, netns.server_v4, 5140, framing, template) as inbox,
    ):
        log(netns.client, inbox, "192.0.2.66")
        daemon.wait_banned("192.0.2.66")
        why = daemon.call("why", id="192.0.2.66")
        assert sum("sshd[100" in line and "192.0.2.66" in line for line in why["bans"][0]["matches"]) == 3


def test_udp_bans_only_where_the_jail_says_so(netns: Pair, place: Path) -> None:
    """Two jails share one UDP listener: the one with `spoofable = ban` bans, the other only says whom it would have."""
    text = jail_local(f'listen="udp:{netns.server_v4}:514", from="10.99.0.0/16"', jails=("trusting", "sshd"))
    text = text.replace("[sshd]", "spoofable = ban\n[sshd]")
    with Daemon(place / "s", netns.server, jail_local=text) as daemon:
        with netns.client.socket(socket.AF_INET, socket.SOCK_DGRAM, netns.client_v4[0]) as sender:
            for number in range(3):
                line = FAILED.format(host="192.0.2.66")
                sender.sendto(f"<86>sshd[{number + 7}]: {line}".encode(), (netns.server_v4, 514))
        bans = daemon.wait_banned("192.0.2.66")
        assert [ban["jail"] for ban in bans] == ["trusting"]
        status = {jail["name"]: jail for jail in daemon.call("status")["jails"]}
        assert "ban nobody" in status["sshd"]["detail"]
        assert "3 failures" in status["sshd"]["detail"]
        assert status["trusting"]["detail"] == ""
        assert "forge" in status["sshd"]["sources"][0]["detail"]
        assert "[sshd] 192.0.2.66 is not banned: its 3 failures came over UDP" in daemon.log()


def test_local_programs_reach_a_unix_socket(lone_netns: Namespace, place: Path) -> None:
    """The real `logger` writes to a Unix socket of ours, whose mode is what was asked for."""
    inbox = place / "run" / "log"
    text = jail_local(f'listen="unix:{inbox}", mode=0622')
    inbox.parent.mkdir()
    with Daemon(place / "s", lone_netns, jail_local=text) as daemon:
        assert inbox.stat().st_mode & 0o777 == 0o622
        log(lone_netns, inbox, "192.0.2.66")
        daemon.wait_banned("192.0.2.66")


@contextmanager
def flooding(namespace: Namespace, target: tuple[str, int], payload: bytes) -> Iterator[None]:
    """A process in a namespace that sends datagrams as fast as it can."""
    code = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.connect((sys.argv[1], int(sys.argv[2])))\n"
        "data = sys.stdin.buffer.read()\n"
        "print('on', flush=True)\n"
        "while True:\n"
        "    try: s.send(data)\n"
        "    except OSError: pass\n"
    )
    argv = [sys.executable, "-c", code, target[0], str(target[1])]
    process = namespace.popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(payload)
        process.stdin.close()
        assert process.stdout.readline() == b"on\n"
        yield
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


@pytest.mark.parametrize("payload", ["matching", "garbage"])
def test_a_flood_over_udp_leaves_other_sources_alone(netns: Pair, place: Path, payload: str) -> None:
    """While a sender floods the UDP listener, a file's attacker is banned without delay, memory stays bounded, and what
    the kernel dropped is said."""
    log_file = place / "auth.log"
    log_file.touch(mode=0o644)
    text = jail_local(f'listen="udp:{netns.server_v4}:5140", from="10.99.0.0/16"')
    text += f"[filed]\nenabled = true\nfilter = sshd\nlogpath = {log_file}\nbackend = auto\n"
    data = f"<86>sshd[7]: {FAILED.format(host='192.0.2.66')}".encode() if payload == "matching" else os.urandom(1200)
    with Daemon(place / "s", netns.server, jail_local=text) as daemon:
        before = resident(daemon.pid)
        with flooding(netns.client, (netns.server_v4, 5140), data), log_file.open("a", buffering=1) as file:
            source = wait_for(lambda: flooded(daemon), "dropped datagrams")
            delays = []
            for number in range(10):
                host = f"198.51.100.{number + 1}"
                started = time.monotonic()
                file.write(3 * (time.strftime("%b %e %H:%M:%S srv ") + f"sshd[8]: {FAILED.format(host=host)}\n"))
                daemon.wait_banned(host)
                delays.append(time.monotonic() - started)
        assert "dropped" in source["detail"]
        assert {ban["jail"] for ban in daemon.call("bans")["bans"]} == {"filed"}
        assert statistics.median(delays) < 0.5, delays
        assert resident(daemon.pid) - before < 64 * 1024 * 1024
    print(f"\nban from a file under a UDP flood ({payload}): median {statistics.median(delays) * 1e3:.0f} ms")


def flooded(daemon: Daemon) -> dict[str, Any] | None:
    """The UDP source's row, once the kernel has dropped something."""
    jails = {jail["name"]: jail for jail in daemon.call("status")["jails"]}
    (source,) = jails["sshd"]["sources"]
    return source if "dropped" in source["detail"] else None


def resident(pid: int) -> int:
    """Bytes of memory in use."""
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_reload_keeps_sockets_and_what_waits_in_them(netns: Pair, place: Path) -> None:
    """Numbered datagrams are sent through reloads with changed and unchanged listeners: every one is counted."""
    listen = f'listen="udp:{netns.server_v4}:514", from="10.99.0.0/16"'
    with Daemon(place / "s", netns.server, jail_local=jail_local(listen)) as daemon:
        local = Path(daemon.options.config) / "jail.local"
        sent = 0
        with netns.client.socket(socket.AF_INET, socket.SOCK_DGRAM, netns.client_v4[0]) as sender:
            for turn in range(6):
                if turn % 2:
                    local.write_text(jail_local(listen.replace("10.99.0.0/16", f"10.99.0.0/{15 + turn}")))
                for number in range(200):
                    message = f"<86>sshd[{turn}]: {FAILED.format(host=f'192.0.2.{1 + number}')}"
                    sender.sendto(message.encode(), (netns.server_v4, 514))
                    sent += 1
                    if number == 100:
                        daemon.call("reload")

        def counted() -> bool:
            return f"{sent} failures so far" in daemon.call("status")["jails"][0]["detail"]

        wait_for(counted, f"{sent} failures")
        assert daemon.call("status")["verdict"].startswith("NOT protected: lines over UDP ban nobody")
        why = daemon.call("why", id="192.0.2.199")
        assert why["verdict"] == "not-banned"
        assert "came over UDP, where anybody can forge the sender" in why["explanation"]


def test_tls_with_client_certificates_bans(netns: Pair, place: Path) -> None:
    """The daemon reads key and certificate with its rights at the start, though only root may read them, and a real
    `openssl s_client` with a certificate is heard."""
    papers = Papers(place)
    for path in place.glob("*.key"):
        path.chmod(0o600)
    listen = f'listen="tls:{netns.server_v4}", cert={papers.server}, key={papers.server_key}, ca={papers.ca}'
    with Daemon(place / "s", netns.server, jail_local=jail_local(listen)) as daemon:
        messages = "".join(f"<86>sshd[{number}]: {FAILED.format(host='192.0.2.66')}\n" for number in range(3))
        client = ["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", f"{netns.server_v4}:6514"]
        client += ["-cert", str(papers.client), "-key", str(papers.client_key), "-CAfile", str(papers.ca)]
        netns.client.run(client, input=messages)
        daemon.wait_banned("192.0.2.66")


def test_hostile_connections_leave_other_sources_alone(netns: Pair, place: Path) -> None:
    """Connections beyond every bound, with garbage, frames without end, half messages and silence: a file's attacker is
    banned meanwhile, an honest sender is heard, memory stays bounded, and `status` says what happened."""
    log_file = place / "auth.log"
    log_file.touch(mode=0o644)
    text = jail_local(f'listen="tcp:{netns.server_v4}:5140", from="10.99.0.0/16"')
    text += f"[filed]\nenabled = true\nfilter = sshd\nlogpath = {log_file}\nbackend = auto\n"
    hostile = [b"", b"\x00\xff" * 3000, b"9999999 <1>", b"<86>" + b"A" * 200_000, b"8 <1>abcd?", b"<86>Nov 22 16:"]
    with Daemon(place / "s", netns.server, jail_local=text) as daemon, ExitStack() as stack:
        before = resident(daemon.pid)
        for number in range(240):
            source = netns.client_v4[number % 2]
            sender = stack.enter_context(netns.client.socket(socket.AF_INET, socket.SOCK_STREAM, source))
            with suppress(OSError):  # refused at once when there are too many
                sender.connect((netns.server_v4, 5140))
                sender.setblocking(False)
                sender.send(hostile[number % len(hostile)])
        stamp = time.strftime("%b %e %H:%M:%S srv ")
        with log_file.open("a") as file:
            file.write(3 * (stamp + f"sshd[8]: {FAILED.format(host='198.51.100.1')}\n"))
        with netns.client.socket(socket.AF_INET, socket.SOCK_STREAM, netns.client_v4[2]) as honest:
            honest.connect((netns.server_v4, 5140))
            honest.sendall(3 * f"<86>sshd[7]: {FAILED.format(host='192.0.2.66')}\n".encode())
            daemon.wait_banned("198.51.100.1", "192.0.2.66")
        (row,) = next(jail for jail in daemon.call("status")["jails"] if jail["name"] == "sshd")["sources"]
        assert row["state"] == "reading"
        for what in ("too long and cut", "connections too many", "spoke no syslog"):
            assert what in row["detail"]
        assert resident(daemon.pid) - before < 32 * 1024 * 1024


@pytest.mark.parametrize(
    "how", ["--tcp", "--tcp --rfc3164", "--tcp --octet-count", "--tcp --rfc5424=notq", "--udp", "--udp --rfc3164"]
)
def test_logger_is_understood_however_it_speaks(lone_netns: Namespace, how: str) -> None:
    """The real `logger`, over the network, in every format and framing it has, gives the line a file would have."""
    with lone_netns.enter(), ear(how[2:5]) as it:
        argv = f"logger --server 127.0.0.1 --port {it.port} {how} --tag sshd --id=42 --priority auth.info --".split()
        sender = lone_netns.popen([*argv, FAILED.format(host="192.0.2.66")])
        (line,) = it.hear(1)
        sender.wait(20)
    host, _, rest = line.partition(b" ")
    assert host not in (b"", b"127.0.0.1")
    assert rest == b"sshd[42]: Failed password for root from 192.0.2.66 port 4711 ssh2"
