"""Private network namespaces for tests, gone on every way out.

A namespace lives as long as a `cat` that waits for its input. When the test ends, crashes or is killed with -9, that
pipe closes, `cat` ends, and the kernel removes the namespace with its links, addresses and firewall. Nothing is named,
so nothing is left in /run/netns, and the machine's own network is never touched.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from shutil import which
from types import TracebackType
from typing import Any

_CLONE_NEWNET = 0x40000000
_SECONDS = 20.0


def missing_part() -> str:
    """Says what this host lacks for namespaces; "" when nothing."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    for tool in ("ip", "nsenter", "unshare", "nft"):
        if which(tool) is None:
            return f"needs {tool}"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "the kernel grants no network namespace"


class Namespace:
    """One network namespace with `lo` up. Use as a context manager, or call `close`."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--", "sh", "-c", "ip link set lo up; echo up; exec cat >/dev/null"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"up\n":
            self.close()
            raise RuntimeError("no network namespace")

    @property
    def pid(self) -> int:
        """A process inside, for `ip link set … netns PID` and `nsenter -t PID -n`."""
        return self._holder.pid

    def argv(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` inside."""
        return ["nsenter", "-t", str(self.pid), "-n", "--", *argv]

    def run(self, argv: Sequence[str], *, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs a program inside and gives its output as text; fails the test when it fails, unless `check` is False."""
        done = subprocess.run(self.argv(argv), capture_output=True, text=True, timeout=_SECONDS, check=False, **options)
        assert not check or done.returncode == 0, f"{argv}: {done.stderr}{done.stdout}"
        return done

    def popen(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Starts a program inside; the caller ends it."""
        return subprocess.Popen(self.argv(argv), **options)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Moves this thread inside for a while: sockets it makes and processes it forks belong there for good."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(there)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(there)
            os.close(home)

    def socket(self, family: int, kind: int, address: str, port: int = 0) -> socket.socket:
        """Makes a bound socket inside."""
        with self.enter():
            made = socket.socket(family, kind)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address, port))
        except OSError:
            made.close()
            raise
        return made

    def close(self) -> None:
        """Lets the namespace go; idempotent. Processes inside must have been ended by whoever started them."""
        for stream in (self._holder.stdin, self._holder.stdout):
            if stream is not None:
                stream.close()
        try:
            self._holder.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._holder.kill()
            self._holder.wait()

    def __enter__(self) -> Namespace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True)
class Pair:
    """Two namespaces joined by a cable (`veth0` on both sides): `server` is attacked, `client` attacks.

    The client has several addresses: two of one IPv6 /64, one of another.
    """

    server: Namespace
    client: Namespace
    server_v4: str = "10.99.0.1"
    server_v6: str = "fd99:0:0:1::1"
    client_v4: tuple[str, ...] = ("10.99.0.2", "10.99.0.3", "10.99.1.2")
    client_v6: tuple[str, ...] = ("fd99:0:0:2::2", "fd99:0:0:2::3", "fd99:0:0:3::2")


@contextmanager
def joined() -> Iterator[Pair]:
    """Makes a pair and takes it down again."""
    with Namespace() as server, Namespace() as client:
        pair = Pair(server, client)
        server.run(["ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns", str(client.pid)])
        _addresses(server, [f"{pair.server_v4}/16"], [f"{pair.server_v6}/48"])
        _addresses(client, [f"{one}/16" for one in pair.client_v4], [f"{one}/48" for one in pair.client_v6])
        yield pair


def _addresses(namespace: Namespace, v4: list[str], v6: list[str]) -> None:
    lines = [f"addr add {one} dev veth0" for one in v4]
    lines += [f"-6 addr add {one} dev veth0 nodad" for one in v6]
    lines.append("link set veth0 up")
    for line in lines:
        namespace.run(["ip", *line.split()])


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
