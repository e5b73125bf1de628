"""Measures the time from the write of the deciding log line to the first dropped packet, ban after ban.

A UDP packet from the banned address is sent every few microseconds into the server's namespace; the cable delivers at
once, so the first one that does not arrive shows the drop.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

from tests.real.machines import Daemon
from tests.real.namespaces import Pair

PORT = 4711
LINE = "sshd[{pid}]: Failed password for root from {host} port 4711 ssh2\n"


def hosts(count: int) -> list[str]:
    """Addresses of attackers, all on the client's cable."""
    return [f"10.99.{8 + number // 200}.{1 + number % 200}" for number in range(count)]


def measure(pair: Pair, daemon: Daemon, log: Path, count: int, maxretry: int = 3) -> list[float]:
    """Bans `count` addresses one after the other; returns the seconds from line to drop of each."""
    attackers = hosts(count)
    for host in attackers:
        pair.client.run(["ip", "addr", "add", f"{host}/16", "dev", "veth0"])
    with (
        log.open("a", buffering=1) as file,
        pair.server.socket(socket.AF_INET, socket.SOCK_DGRAM, pair.server_v4, PORT) as receiver,
    ):
        receiver.setblocking(False)
        for host in attackers:
            file.write("".join(_line(host) for _ in range(maxretry - 1)))
        for host in attackers:
            pair.client.run(["ping", "-c1", "-W1", "-I", host, pair.server_v4], check=False)
        return [_one(pair, file.write, receiver, host) for host in attackers]


def _line(host: str) -> str:
    stamp = time.strftime("%b %e %H:%M:%S srv ")
    return stamp + LINE.format(pid=1000, host=host)


def _one(pair: Pair, write: object, receiver: socket.socket, host: str) -> float:
    with pair.client.socket(socket.AF_INET, socket.SOCK_DGRAM, host) as sender:
        sender.connect((pair.server_v4, PORT))
        line = _line(host)
        assert _arrives(sender, receiver), f"{host} is blocked before it failed"
        started = time.perf_counter()
        write(line)  # type: ignore[operator]
        while True:
            sent = time.perf_counter()
            if not _arrives(sender, receiver):
                return sent - started
            assert sent - started < 10, f"{host} was not blocked within 10 s"


def _arrives(sender: socket.socket, receiver: socket.socket) -> bool:
    """Sends one packet and takes it at the other end; the cable needs no time, a busy kernel may need a moment."""
    sender.send(b"x")
    for _ in range(20):
        try:
            receiver.recv(8)
        except BlockingIOError:
            continue
        return True
    return False
