"""Syslog listeners with real sockets: what arrives, and what hostile senders cannot do."""

from __future__ import annotations

import os
import pwd
import resource
import select
import socket
import ssl
import threading
from pathlib import Path

import pytest

from stockade.model.clock import Monotonic
from stockade.model.settings import SyslogSettings
from stockade.sources.syslog.limits import (
    FRAME_SECONDS,
    HANDSHAKE_SECONDS,
    MAX_CONNECTIONS,
    MAX_MESSAGES,
    MAX_PER_SENDER,
    RETRY_SECONDS,
    SPARE_SECONDS,
)
from stockade.sources.syslog.listener import SyslogListener
from tests.syslog_senders import ARRIVAL, LOCAL, SECONDS, Ear, Papers, ear

MESSAGE = b"<86>Nov 22 16:00:00 web sshd[%d]: Failed password for root from 192.0.2.66 port 4711 ssh2"
LINE = b"web sshd[%d]: Failed password for root from 192.0.2.66 port 4711 ssh2"


def numbered(count: int) -> list[bytes]:
    """The lines of `count` messages."""
    return [LINE % number for number in range(count)]


@pytest.mark.parametrize(("kind", "is_spoofable"), [("udp", True), ("unix", False)])
def test_every_datagram_is_a_line(tmp_path: Path, kind: str, is_spoofable: bool) -> None:
    """Datagrams arrive in order with their own times; only UDP is marked as open to forgery."""
    place = {"path": str(tmp_path / "log")} if kind == "unix" else {}
    with ear(kind, **place) as it:
        family = socket.AF_UNIX if place else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            for number in range(8):
                sender.sendto(MESSAGE % number, place.get("path") or ("127.0.0.1", it.port))
            (entries,) = it.listener.read(it.now)
            assert [line for _, line in entries.entries] == numbered(8)  # type: ignore[union-attr]
            assert {time for time, _ in entries.entries} == {ARRIVAL - 5}  # type: ignore[union-attr]
            sender.sendto(b"x", place.get("path") or ("127.0.0.1", it.port))
            assert it.hear(1) == [b"here x" if place else b"127.0.0.1 x"]
        assert it.is_spoofable == {is_spoofable}


@pytest.mark.parametrize("kind", ["tcp", "unix-stream"])
def test_streams_give_whole_messages(tmp_path: Path, kind: str) -> None:
    """Both framings, in pieces, from several connections at once."""
    place = {"path": str(tmp_path / "log")} if kind == "unix-stream" else {}
    with ear(kind, **place) as it:
        senders = []
        for _ in range(2):
            sender = socket.socket(socket.AF_UNIX if place else socket.AF_INET)
            sender.connect(place.get("path") or ("127.0.0.1", it.port))
            senders.append(sender)
        for number in range(100):  # as much as a Unix socket holds unread
            senders[0].sendall(MESSAGE % number + b"\n")
            message = MESSAGE % number
            senders[1].sendall(b"%d %s" % (len(message), message))
        assert sorted(it.hear(200)) == sorted(numbered(100) * 2)
        for sender in senders:
            sender.close()
        it.settle(connections=0, unfinished=0)


def test_one_reading_is_bounded_and_everybody_has_a_turn() -> None:
    """However much waits, a reading gives at most MAX_MESSAGES, and one sender cannot keep the others waiting."""
    with ear() as it:
        flood, quiet = it.connect(), it.connect()
        flood.sendall(b"<1>flood\n" * 5000)
        quiet.sendall(b"<1>quiet\n")
        first = it.hear(1)
        for _ in range(3):
            first += it.turn()
        assert len(first) <= 4 * MAX_MESSAGES
        assert b"127.0.0.1 quiet" in first
        assert len(first + it.hear(5001 - len(first))) == 5001
        flood.close()
        quiet.close()


@pytest.mark.parametrize("half", [b"<1>Failed from 192.0.2.1", b"40 <1>Failed from 192.0.2.1"])
def test_half_a_message_is_dropped(half: bytes) -> None:
    """A connection that ends within a message loses it: the beginning of an address may be another address."""
    with ear() as it:
        with it.connect() as sender:
            sender.sendall(half)
        it.settle(unfinished=1, connections=0, messages=0)


def test_garbage_ends_the_connection() -> None:
    """What is no frame behind counted ones ends the connection, and is counted."""
    with ear() as it, it.connect() as sender:
        sender.sendall(b"4 <1>a\xff\xfe\x00garbage")
        assert it.hear(1) == [b"127.0.0.1 a"]
        it.settle(garbled=1, connections=0)
        assert sender.recv(1) == b""


def test_senders_that_drip_bytes_lose_their_place() -> None:
    """A message that has begun must be complete in time, however often a byte comes; silence between is no fault."""
    with ear() as it, it.connect() as slow, it.connect() as silent:
        silent.sendall(b"<1>done\n")
        assert it.hear(1) == [b"127.0.0.1 done"]
        for _ in range(int(FRAME_SECONDS) + 3):
            slow.sendall(b"x")
            it.turn()
            it.now = Monotonic(it.now + 1)
        it.settle(stalled=1, connections=1)
        it.now = Monotonic(it.now + 86_400)
        it.turn()
        silent.sendall(b"<1>still here\n")
        assert it.hear(1) == [b"127.0.0.1 still here"]


def test_one_sender_holds_a_bounded_number_of_connections() -> None:
    """Beyond MAX_PER_SENDER connections of one address are reset; another address gets in."""
    with ear() as it:
        senders = [it.connect() for _ in range(MAX_PER_SENDER + 8)]
        it.settle(connections=MAX_PER_SENDER, refused=8)
        with it.connect(source="127.0.0.2") as other:
            other.sendall(b"<1>x\n")
            assert it.hear(1) == [b"127.0.0.2 x"]
        for sender in senders:
            sender.close()
        it.settle(connections=0)


def test_a_full_house_gives_way_to_those_who_speak() -> None:
    """At MAX_CONNECTIONS a newcomer is turned away, unless a place is held by one that has long been silent."""
    with ear() as it:
        senders = []
        for number in range(MAX_CONNECTIONS):
            senders.append(it.connect(source=f"127.0.1.{1 + number // MAX_PER_SENDER}"))
            it.turn()
        it.settle(connections=MAX_CONNECTIONS)
        with it.connect(source="127.0.2.1") as early:
            it.settle(refused=1)
            with pytest.raises(ConnectionResetError):
                early.recv(1)
        for sender in senders[1:]:
            sender.sendall(b"<1>x\n")
        it.hear(MAX_CONNECTIONS - 1)
        it.now = Monotonic(it.now + FRAME_SECONDS + 1)
        with it.connect(source="127.0.2.1") as late:
            late.sendall(b"<1>let me in\n")
            assert it.hear(1) == [b"127.0.2.1 let me in"]
            assert senders[0].recv(1) == b""
        it.settle(connections=MAX_CONNECTIONS - 1, refused=2)
        for sender in senders:
            sender.close()


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_only_named_senders_are_heard(kind: str) -> None:
    """Messages and connections from outside `from` are dropped and counted."""
    with ear(kind, senders=("127.0.0.2/32",)) as it:
        if kind == "udp":
            for source in ("127.0.0.1", "127.0.0.2"):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                    sender.bind((source, 0))
                    sender.sendto(b"<1>x", ("127.0.0.1", it.port))
            assert it.hear(1) == [b"127.0.0.2 x"]
        else:
            with it.connect() as stranger:
                it.settle(forbidden=1)
                with pytest.raises(ConnectionResetError):
                    stranger.recv(1)
            with it.connect(source="127.0.0.2") as sender:
                sender.sendall(b"<1>x\n")
                assert it.hear(1) == [b"127.0.0.2 x"]
        assert it.counts()["forbidden"] == 1


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_ipv6_senders(kind: str) -> None:
    """The same over IPv6, where a sender is named without its scope."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("needs IPv6")
    sort = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
    with ear(kind, host="::1", senders=("::/64",)) as it, socket.socket(socket.AF_INET6, sort) as sender:
        sender.connect(("::1", it.port))
        sender.sendall(b"<1>x\n")
        assert it.hear(1) == [b"::1 x"]


def test_what_the_kernel_drops_is_counted_and_said() -> None:
    """A flood that overflows the kernel's buffer costs its own datagrams only; `status` says how many."""
    with ear("udp") as it:
        assert it.listener._receiver is not None
        it.listener._receiver.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(500):
                sender.sendto(MESSAGE % number, ("127.0.0.1", it.port))
        heard = 0
        while lines := it.turn():
            heard += len(lines)
        assert 0 < heard < 500
        assert it.counts()["dropped"] == 500 - heard
        assert f"{500 - heard} dropped" in it.listener.status()[0].detail


def test_an_overlong_datagram_is_cut() -> None:
    """A datagram beyond the bound gives its beginning, and is counted."""
    with ear("udp") as it, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"<1>" + b"word " * 4000, ("127.0.0.1", it.port))
        (line,) = it.hear(1)
        assert line.startswith(b"127.0.0.1 word word")
        assert line.endswith(b" word")
        assert it.counts()["cut"] == 1


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Certificates."""
    return Papers(tmp_path_factory.mktemp("papers"))


def shaken(it: Ear, context: ssl.SSLContext) -> ssl.SSLSocket:
    """A TLS connection whose handshake is over; the listener is served meanwhile."""
    plain = it.connect()
    plain.setblocking(False)
    client = context.wrap_socket(plain, server_hostname="127.0.0.1", do_handshake_on_connect=False)
    for _ in range(1000):
        try:
            client.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            it.turn()
        except BaseException:
            client.close()
            raise
        else:
            client.settimeout(SECONDS)
            return client
    raise AssertionError("no handshake")


@pytest.mark.parametrize("with_ca", [False, True])
def test_tls_carries_messages(papers: Papers, with_ca: bool) -> None:
    """A TLS client is heard; with `ca` it shows a certificate. Much data in one record is read to its end."""
    options = {"cert": str(papers.server), "key": str(papers.server_key), "ca": str(papers.ca) if with_ca else ""}
    with ear("tls", **options) as it, shaken(it, papers.client_context(with_certificate=with_ca)) as client:
        for number in range(1000):
            message = MESSAGE % number
            client.sendall(b"%d %s" % (len(message), message))
        assert it.hear(1000) == numbered(1000)


def test_tls_without_the_certificate_that_is_asked_for(papers: Papers) -> None:
    """With `ca`, a client without a certificate is not heard."""
    with ear("tls", cert=str(papers.server), key=str(papers.server_key), ca=str(papers.ca)) as it:
        context = papers.client_context(with_certificate=False)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            shaken(it, context)
        it.settle(untrusted=1, connections=0, messages=0)


def test_tls_that_is_none_and_handshakes_that_stall(papers: Papers) -> None:
    """Plain text on a TLS port ends the connection; a handshake that does not go on ends in time."""
    with (
        ear("tls", cert=str(papers.server), key=str(papers.server_key)) as it,
        it.connect() as plain,
        it.connect(),
        it.connect() as dripping,
    ):
        plain.sendall(b"<1>hello\n" * 10)
        it.settle(untrusted=1, connections=2)
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)
        for second in range(int(HANDSHAKE_SECONDS) + 1):
            dripping.send(hello[second : second + 1])
            it.turn()
            it.now = Monotonic(it.now + 1)
        it.now = Monotonic(it.now + 1)
        it.settle(connections=0, stalled=2, messages=0)


def test_renewed_certificates_are_taken_and_lost_ones_kept(papers: Papers, tmp_path: Path) -> None:
    """After a reload new connections see the new certificate; one that cannot be read leaves the old, and is said."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(papers.server.read_bytes())
    key.write_bytes(papers.server_key.read_bytes())

    def shown(it: Ear) -> bytes | None:
        with shaken(it, papers.client_context(with_certificate=False)) as client:
            return client.getpeercert(binary_form=True)

    with ear("tls", cert=str(cert), key=str(key)) as it:
        before = shown(it)
        cert.write_text("gone")
        it.listener.renew()
        assert shown(it) == before
        (row,) = it.listener.status()
        assert (row.state, str(cert) in row.detail) == ("reading", True)
        other = Papers(tmp_path)
        cert.write_bytes(other.server.read_bytes())
        key.write_bytes(other.server_key.read_bytes())
        it.listener.renew()
        assert it.listener.status()[0].detail == ""
        with pytest.raises(ssl.SSLCertVerificationError):
            shown(it)
        with shaken(it, other.client_context(with_certificate=False)) as client:
            assert client.getpeercert(binary_form=True) != before


@pytest.mark.parametrize("wrong", ["cert", "key", "ca"])
def test_unusable_certificates_are_said(papers: Papers, tmp_path: Path, wrong: str) -> None:
    """Without its certificates a TLS listener does not open, names the files and goes on trying."""
    files = {"cert": str(papers.server), "key": str(papers.server_key), "ca": str(papers.ca)}
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    with ear("tls", **{**files, wrong: str(bad)}) as it:
        (row,) = it.listener.status()
        assert row.state == "failed"
        assert str(bad) in row.detail
        bad.write_bytes(Path(files[wrong]).read_bytes())
        assert it.listener.deadline(it.now) == it.now + RETRY_SECONDS
        it.now = Monotonic(it.now + RETRY_SECONDS)
        it.turn()
        assert it.listener.status()[0].state == "reading"


def test_an_address_in_use_is_said_and_tried_again() -> None:
    """Another program on the port: a clear problem, and the listener opens once the port is free."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with ear(port=port) as it:
            (row,) = it.listener.status()
            assert (row.state, "another program listens there" in row.detail) == ("failed", True)
            other.close()
            it.now = Monotonic(it.now + RETRY_SECONDS)
            it.turn()
            assert it.listener.status()[0].state == "reading"


def test_socket_files(tmp_path: Path) -> None:
    """Mode as asked for; a stale file is replaced, a live one and a file of another kind are not; ours is removed."""
    path = tmp_path / "log"
    with ear("unix", path=str(path), mode=0o622) as first:
        assert path.stat().st_mode & 0o777 == 0o622
        with ear("unix", path=str(path)) as second:
            assert "another program listens" in second.listener.status()[0].detail
        assert first.listener.status()[0].state == "reading"
    assert not path.exists()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stale:
        stale.bind(str(path))
    with ear("unix", path=str(path)) as third:
        assert third.listener.status()[0].state == "reading"
        assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("precious")
    with ear("unix", path=str(path)) as fourth:
        assert "is no socket" in fourth.listener.status()[0].detail
    assert path.read_text() == "precious"


def test_owner_and_group_of_a_socket_file(tmp_path: Path) -> None:
    """The file belongs to whom it was asked for, by name or by number."""
    if os.geteuid() != 0:
        pytest.skip("needs root to give files away")
    nobody = pwd.getpwnam("nobody")
    with ear("unix", path=str(tmp_path / "log"), owner="nobody", group="12345", mode=0o660):
        found = (tmp_path / "log").stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (nobody.pw_uid, 12345, 0o660)


def test_an_owner_that_does_not_exist_is_said(tmp_path: Path) -> None:
    """A wrong group is a problem of its own, and no socket file is left."""
    with ear("unix", path=str(tmp_path / "log"), group="no-such-group") as it:
        assert "there is no group 'no-such-group'" in it.listener.status()[0].detail
    assert not (tmp_path / "log").exists()


def test_a_successor_loses_no_datagram() -> None:
    """A listener with other settings at the same address takes the socket over with all that waits in it."""
    with ear("udp") as it, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        old, port = it.listener, it.port
        old.settings = SyslogSettings("udp", "127.0.0.1", port)
        it.listener = SyslogListener(SyslogSettings("udp", "127.0.0.1", port, senders=("127.0.0.0/8",)), LOCAL)
        sender.sendto(MESSAGE % 0, ("127.0.0.1", port))
        assert it.listener.take_over(old)
        old.close()
        sender.sendto(MESSAGE % 1, ("127.0.0.1", port))
        assert it.hear(2) == numbered(2)


def test_connections_end_with_their_listener() -> None:
    """`close` leaves no descriptor behind and may come twice."""
    before = len(os.listdir("/proc/self/fd"))
    with ear() as it, it.connect() as sender:
        it.settle(connections=1)
        it.listener.close()
        it.listener.close()
        assert sender.recv(1) == b""
        assert (it.listener.fileno(), it.listener.deadline(it.now), it.turn()) == (-1, None, [])
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_connection_that_spoke_is_spared_after_long_silence() -> None:
    """How long somebody may keep a place without a word depends on whether he ever said one."""
    with ear() as it, it.connect() as sender:
        sender.sendall(b"<1>x\n")
        it.hear(1)
        (connection,) = it.listener._receiver._connections.values()  # type: ignore[union-attr]
        assert connection.spare_for(Monotonic(it.now + SPARE_SECONDS - 1)) < 0
        assert connection.spare_for(Monotonic(it.now + SPARE_SECONDS + 1)) > 0


def test_many_hostile_connections_cost_bounded_memory() -> None:
    """Connections that each send a message without end: what is kept of all of them is less than a message each."""
    with ear() as it:
        senders = [it.connect(source=f"127.0.1.{1 + n // MAX_PER_SENDER}") for n in range(64)]
        it.settle(connections=64)
        workers = [threading.Thread(target=s.sendall, args=(b"<1>" + b"x" * 300_000,)) for s in senders]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            it.turn()
        it.settle(cut=64)
        kept = sum(len(c.frames._data) for c in it.listener._receiver._connections.values())  # type: ignore[union-attr]
        assert kept <= 64 * 8192
        for sender in senders:
            sender.close()


def test_without_descriptors_nobody_is_accepted_for_a_while() -> None:
    """When the process has no descriptor left the listener rests instead of turning at once, and goes on later."""
    with ear() as it, it.connect() as sender:
        sender.sendall(b"<1>x\n")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        spare = os.dup(0)
        os.close(spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare, hard))
        try:
            it.settle(refused=1, connections=0)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        due = it.listener.deadline(it.now)
        assert due is not None
        assert it.now < due <= it.now + 1
        assert select.select([it.listener.fileno()], [], [], 0)[0] == []
        it.now = due
        assert it.hear(1) == [b"127.0.0.1 x"]
