"""Logs of containers by name and label: the files that Docker and Podman keep, as they are documented, on disk."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stockade.model.chunk import Entries
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import ContainerSettings
from stockade.sources.containers import containers
from stockade.sources.containers.containers import LOOK_SECONDS, Containers, containers_name
from stockade.sources.containers.joining import MAX_LINE, MAX_RECORD
from stockade.sources.containers.records import json_file_piece, k8s_file_piece, moment

TIME = "2026-01-05T00:31:41.5Z"
AT = 1_767_573_101.5
A, B, C = ("a" * 64, "b" * 64, "c" * 64)


@dataclass
class DockerHost:
    """Docker's directory, written as Docker writes it."""

    root: Path

    def create(self, id_: str, name: str, *, driver: str = "json-file", **labels: str) -> Path:
        """Makes a container; gives the path of its log."""
        home = self.root / id_
        home.mkdir(parents=True)
        config = {"ID": id_, "Name": f"/{name}", "Config": {"Labels": labels, "Image": "x"}, "State": {"Running": True}}
        (home / "config.v2.json").write_text(json.dumps(config))
        (home / "hostconfig.json").write_text(json.dumps({"LogConfig": {"Type": driver, "Config": {}}}))
        return home / f"{id_}-json.log"

    def remove(self, id_: str) -> None:
        """`docker rm`."""
        shutil.rmtree(self.root / id_)


def say(path: Path, *texts: str, stream: str = "stdout", time: str = TIME) -> None:
    """Writes records of the json-file driver."""
    with path.open("a") as file:
        file.writelines(json.dumps({"log": text, "stream": stream, "time": time}) + "\n" for text in texts)


@pytest.fixture
def host(tmp_path: Path) -> DockerHost:
    """A machine with Docker and no container."""
    root = tmp_path / "containers"
    root.mkdir()
    return DockerHost(root)


class Reader:
    """A source of containers with a clock of its own, and everything it gave."""

    def __init__(self, source: Containers) -> None:
        self.source = source
        self.now = Monotonic(0.0)
        self.items: list[Entries] = []

    def read(self, seconds: float = 0.0) -> list[bytes]:
        """Lets time pass and reads until nothing comes; the new lines."""
        self.now = Monotonic(self.now + seconds)
        before = len(self.items)
        for _ in range(1000):
            new = [item for item in self.source.read(self.now) if isinstance(item, Entries)]
            self.items += new
            due = self.source.deadline(self.now)
            if not new and (due is None or due > self.now):
                break
        return [line for item in self.items[before:] for _, line in item.entries]

    def cursors(self) -> dict[str, Cursor]:
        """What the ledger would hold."""
        return {item.source: Cursor(item.source, mark=item.mark) for item in self.items}


@pytest.fixture
def follow(host: DockerHost) -> Iterator[Callable[..., Reader]]:
    """Opens sources and closes them after the test."""
    opened: list[Containers] = []

    def make(
        *names: str,
        labels: tuple[str, ...] = (),
        cursors: dict[str, Cursor] | None = None,
        engine: str = "docker",
        root: Path | None = None,
        since: float = 0.0,
    ) -> Reader:
        settings = ContainerSettings(engine, names, labels, str(root or host.root))
        opened.append(Containers(settings, Wall(since), cursors or {}))
        return Reader(opened[-1])

    yield make
    for source in opened:
        source.close()


def test_names_and_labels_choose(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """Any of the names and all of the labels; everything else is left alone."""
    for number, (name, labels) in enumerate(
        [("web-1", {"app": "shop"}), ("web-2", {"app": "blog"}), ("db", {"app": "shop", "tier": "x"}), ("other", {})]
    ):
        say(host.create(f"{number:064d}", name, **labels), f"{name}\n")
    assert sorted(follow("web-*").read()) == [b"web-1", b"web-2"]
    assert sorted(follow("web-1", "db").read()) == [b"db", b"web-1"]
    assert sorted(follow(labels=("app=shop",)).read()) == [b"db", b"web-1"]
    assert follow(labels=("app=s*", "tier")).read() == [b"db"]
    assert follow("web-*", labels=("tier",)).read() == []


def test_time_and_text_are_the_records(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """The engine's time, to the fraction; the line as the container wrote it, whatever bytes."""
    say(host.create(A, "web"), 'a "quoted" \u00e9\t\\ line\n', "\n")
    reader = follow("web")
    reader.read()
    (item,) = reader.items
    assert item.entries == ((AT, 'a "quoted" \u00e9\t\\ line'.encode()), (AT, b""))
    assert (item.source, item.is_live) == (f"{reader.source.source}/web", False)
    say(host.root / A / f"{A}-json.log", "live\n")
    assert reader.read() == [b"live"]
    assert reader.items[-1].is_live


def test_pieces_of_a_long_line_are_joined_by_stream(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """Docker cuts at 16 KiB; two streams may take turns."""
    log = host.create(A, "web")
    say(log, "x" * 16384, stream="stdout")
    say(log, "y" * 16384, stream="stderr")
    say(log, "end\n", stream="stdout")
    reader = follow("web")
    assert reader.read() == [b"x" * 16384 + b"end"]
    say(log, "fin\n", stream="stderr")
    assert reader.read() == [b"y" * 16384 + b"fin"]


def test_an_endless_line_is_bounded(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """What the scanner would not read is not kept; the next line counts."""
    log = host.create(A, "web")
    say(log, *["z" * 16384] * 20, "\n", "next\n")
    long, following = follow("web").read()
    assert (len(long), following) == (MAX_LINE, b"next")


def test_a_restart_goes_on_in_the_middle_of_a_line(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """The cursor stays at the first piece of an unfinished line: nothing is lost and nothing comes twice."""
    log = host.create(A, "web")
    say(log, "one\n", "tw")
    first = follow("web")
    assert first.read() == [b"one"]
    say(log, "o\n", "three\n")
    second = follow("web", cursors=first.cursors())
    assert second.read() == [b"two", b"three"]
    assert follow("web", cursors=second.cursors()).read() == []


def test_a_container_made_anew_is_followed_under_its_name(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """The last words of the old one, then the new one from its first line, as one source."""
    old = host.create(A, "web")
    say(old, "old\n")
    reader = follow("web")
    assert reader.read() == [b"old"]
    say(old, "last\n")
    host.remove(A)
    say(host.create(B, "web"), "new\n")
    assert reader.read(LOOK_SECONDS) == [b"last", b"new"]
    assert len({item.source for item in reader.items}) == 1
    say(host.root / B / f"{B}-json.log", "live\n")
    assert reader.read() == [b"live"]


def test_made_anew_while_nobody_looked(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """The cursor of the old container is none of the new one's."""
    say(host.create(A, "web"), "old\n")
    first = follow("web")
    first.read()
    host.remove(A)
    say(host.create(B, "web"), "n\n", "e\n", "w\n")
    assert follow("web", cursors=first.cursors()).read() == [b"n", b"e", b"w"]


def test_containers_that_come_later_and_are_renamed(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """A new one is found within two seconds, with all it has said; `docker rename` counts."""
    reader = follow("web-*")
    assert reader.read() == []
    assert [row.state for row in reader.source.status()] == ["waiting"]
    say(host.create(A, "web-1"), "hello\n")
    say(host.create(B, "new"), "from the start\n")
    assert reader.read(LOOK_SECONDS) == [b"hello"]
    config = host.root / B / "config.v2.json"
    config.write_text(config.read_text().replace("/new", "/web-two"))
    assert reader.read(LOOK_SECONDS) == [b"from the start"]
    assert {row.source.rpartition("/")[2] for row in reader.source.status()} == {"web-1", "web-two"}


def test_rotation_by_max_size(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """Docker renames the file (.1, .2, …) and begins another: every line once, over a restart as well."""
    log = host.create(A, "web")
    reader = follow("web")
    wanted: list[bytes] = []
    got = reader.read()
    for turn in range(5):
        say(log, f"{turn} before\n", f"{turn} last, in ")
        if turn % 2:
            got += reader.read()
        for number in (2, 1):
            if (old := log.with_name(f"{log.name}.{number}")).exists():
                old.rename(log.with_name(f"{log.name}.{number + 1}"))
        log.rename(log.with_name(f"{log.name}.1"))
        say(log, "pieces\n")
        got += reader.read()
        wanted += [f"{turn} before".encode(), f"{turn} last, in pieces".encode()]
    assert got == wanted
    say(log, "while it was down\n")
    log.rename(log.with_name(f"{log.name}.1"))
    say(log, "and after\n")
    assert follow("web", cursors=reader.cursors()).read() == [b"while it was down", b"and after"]


def test_damaged_records_are_counted(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """A full disk leaves half a record; what comes after it counts."""
    log = host.create(A, "web")
    log.write_text('{"log":"half\n[1]\n{"log":1}\n' + "x" * (MAX_RECORD + 10) + "\n" + "[" * 9999 + "\n")
    say(log, "no time\n", time="yesterday")
    say(log, "whole\n")
    reader = follow("web")
    assert reader.read() == [b"whole"]
    assert "6 records could not be read" in reader.source.status()[0].detail


def test_what_is_too_old_is_not_read(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """A big log without a cursor is entered where it begins to matter, by the records' own time."""
    log = host.create(A, "web")
    say(log, *[f"old {number} {'x' * 200}\n" for number in range(20_000)])
    say(log, "recent\n", time="2026-01-06T00:00:00Z")
    lines = follow("web", since=AT + 3600).read()
    assert lines[-1] == b"recent"
    assert len(lines) < 5000


def test_drivers_that_leave_nothing_here_are_said(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """A container that logs to another machine is not silently unwatched."""
    host.create(A, "web", driver="gelf")
    reader = follow("web")
    reader.read()
    (row,) = reader.source.status()
    assert (row.state, "driver gelf" in row.detail, "json-file or journald" in row.detail) == ("failed", True, True)


def test_hostile_and_broken_files_of_the_engine_are_passed_over(
    host: DockerHost, follow: Callable[..., Reader]
) -> None:
    """What is no container is none: other names, broken JSON, lists for objects, names with slashes."""
    (host.root / "not-an-id").mkdir()
    for number, text in enumerate(
        ["{", "[]", '{"Name":["x"]}', '{"Name":"/a/b"}', '{"Name":"/web","Config":[]}', "[" * 99999]
    ):
        home = host.root / f"{number:064x}"
        home.mkdir()
        (home / "config.v2.json").write_text(text)
    reader = follow("*")
    reader.read()
    assert [row.source.rpartition("/")[2] for row in reader.source.status()] == ["web"]


def test_a_machine_without_the_engine_waits(follow: Callable[..., Reader], tmp_path: Path) -> None:
    """Docker may be installed later."""
    reader = follow("web", root=tmp_path / "nowhere")
    assert reader.read() == []
    (row,) = reader.source.status()
    assert (row.state, row.detail) == ("waiting", "no such container; it is read as soon as it is made")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_may_not_be_read_is_a_problem(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """The remedy is told, and when it heals the containers are read."""
    say(host.create(A, "web"), "hello\n")
    host.root.chmod(0)
    reader = follow("web")
    reader.read()
    assert "cannot be read: Permission denied → start the daemon as root" in reader.source.status()[0].detail
    host.root.chmod(0o700)
    assert reader.read(LOOK_SECONDS) == [b"hello"]


def test_too_many_containers_are_said(
    host: DockerHost, follow: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound on what is followed shows in `status`."""
    monkeypatch.setattr(containers, "MAX_FOLLOWED", 2)
    for number in range(3):
        say(host.create(f"{number:064d}", f"web-{number}"), "x\n")
    reader = follow("web-*")
    assert len(reader.read()) == 2
    assert [row.state for row in reader.source.status()].count("failed") == 1


def test_podman_by_name(tmp_path: Path, follow: Callable[..., Reader]) -> None:
    """The k8s-file driver: F for whole lines, P for pieces; names from containers.json and the volatile one."""
    root = tmp_path / "overlay-containers"
    for id_ in (A, B):
        (root / id_ / "userdata").mkdir(parents=True)
    log = root / A / "userdata" / "ctr.log"
    stamp = "2026-01-05T01:31:41.500000000+01:00"
    log.write_text(f"{stamp} stdout P one \n{stamp} stderr F error\n{stamp} stdout F two\n{stamp} stdout F:x \nbad\n")
    (root / "containers.json").write_text(json.dumps([{"id": A, "names": ["web"]}, {"id": "../x", "names": ["web"]}]))
    (root / "volatile-containers.json").write_text(
        json.dumps([{"id": B, "names": ["job"]}, {"id": C, "names": ["gone"]}])
    )
    (root / B / "userdata" / "ctr.log").write_text(f"{stamp} stdout F volatile\n")
    reader = follow("web", engine="podman", root=root)
    assert reader.read() == [b"error", b"one two", b""]
    assert reader.items[0].entries[0][0] == AT
    assert follow("*", engine="podman", root=root).read() == [b"error", b"one two", b"", b"volatile"]


def test_podman_makes_the_file_later(tmp_path: Path, follow: Callable[..., Reader]) -> None:
    """Between `podman create` and the start there is no log, and the journal is looked at; then there is."""
    root = tmp_path / "overlay-containers"
    (root / A / "userdata").mkdir(parents=True)
    (root / "containers.json").write_text(json.dumps([{"id": A, "names": ["web"]}]))
    reader = follow("web", engine="podman", root=root)
    assert reader.read() == []
    (root / A / "userdata" / "ctr.log").write_text(f"{TIME} stdout F up\n")
    assert reader.read(LOOK_SECONDS) == [b"up"]


def test_every_descriptor_is_released(host: DockerHost, follow: Callable[..., Reader]) -> None:
    """Containers come and go; what they needed goes with them."""
    reader = follow("web-*")
    reader.read()
    before = len(os.listdir("/proc/self/fd"))
    for number in range(20):
        say(host.create(f"{number:064d}", f"web-{number}"), "x\n")
    assert len(reader.read(LOOK_SECONDS)) == 20
    for number in range(20):
        host.remove(f"{number:064d}")
    assert reader.read(LOOK_SECONDS) == []
    assert len(os.listdir("/proc/self/fd")) == before
    reader.source.close()
    reader.source.close()
    assert (reader.source.fileno(), reader.source.deadline(reader.now), reader.source.read(reader.now)) == (
        -1,
        None,
        [],
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-05T00:31:41Z", 1_767_573_101.0),
        ("2026-01-05T00:31:41.123456789Z", 1_767_573_101.123456789),
        ("2026-01-04T19:31:41.5-05:00", 1_767_573_101.5),
        ("2026-13-05T00:31:41Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-01-05 00:31:41", None),
        (17, None),
        (None, None),
    ],
)
def test_times(text: object, seconds: float | None) -> None:
    """RFC 3339 with nine digits, as Go writes it."""
    assert moment(text) == seconds


@pytest.mark.parametrize("line", [b"", b"\xff", b"null", b'"x"', b"{}", b"{" * 9999, b"a b c d", b"2026 stdout F x"])
def test_no_line_breaks_the_readers_of_records(line: bytes) -> None:
    """Whatever stands in a file, a record is read or it is not."""
    assert json_file_piece(line) is None
    assert k8s_file_piece(line) is None


def test_names_of_sources() -> None:
    """A selection is one stream; behind it stands the container."""
    settings = ContainerSettings("docker", ("a", "b"), ("app=x",), "/r")
    assert containers_name(settings) == "docker[name=a name=b label=app=x root=/r]"
