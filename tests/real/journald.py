"""A real systemd-journald in a mount namespace of its own, with directories of its own, for tests.

Its /run is a new file system and its /var/log a directory of the test, so this machine's journal, sockets and log are
never touched. It ends with the context manager. The namespace lives as long as a `cat` that waits for its input, so it
is gone on every way out.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

PROGRAM = "/lib/systemd/systemd-journald"
_SECONDS = 20.0

_SETTINGS = """[Journal]
Storage={storage}
ReadKMsg=no
Audit=no
RateLimitIntervalSec=0
RateLimitBurst=0
SystemMaxFileSize=1M
SystemMaxUse=10M
SystemKeepFree=1M
RuntimeMaxUse=10M
RuntimeKeepFree=1M
ForwardToSyslog=no
ForwardToWall=no
"""

_HOLD = 'mount -t tmpfs tmpfs /run && mount --bind "$1" /var/log && echo up && exec cat >/dev/null'


def missing_part() -> str:
    """Says what this host lacks for a journald of the test's own; "" when nothing."""
    if os.geteuid() != 0:
        return "needs root for a mount namespace"
    if not os.access(PROGRAM, os.X_OK):
        return "needs systemd-journald"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "the kernel grants no mount namespace"


class Journald:
    """The daemon and its namespace; `path` must be short (a socket lies in it) and empty."""

    def __init__(self, path: Path, *, storage: str = "persistent") -> None:
        self._path = path
        self._log = path / "log"
        (self._log / "journal" if storage == "persistent" else self._log).mkdir(parents=True)
        hold = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", _HOLD, "-", str(self._log)]
        self._holder = subprocess.Popen(hold, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            assert self._holder.stdout is not None
            assert self._holder.stdout.readline() == b"up\n"
            self._run = Path(f"/proc/{self._holder.pid}/root/run")
            (self._run / "systemd/journald.conf.d").mkdir(parents=True)
            settings = _SETTINGS.format(storage=storage)
            (self._run / "systemd/journald.conf.d/test.conf").write_text(settings)
            self.start()
            if storage == "persistent":
                self.flush()  # before the first one it writes to /run, whatever its settings
        except BaseException:
            self.close()
            raise

    @property
    def lasting(self) -> Path:
        """What it takes for /var/log/journal."""
        return self._log / "journal"

    def inside(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` in its namespace."""
        return ["nsenter", "-t", str(self._holder.pid), "-m", "--", *argv]

    def start(self) -> None:
        """Starts it and waits until it says that it is ready, as it says to the service manager: before, a signal would
        end it."""
        address = self._path / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(address))
            manager.settimeout(_SECONDS)
            environment = {**os.environ, "NOTIFY_SOCKET": str(address)}
            output = subprocess.DEVNULL
            self._process = subprocess.Popen(
                self.inside([PROGRAM]), env=environment, stdin=output, stdout=output, stderr=output
            )
            while b"READY=1" not in manager.recv(4096):
                pass
        self._sender.connect(str(self._run / "systemd/journal/socket"))

    def send(self, message: str, *, user: int = 0) -> None:
        """Writes one entry as sshd of the given user would; waits while the daemon has no room."""
        text = f"MESSAGE={message}\nSYSLOG_IDENTIFIER=sshd\n".encode()
        credentials = struct.pack("3i", os.getpid(), user, user)
        self._sender.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)])

    def rotate(self) -> None:
        """Has it begin new files."""
        self._signal(signal.SIGUSR2, "rotated")

    def flush(self) -> None:
        """Has it move what is in /run to /var/log, as `journalctl --flush` does."""
        self.lasting.mkdir(exist_ok=True)
        self._signal(signal.SIGUSR1, "flushed")

    def sync(self) -> None:
        """Waits until everything that was sent is in files."""
        self._signal(signal.SIGRTMIN + 1, "synced")

    def _signal(self, number: int, name: str) -> None:
        """Sends a signal and waits for the file whose time says that it was served."""
        assert self._process is not None
        done = self._run / "systemd/journal" / name
        before = done.stat().st_mtime_ns if done.exists() else 0
        self._process.send_signal(number)
        _wait(lambda: done.exists() and done.stat().st_mtime_ns != before, f"journald has {name}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ends it; with SIGKILL its file stays marked as open. Idempotent."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_SECONDS)
            self._process = None

    def close(self) -> None:
        """Ends it and its namespace; idempotent."""
        self.stop(signal.SIGKILL)
        self._sender.close()
        for stream in (self._holder.stdin, self._holder.stdout):
            if stream is not None:
                stream.close()
        self._holder.wait(_SECONDS)

    def __enter__(self) -> Journald:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _wait(is_done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not is_done():
        assert time.monotonic() < deadline, f"not in {_SECONDS:.0f} s: {what}"
        select.select([], [], [], 0.005)
