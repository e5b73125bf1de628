"""Real programs for tests: a Stockade daemon, an OpenSSH server with its syslog daemon, an ssh client.

Everything runs inside network namespaces of the test; the ssh server also has a mount namespace of its own, so that
`/dev/log` and `/run/sshd` are its own and the machine's are never touched. Every process ends with its `with` block.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Any, TypeVar

from stockade.control.client import Client
from stockade.daemon.options import Options
from stockade.errors import StockadeError
from tests.real.namespaces import Namespace

T = TypeVar("T")
SECONDS = 20.0
"""How long a test waits for anything before it fails."""


def missing_ssh() -> str:
    """Says which program for a real ssh log-in is missing; "" when none is."""
    return next((f"needs {tool}" for tool in ("sshd", "ssh", "sshpass", "rsyslogd") if not _which(tool)), "")


def _which(tool: str) -> str | None:
    return which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def wait_for(condition: Callable[[], T], what: str, seconds: float = SECONDS) -> T:
    """Looks again and again until a condition holds; for things that cannot be waited for by descriptor."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s"
        select.select([], [], [], 0.005)


class Daemon:
    """A running `stockade run`, started inside a namespace, with its log lines collected in a file."""

    def __init__(
        self, home: Path, namespace: Namespace | None, *, jail_local: str = "", config: str = "", **options: Any
    ) -> None:
        self.home = home
        self.log_path = home / "daemon.log"
        etc = home / "etc"
        etc.mkdir(parents=True, exist_ok=True)
        if jail_local:
            (etc / "jail.local").write_text(jail_local)
        self.options = Options(
            config=config or str(etc), state=str(home / "state"), socket=str(home / "run" / "control.sock"), **options
        )
        self._namespace = namespace
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **popen: Any) -> Daemon:
        """Starts it and waits until it answers."""
        self.launch(**popen)
        wait_for(self._answers, "the daemon's first answer")
        return self

    def launch(self, environment: Mapping[str, str] | None = None, **popen: Any) -> None:
        """Starts it without waiting; `environment` is added to this process's own."""
        argv = [sys.executable, "-P", "-m", "stockade.daemon", self.options.to_json()]
        if self._namespace is not None:
            argv = self._namespace.argv(argv)
        own = {name: value for name, value in os.environ.items() if name not in ("NOTIFY_SOCKET", "INVOCATION_ID")}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(argv, stderr=log, stdout=log, env={**own, **(environment or {})}, **popen)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the daemon ended:\n{self.log()}"
        try:
            return bool(self.call("ping")["pong"])
        except StockadeError:
            return False

    def call(self, command: str, **arguments: object) -> dict[str, Any]:
        """Asks the daemon through its control socket."""
        with Client(Path(self.options.socket), timeout=SECONDS) as client:
            return client.call(command, **arguments)

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs the command line against this daemon."""
        argv = [sys.executable, "-m", "stockade", *arguments, "--socket", self.options.socket]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def wait_banned(self, *ids: str) -> list[dict[str, Any]]:
        """Waits until all of these are banned and verified in the kernel; returns every ban's row."""

        def rows() -> list[dict[str, Any]]:
            found = self.call("bans")["bans"]
            verified = {row["id"] for row in found if row["state"] == "verified"}
            return found if verified.issuperset(ids) else []

        return wait_for(rows, f"ban of {', '.join(ids)}")

    def log(self) -> str:
        """What it has said so far, over all starts."""
        return self.log_path.read_text()

    @property
    def pid(self) -> int:
        """The daemon's process."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """Ends it cleanly; returns its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(SECONDS)

    def kill(self) -> None:
        """Ends it the hard way."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(SECONDS)

    def __enter__(self) -> Daemon:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:  # pytest shows it with the failure
            sys.stderr.write("\n".join(self.log().splitlines()[-40:]))
        if self._process is not None and self._process.poll() is None:
            self.kill()


SSHD_CONFIG = """
Port 22
ListenAddress {address}
HostKey {home}/host_key
PidFile none
UsePAM no
PasswordAuthentication yes
PermitRootLogin yes
KbdInteractiveAuthentication no
UseDNS no
MaxStartups 100
"""

RSYSLOG_CONFIG = """
module(load="imuxsock" SysSock.Name="/dev/log")
module(load="builtin:omfile" Template="{template}")
$FileCreateMode 0644
auth,authpriv.* {log}
"""

MOUNTS = """
set -e
mount -t tmpfs tmpfs /run
mkdir /run/sshd
mkdir -p "$1/dev"
mount -t tmpfs tmpfs "$1/dev"
for node in null zero full random urandom tty; do : > "$1/dev/$node"; mount --bind "/dev/$node" "$1/dev/$node"; done
mkdir "$1/dev/pts" "$1/dev/shm"
mount --bind /dev/pts "$1/dev/pts"
ln -s pts/ptmx "$1/dev/ptmx"
mount --move "$1/dev" /dev
echo ready
exec cat > /dev/null
"""


class SshServer:
    """A real sshd with a real rsyslogd that writes its lines to `log`."""

    def __init__(self, home: Path, namespace: Namespace, address: str, template: str = "RSYSLOG_FileFormat") -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.log = home / "auth.log"
        self._home, self._namespace, self._address, self._template = home, namespace, address, template
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> SshServer:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def _start(self) -> None:
        home = self._home
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "host_key")], check=True)
        (home / "sshd_config").write_text(SSHD_CONFIG.format(address=self._address, home=home))
        (home / "rsyslog.conf").write_text(RSYSLOG_CONFIG.format(template=self._template, log=self.log))
        holder = self._namespace.popen(
            ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", MOUNTS, "mounts", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._started.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n", "no mount namespace for sshd"
        inside = ["nsenter", "-t", str(holder.pid), "-n", "-m", "--"]
        rsyslogd = [_which("rsyslogd") or "", "-n", "-i", "NONE", "-f", str(home / "rsyslog.conf")]
        self._started.append(subprocess.Popen([*inside, *rsyslogd], stderr=subprocess.DEVNULL))
        wait_for(lambda: subprocess.run([*inside, "test", "-S", "/dev/log"], check=False).returncode == 0, "/dev/log")
        sshd = [_which("sshd") or "", "-D", "-f", str(home / "sshd_config")]
        self._started.append(subprocess.Popen([*inside, *sshd], stderr=subprocess.DEVNULL))
        wait_for(self._is_listening, "sshd's first banner")

    def _is_listening(self) -> bool:
        with self._namespace.socket(socket.AF_INET, socket.SOCK_STREAM, self._address) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect((self._address, 22))
                return probe.recv(4) == b"SSH-"
            except OSError:
                return False

    def close(self) -> None:
        """Ends sshd, rsyslogd and the mount namespace."""
        for process in reversed(self._started):
            if process.stdin is not None:
                process.stdin.close()
            process.terminate()
        for process in reversed(self._started):
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def log_in(client: Namespace, source: str, server: str, user: str = "root", password: str = "wrong") -> int:
    """Tries to log in with the real ssh client from one address; returns its exit status."""
    options = {
        "BindAddress": source,
        "ConnectTimeout": "2",
        "LogLevel": "ERROR",
        "NumberOfPasswordPrompts": "1",
        "PreferredAuthentications": "password",
        "PubkeyAuthentication": "no",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
    }
    flags = [flag for name, value in options.items() for flag in ("-o", f"{name}={value}")]
    argv = ["sshpass", "-p", password, "ssh", "-F", "none", *flags, f"{user}@{server}", "true"]
    return client.run(argv, check=False).returncode


def is_reachable(client: Namespace, source: str, server: str, port: int = 22, seconds: float = 0.3) -> bool:
    """Tells whether a TCP connection from one address succeeds; False when the SYN gets no answer in time."""
    with client.socket(socket.AF_INET, socket.SOCK_STREAM, source) as attempt:
        attempt.settimeout(seconds)
        try:
            attempt.connect((server, port))
        except TimeoutError:
            return False
        return True


@contextmanager
def listening(namespace: Namespace, address: str, port: int) -> Iterator[socket.socket]:
    """A TCP socket that accepts connections in the kernel's queue."""
    with namespace.socket(socket.AF_INET, socket.SOCK_STREAM, address, port) as listener:
        listener.listen(64)
        yield listener


def nft(namespace: Namespace, *words: str) -> dict[str, Any]:
    """Asks the namespace's kernel for its ruleset as JSON."""
    return json.loads(namespace.run(["nft", "-j", *words]).stdout)


def jail_local(log: Path, extra: Sequence[str] = ()) -> str:
    """A `jail.local` as an operator writes it, for one log file."""
    lines = ["[DEFAULT]", "bantime = 1d", *extra, "[sshd]", "enabled = true", "port = ssh"]
    return "\n".join([*lines, f"logpath = {log}", "backend = auto"]) + "\n"
