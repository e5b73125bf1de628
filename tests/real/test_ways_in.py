"""Commands, containers, JSON lines and the kernel's log through the whole daemon, and the engines' own files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from stockade.model.chunk import Entries
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import ContainerSettings, JournalSettings
from stockade.sources.containers.container import Container
from stockade.sources.containers.containers import Containers
from stockade.sources.containers.follower import Follower, JournalFollower
from stockade.sources.journal import Journal
from tests.real import journals
from tests.real.machines import Daemon, wait_for
from tests.real.namespaces import Pair

NOW = Monotonic(1.0)
ID = "a" * 64

needs_journals = pytest.mark.skipif(bool(journals.is_missing()), reason=journals.is_missing() or "-")

JAILS = """
[DEFAULT]
bantime = 1h
maxretry = 2
action = nftables
[box]
enabled = true
filter =
backend = docker[label=app=web, root={home}/containers]
failregex = ^bad login from <ADDR>$
[program]
enabled = true
filter =
backend = command
logcommand = sh -c 'for i in 1 2; do echo bad login from 192.0.2.8; done; exec sleep 1000'
failregex = ^bad login from <ADDR>$
[json]
enabled = true
filter = caddy
logpath = {home}/access.log
"""


def record(text: str) -> str:
    """What Docker writes of a line that was said now."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime())
    return json.dumps({"log": text + "\n", "stream": "stdout", "time": stamp}) + "\n"


def request(address: str) -> str:
    """What Caddy writes of a refused request now."""
    fields = {"remote_ip": address, "method": "GET", "host": "h", "uri": "/"}
    return json.dumps({"ts": time.time(), "logger": "http.log.access", "request": fields, "status": 401}) + "\n"


@pytest.mark.real
@pytest.mark.usefixtures("away_from_host")
def test_the_daemon_bans_by_every_way_in(place: Path, netns: Pair) -> None:
    """A container's line, a program's and a record's field each ban, and none counts again after a restart."""
    home = place / "containers" / ID
    home.mkdir(parents=True)
    (home / "config.v2.json").write_text(json.dumps({"Name": "/web-1", "Config": {"Labels": {"app": "web"}}}))
    (home / "hostconfig.json").write_text(json.dumps({"LogConfig": {"Type": "json-file"}}))
    box, access = home / f"{ID}-json.log", place / "access.log"
    box.write_text(record("bad login from 192.0.2.7"))
    (place / "containers").chmod(0o700)  # as Docker's own directory: for root only
    access.write_text(request("192.0.2.9"))
    daemon = Daemon(place / "stockade", netns.server, jail_local=JAILS.format(home=place))
    with daemon:
        daemon.wait_banned("192.0.2.8")
        append(box, record("bad login from 192.0.2.7"))
        append(access, request("192.0.2.9"))
        rows = daemon.wait_banned("192.0.2.7", "192.0.2.8", "192.0.2.9")
        assert {row["id"]: row["jail"] for row in rows} == {
            "192.0.2.7": "box",
            "192.0.2.8": "program",
            "192.0.2.9": "json",
        }
        assert daemon.call("status")["rights"]["capabilities"] == "CAP_DAC_READ_SEARCH"
        children = wait_for(lambda: _children(daemon.pid), "the program")
        daemon.stop()
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    append(box, record("bad login from 192.0.2.17") * 2)
    with daemon:
        daemon.wait_banned("192.0.2.17")
    assert daemon.log().count("Found 192.0.2.7") == 2


def append(path: Path, text: str) -> None:
    """Adds to a log."""
    with path.open("a") as log:
        log.write(text)


def _children(parent: int) -> list[int]:
    """The programs that a process has started for its jails: sessions of their own."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, _, rest = entry.read_text().partition(" ")
            fields = rest.rpartition(") ")[2].split()
            if int(fields[1]) == parent and fields[3] == pid:
                found.append(int(pid))
    return found


@needs_journals
def test_containers_that_log_to_the_journal(tmp_path: Path) -> None:
    """Docker's and Podman's journald drivers: found by name like the others, the line as the container wrote it."""
    path = tmp_path / "journal" / "system.journal"
    own = {"CONTAINER_ID_FULL": ID, "CONTAINER_NAME": "web-1", "SYSLOG_IDENTIFIER": "0123456789ab", "_PID": "7"}
    other = {**own, "CONTAINER_ID_FULL": "b" * 64, "CONTAINER_NAME": "db"}
    journals.write(path, journals.exported(0, "first: line", **own), journals.exported(1, "not mine", **other))
    home = tmp_path / "containers" / ID
    home.mkdir(parents=True)
    (home / "config.v2.json").write_text(json.dumps({"Name": "/web-1"}))
    (home / "hostconfig.json").write_text(json.dumps({"LogConfig": {"Type": "journald"}}))

    def journal(settings: JournalSettings, since: Wall, cursor: Cursor | None) -> Journal:
        return Journal(JournalSettings(settings.matches, path=str(path.parent)), since, cursor)

    def follow(engine: str, container: Container, name: str, since: Wall, mark: str) -> Follower:
        return JournalFollower(container.id, name, since, mark, journal)

    def read(cursors: dict[str, Cursor]) -> list[Entries]:
        settings = ContainerSettings("docker", ("web-*",), root=str(tmp_path / "containers"))
        source = Containers(settings, Wall(0.0), cursors, follow=follow)
        items: list[Entries] = []
        for _ in range(20):
            items += [item for item in source.read(NOW) if isinstance(item, Entries)]
        source.close()
        return items

    items = read({})
    assert [line for item in items for _, line in item.entries] == [b"first: line"]
    assert items[0].entries[0][0] == journals.START
    journals.write(path, journals.exported(2, "second", **own))
    again = read({item.source: Cursor(item.source, mark=item.mark) for item in items})
    assert [line for item in again for _, line in item.entries] == [b"second"]


def _answers(argv: list[str]) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


ENGINES: dict[str, Callable[[], bool]] = {
    "docker": lambda: _answers(["docker", "info"]) and os.geteuid() == 0,
    "podman": lambda: _answers(["podman", "info"]) and os.geteuid() == 0,
}
DRIVER = {"docker": "json-file", "podman": "k8s-file"}


@pytest.mark.real
@pytest.mark.parametrize("engine", ENGINES)
def test_a_real_engine(engine: str, tmp_path: Path) -> None:
    """A container of a real engine is found by its name, and what it says is read, a long line in one piece."""
    if not ENGINES[engine]():
        pytest.skip(f"needs a running {engine}, and root")
    busybox = shutil.which("busybox")
    if (
        busybox is None
        or b"statically" not in subprocess.run(["file", busybox], capture_output=True, check=True).stdout
    ):
        pytest.skip("needs a static busybox to make an image of")
    image, name = f"stockade-test-{os.getpid()}", f"stockade-{os.getpid()}"
    (tmp_path / "bin").mkdir()
    shutil.copy(busybox, tmp_path / "bin" / "busybox")
    archive = subprocess.run(["tar", "-C", str(tmp_path), "-c", "bin"], capture_output=True, check=True).stdout
    subprocess.run([engine, "import", "-", image], input=archive, check=True, capture_output=True)
    script = "echo hello; head -c 40000 /dev/zero | tr '\\0' x; echo"
    argv = [engine, "run", "--name", name, "--network=none", f"--log-driver={DRIVER[engine]}", image]
    source = Containers(ContainerSettings(engine, (name,)), Wall(0.0), {})
    try:
        subprocess.run([*argv, "/bin/busybox", "sh", "-c", script], check=True, capture_output=True, timeout=60)
        items: list[Entries] = []
        for _ in range(20):
            items += [item for item in source.read(NOW) if isinstance(item, Entries)]
        assert [line for item in items for _, line in item.entries] == [b"hello", b"x" * 40000]
    finally:
        source.close()
        subprocess.run([engine, "rm", "-f", name], capture_output=True, check=False)
        subprocess.run([engine, "rmi", image], capture_output=True, check=False)
