"""Senders for the tests of syslog listeners: real sockets, certificates made on the spot."""

from __future__ import annotations

import select
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from shutil import which

import pytest

from stockade.model.chunk import Entries
from stockade.model.clock import Monotonic, Wall
from stockade.model.settings import SyslogSettings
from stockade.sources.syslog.listener import Local, SyslogListener

ARRIVAL = Wall(1_795_363_205.0)
"""2026-11-22 16:00:05 UTC: when everything arrives."""

LOCAL = Local(lambda: ARRIVAL, UTC, "here")
SECONDS = 10.0


class Ear:
    """An open listener with its own clock, which only the test moves."""

    def __init__(self, settings: SyslogSettings) -> None:
        self.now = Monotonic(100.0)
        self.listener = SyslogListener(settings, LOCAL)
        self.listener.open(self.now)
        self.is_spoofable: set[bool] = set()

    @property
    def port(self) -> int:
        """The port that the kernel chose for port 0."""
        assert self.listener._receiver is not None, self.listener.status()
        return int(self.listener._receiver.socket.getsockname()[1])

    def connect(self, address: str = "127.0.0.1", source: str = "127.0.0.1") -> socket.socket:
        """A connection to it."""
        return socket.create_connection((address, self.port), timeout=SECONDS, source_address=(source, 0))

    def turn(self) -> list[bytes]:
        """One reading."""
        lines = []
        for item in self.listener.read(self.now):
            assert isinstance(item, Entries)
            assert item.is_live
            self.is_spoofable.add(item.is_spoofable)
            lines += [line for _, line in item.entries]
        return lines

    def hear(self, count: int) -> list[bytes]:
        """Reads as the loop does, until so many lines are there."""
        lines: list[bytes] = []
        end = time.monotonic() + SECONDS
        while len(lines) < count:
            assert time.monotonic() < end, (lines, self.counts())
            if self.listener.deadline(self.now) != self.now:
                select.select([self.listener.fileno()], [], [], 0.2)
            lines += self.turn()
        return lines

    def settle(self, **counts: int) -> None:
        """Reads until the listener has counted what is expected."""
        end = time.monotonic() + SECONDS
        while {name: self.counts()[name] for name in counts} != counts:
            assert time.monotonic() < end, (counts, self.counts())
            if self.listener.deadline(self.now) != self.now:
                select.select([self.listener.fileno()], [], [], 0.2)
            self.turn()

    def counts(self) -> dict[str, int]:
        """The listener's own."""
        return self.listener.statistics()


@contextmanager
def ear(kind: str = "tcp", **options: object) -> Iterator[Ear]:
    """A listener on the loopback, or on a path."""
    place = {} if "path" in options else {"host": "127.0.0.1"}
    made = Ear(SyslogSettings(kind, **{**place, **options}))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.listener.close()


class Papers:
    """A certificate authority of the test's own, a server's and a client's certificate."""

    def __init__(self, home: Path) -> None:
        if which("openssl") is None:
            pytest.skip("needs openssl")
        self.home = home
        self.ca, self.ca_key = home / "ca.pem", home / "ca.key"
        self._run(
            *("req", "-x509", "-subj", "/CN=test authority", "-days", "2", *self._new(self.ca_key)),
            *("-out", str(self.ca), "-addext", "keyUsage=critical,keyCertSign"),
        )
        self.server, self.server_key = self._signed("server", "127.0.0.1")
        self.client, self.client_key = self._signed("client", "192.0.2.1")

    def _signed(self, name: str, address: str) -> tuple[Path, Path]:
        cert, key, request = (self.home / f"{name}.{end}" for end in ("pem", "key", "csr"))
        self._run("req", "-subj", f"/CN={name}", *self._new(key), "-out", str(request))
        extensions = self.home / f"{name}.ext"
        extensions.write_text(f"subjectAltName=IP:{address}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
        self._run(
            *("x509", "-req", "-in", str(request), "-CA", str(self.ca), "-CAkey", str(self.ca_key), "-days", "2"),
            *("-CAcreateserial", "-extfile", str(extensions), "-out", str(cert)),
        )
        return cert, key

    def _new(self, key: Path) -> Sequence[str]:
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key))

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)

    def client_context(self, *, with_certificate: bool) -> ssl.SSLContext:
        """A client that trusts the server."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if with_certificate:
            context.load_cert_chain(self.client, self.client_key)
        return context
