"""The control server and client over real Unix sockets."""

from __future__ import annotations

import json
import os
import selectors
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stockade.control.client import Client
from stockade.control.protocol import MAX_REQUEST
from stockade.control.server import (
    IDLE,
    LONGEST_REPLY,
    MAX_CLIENTS,
    RESERVED_CLIENTS,
    SLOW_READER,
    UNANSWERED,
    ControlServer,
    Request,
)
from stockade.control.wire import encode_request
from stockade.errors import HostError, LedgerError, PeerError, RequestError, RightsError, Unreachable
from stockade.model.clock import Monotonic
from tests.unit.control_owner import Owner, status_result

PING = encode_request("ping", {})


class Loop:
    """Turns a server's selector by hand, with a clock that only the test moves."""

    def __init__(self, path: Path, **options: int) -> None:
        self.server = ControlServer(path, **options)
        self.path = path
        self.selector = selectors.DefaultSelector()
        self.server.register(self.selector)
        self.now = Monotonic(0.0)

    def turn(self, until_requests: int = 0) -> list[Request]:
        """Handles what is ready; with `until_requests` waits (at most 5 s) for that many."""
        requests: list[Request] = []
        while True:
            is_short = len(requests) < until_requests
            events = self.selector.select(5 if is_short else 0)
            assert events or not is_short, "no event within 5 s"
            if not events:
                return requests
            for key, mask in events:
                assert self.server.owns(key)
                requests += self.server.handle(key, mask, self.now)

    def pass_time(self, seconds: float) -> None:
        self.now = Monotonic(self.now + seconds)
        self.server.expire(self.now)

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(5)
        client.connect(str(self.path))
        self.turn()
        return client

    def close(self) -> None:
        self.server.close()
        self.selector.close()


@pytest.fixture
def loop(tmp_path: Path):
    made = Loop(tmp_path / "control.sock")
    yield made
    made.close()


def read_reply(client: socket.socket) -> dict:
    data = b""
    while not data.endswith(b"\n"):
        received = client.recv(1 << 20)
        assert received, f"closed after {data!r}"
        data += received
    return json.loads(data)


def test_a_call_comes_back_with_its_result(tmp_path: Path) -> None:
    """Client and server agree: arguments arrive checked, the result arrives unchanged, many calls on one connection."""
    with (
        Owner(tmp_path / "s", lambda request: {"echo": dict(request.arguments)}) as owner,
        Client(owner.path) as client,
    ):
        assert client.call("status", jail="sshd") == {"echo": {"jail": "sshd"}}
        assert client.call("bans", jail=None) == {"echo": {}}
    assert [(r.command, r.peer_uid, r.peer_pid) for r in owner.requests] == [
        ("status", os.geteuid(), os.getpid()),
        ("bans", os.geteuid(), os.getpid()),
    ]


def test_an_error_keeps_its_class_and_remedy(tmp_path: Path) -> None:
    """What the daemon raises is what the client raises, so exit statuses agree."""
    with (
        Owner(tmp_path / "s", lambda _: LedgerError("disk full", "free some")) as owner,
        Client(owner.path) as client,
        pytest.raises(LedgerError) as caught,
    ):
        client.call("ping")
    assert (caught.value.message, caught.value.remedy) == ("disk full", "free some")


def test_a_refused_request_leaves_the_connection_usable(tmp_path: Path) -> None:
    """One mistake does not cost the client its connection."""
    with Owner(tmp_path / "s", lambda _: {"pong": True}) as owner, Client(owner.path) as client:
        with pytest.raises(RequestError):
            client.call("nonsense")
        assert client.call("ping") == {"pong": True}


def test_a_large_result_arrives_whole(tmp_path: Path) -> None:
    """Replies larger than any socket buffer are sent in pieces as the client reads."""
    row = {**status_result(), "padding": "x" * 8_000_000}
    with Owner(tmp_path / "s", lambda _: row) as owner, Client(owner.path) as client:
        assert client.call("status") == row


def test_nobody_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    """No socket, a dead socket and something that is not a daemon each get their own sentence and a remedy."""
    with pytest.raises(Unreachable, match="no socket") as caught:
        Client(tmp_path / "s").call("ping")
    assert "stockade run" in caught.value.remedy
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(tmp_path / "dead"))
    dead.close()
    with pytest.raises(Unreachable, match="has stopped"):
        Client(tmp_path / "dead").call("ping")
    with pytest.raises(Unreachable, match="cannot reach"):
        Client(tmp_path / ("x" * 200)).call("ping")


@pytest.mark.parametrize(
    "answer", [b"hello\n", b"[]\n", b"[" * 50_000 + b"\n", b"{}\n", b'{"ok": true, "result": 1}\n']
)
def test_a_stranger_on_the_socket_is_recognised(tmp_path: Path, answer: bytes) -> None:
    """A program that is not stockade gives an error, not a traceback."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
        stranger.bind(str(tmp_path / "s"))
        stranger.listen(1)
        with Client(tmp_path / "s", timeout=5) as client:
            client._connect()
            served, _ = stranger.accept()
            with served:
                served.sendall(answer)
                with pytest.raises(PeerError):
                    client.call("ping")


def test_a_daemon_that_leaves_or_hangs_is_reported(tmp_path: Path) -> None:
    """A closed connection and a silent daemon both end the call."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen(1)
        with pytest.raises(Unreachable, match="did not answer within"):
            Client(tmp_path / "s", timeout=0.05).call("ping")
        client = Client(tmp_path / "s", timeout=5)
        client._connect()
        for _ in range(2):
            silent.accept()[0].close()
        with pytest.raises(Unreachable):
            client.call("ping")


def test_requests_of_one_client_are_taken_one_at_a_time(loop: Loop) -> None:
    """A client that sends a hundred requests at once gets the answers in order, and we hold only one."""
    with loop.connect() as client:
        client.sendall(PING * 100)
        for number in range(100):
            (request,) = loop.turn(until_requests=1)
            assert loop.turn() == []
            loop.server.reply(request.client, {"number": number})
            assert read_reply(client)["result"] == {"number": number}


def test_a_request_in_pieces_is_put_together(loop: Loop) -> None:
    """Where the kernel cuts the stream makes no difference."""
    with loop.connect() as client:
        for byte in PING[:-1]:
            client.send(bytes([byte]))
            assert loop.turn() == []
        client.send(b"\n")
        assert [r.command for r in loop.turn(until_requests=1)] == ["ping"]


def test_a_request_that_is_too_long_ends_the_connection(loop: Loop) -> None:
    """Beyond 64 KiB without newline the client is told so and closed; nothing of it stays."""
    with loop.connect() as client:
        client.sendall(b"x" * (MAX_REQUEST + 10))
        loop.turn()
        assert "longer than" in read_reply(client)["message"]
        assert loop.server.statistics()["clients"] == 0


def test_the_longest_request_is_still_read(loop: Loop) -> None:
    """A request of exactly 64 KiB is within the bound."""
    with loop.connect() as client:
        client.sendall(PING[:-1] + b" " * (MAX_REQUEST - len(PING) + 1) + b"\n")
        assert len(loop.turn(until_requests=1)) == 1


def test_a_reply_to_a_client_that_left_is_dropped(loop: Loop) -> None:
    """The owner may answer whenever it likes; descriptors that were reused meanwhile get nothing that is not theirs."""
    with loop.connect() as client:
        client.sendall(PING)
        (request,) = loop.turn(until_requests=1)
    loop.server.reply(request.client, {"pong": True})
    loop.turn()
    with loop.connect():
        loop.server.reply(request.client, {"pong": True})
        assert loop.server.statistics()["clients"] == 1


def test_an_answer_that_is_no_json_is_a_bug_not_a_crash(loop: Loop) -> None:
    """A result that cannot be written as JSON costs its client an error, and the daemon nothing."""
    with loop.connect() as client:
        for result in ({"x": float("inf")}, {"x": {1, 2}}):
            client.sendall(PING)
            (request,) = loop.turn(until_requests=1)
            loop.server.reply(request.client, result)
            assert read_reply(client)["code"] == "bug"


def test_more_clients_than_places_are_told_so(loop: Loop) -> None:
    """The bound on clients holds, and a place becomes free again when somebody leaves."""
    clients = [loop.connect() for _ in range(MAX_CLIENTS)]
    with loop.connect() as extra:
        assert "places" in read_reply(extra)["message"]
    clients.pop().close()
    loop.turn()
    with loop.connect() as welcome:
        welcome.sendall(PING)
        assert len(loop.turn(until_requests=1)) == 1
    for client in clients:
        client.close()


def test_an_idle_client_is_closed(loop: Loop) -> None:
    """Whoever asks nothing, or trickles half a request, loses the connection after the idle time."""
    with loop.connect() as client:
        assert loop.server.deadline(loop.now) == IDLE
        loop.pass_time(IDLE - 1)
        client.send(b"{")
        loop.turn()
        loop.pass_time(1)
        assert client.recv(10) == b""
        assert loop.server.deadline(loop.now) is None


def test_a_request_nobody_answers_is_given_up(loop: Loop) -> None:
    """The client learns that the daemon is busy; the late answer goes nowhere."""
    with loop.connect() as client:
        client.sendall(PING)
        (request,) = loop.turn(until_requests=1)
        loop.pass_time(UNANSWERED)
        assert "too busy" in read_reply(client)["message"]
        loop.server.reply(request.client, {"pong": True})
        assert client.recv(10) == b""


def test_a_client_that_does_not_read_is_closed(loop: Loop) -> None:
    """A reply nobody takes does not stay in memory."""
    with loop.connect() as client:
        client.sendall(PING)
        (request,) = loop.turn(until_requests=1)
        loop.server.reply(request.client, {"padding": "x" * 4_000_000})
        loop.turn()
        loop.pass_time(SLOW_READER)
        assert loop.server.statistics() | {"clients": 0, "timed_out": 1} == loop.server.statistics()


def test_a_client_that_trickles_is_closed_in_the_end(loop: Loop) -> None:
    """Taking a few bytes now and then buys time, but not for ever."""
    with loop.connect() as client:
        client.sendall(PING)
        (request,) = loop.turn(until_requests=1)
        loop.server.reply(request.client, {"padding": "x" * 50_000_000})
        while loop.now < LONGEST_REPLY:
            assert loop.server.statistics()["clients"] == 1
            client.recv(1 << 19)
            loop.turn()
            loop.pass_time(SLOW_READER - 1)
        loop.pass_time(SLOW_READER)
        assert loop.server.statistics()["clients"] == 0


def test_replies_nobody_takes_are_bounded_together(loop: Loop) -> None:
    """When too much waits for slow readers, the next reply is an error instead."""
    slow = loop.connect()
    slow.sendall(PING)
    (first,) = loop.turn(until_requests=1)
    loop.server.reply(first.client, {"padding": "x" * 60_000_000})
    with loop.connect() as client:
        client.sendall(PING)
        (second,) = loop.turn(until_requests=1)
        loop.server.reply(second.client, {"padding": "x" * 10_000_000})
        assert "slow readers" in read_reply(client)["message"]
    slow.close()


_AS_NOBODY = """
import os, socket, sys
from pathlib import Path
from stockade.control.client import Client
from stockade.errors import StockadeError
os.setgroups([]); os.setgid(65534); os.setuid(65534)
path = Path(sys.argv[1])
"""
_READS_AND_CHANGES = """
with Client(path) as client:
    print(client.call("ping"))
    try:
        client.call("unban", all=True)
    except StockadeError as error:
        print(error.code, error.message)
"""
_TAKES_ALL_PLACES = """
held = []
refusal = b""
while not refusal:
    held.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    held[-1].connect(str(path))
    held[-1].settimeout(0.2 if len(held) > int(sys.argv[2]) else 0)
    try:
        refusal = held[-1].recv(1000)
    except (BlockingIOError, TimeoutError):
        pass
print(refusal.decode().strip(), flush=True)
sys.stdin.read()
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def public(tmp_path_factory: pytest.TempPathFactory):
    """A folder that other users may enter (pytest's own are closed to them)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@needs_root
def test_readers_may_read_and_only_read(public: Path) -> None:
    """Whoever may open the socket may ask; changing anything needs root or the daemon's own user."""
    with Owner(public / "s", lambda _: {"pong": True}) as owner:
        command = [sys.executable, "-c", _AS_NOBODY + _READS_AND_CHANGES, str(owner.path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.splitlines()[0] == "{'pong': True}"
    assert done.stdout.splitlines()[1].startswith("request unban is for root")
    assert [(r.command, r.peer_uid) for r in owner.requests] == [("ping", 65534)]


@needs_root
def test_some_places_are_kept_for_root(public: Path) -> None:
    """Readers cannot occupy all places: the last ones are for root and the daemon's user."""
    places = MAX_CLIENTS - RESERVED_CLIENTS
    with Owner(public / "s", lambda _: {"pong": True}) as owner:
        command = [sys.executable, "-c", _AS_NOBODY + _TAKES_ALL_PLACES, str(owner.path), str(places)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as readers:
            assert readers.stdout is not None
            assert f"all {places} places" in readers.stdout.readline()
            with Client(owner.path, timeout=5) as client:
                assert client.call("ping") == {"pong": True}


def test_a_second_daemon_is_refused(loop: Loop) -> None:
    """The socket of a live daemon is never taken away; the message names its pid."""
    with pytest.raises(HostError, match=rf"already running.*pid {os.getpid()}"):
        ControlServer(loop.path)


def test_a_live_daemon_without_lock_is_respected(tmp_path: Path) -> None:
    """Even when the lock file is gone, a socket that answers is left alone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(tmp_path / "s"))
        other.listen(1)
        with pytest.raises(HostError, match=rf"already running.*pid {os.getpid()}"):
            ControlServer(tmp_path / "s")


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    """What a killed daemon left behind does not keep the next one from starting."""
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(tmp_path / "s"))
    dead.close()
    loop = Loop(tmp_path / "s")
    with loop.connect():
        assert loop.server.statistics()["clients"] == 1
    loop.close()
    assert not (tmp_path / "s").exists()
    Loop(tmp_path / "s").close()


def test_a_file_that_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    """A wrong --socket must not cost anybody a file."""
    (tmp_path / "s").write_text("precious")
    with pytest.raises(HostError, match="not a socket"):
        ControlServer(tmp_path / "s")
    assert (tmp_path / "s").read_text() == "precious"
    (tmp_path / "s").unlink()
    ControlServer(tmp_path / "s").close()


def test_the_socket_is_closed_to_others(tmp_path: Path) -> None:
    """Mode 0660 and the asked-for group; the directory is made when it is missing."""
    server = ControlServer(tmp_path / "new" / "s", group=os.getegid())
    made = (tmp_path / "new" / "s").stat()
    assert stat.S_IMODE(made.st_mode) == 0o660
    assert made.st_gid == os.getegid()
    server.close()
    server.close()


def test_impossible_paths_are_explained(tmp_path: Path) -> None:
    """A path too long for a socket, and a directory that is a file."""
    with pytest.raises(HostError, match="longer than 107"):
        ControlServer(tmp_path / ("x" * 120))
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match="cannot make the control socket"):
        ControlServer(tmp_path / "file" / "s")


def test_closing_ends_every_connection(tmp_path: Path) -> None:
    """Clients see the end of the stream; answers that come later go nowhere."""
    loop = Loop(tmp_path / "s")
    with loop.connect() as client:
        client.sendall(PING)
        (request,) = loop.turn(until_requests=1)
        loop.server.close()
        assert client.recv(10) == b""
        loop.server.reply(request.client, {"pong": True})
    loop.close()


def test_the_selector_may_be_closed_first(tmp_path: Path) -> None:
    """However the daemon comes down, the socket goes."""
    loop = Loop(tmp_path / "s")
    with loop.connect():
        loop.selector.close()
        loop.server.close()
    assert not (tmp_path / "s").exists()


@needs_root
def test_a_place_one_may_not_write_to_is_a_matter_of_rights(public: Path) -> None:
    """Somebody without the rights for the socket's directory is told so."""
    code = "from stockade.control.server import ControlServer" + _AS_NOBODY + "ControlServer(path)"
    done = subprocess.run([sys.executable, "-c", code, str(public / "s")], capture_output=True, text=True, check=False)
    assert RightsError.__name__ in done.stderr
    assert "start as root" in done.stderr


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=300) | st.just(PING) | st.just(b"\n"), max_size=12))
def test_any_bytes_leave_the_server_serving(loop: Loop, pieces: list[bytes]) -> None:
    """Whatever one client sends, in whatever pieces, the next client is answered."""
    with loop.connect() as hostile:
        for piece in pieces:
            hostile.sendall(piece)
            for request in loop.turn():
                loop.server.reply(request.client, {"pong": True})
    loop.turn()
    with loop.connect() as client:
        client.sendall(PING)
        (request,) = [r for r in loop.turn(until_requests=1) if r.command == "ping"][:1]
        loop.server.reply(request.client, {"pong": True})
        assert read_reply(client)["result"] == {"pong": True}
    loop.turn()
    assert loop.server.statistics()["clients"] == 0
