"""Resolving: never waits, answers every question once, trusts neither names nor name servers."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterable, Iterator

import pytest

from stockade.model.clock import Monotonic
from stockade.resolve import Answer, Resolver, lookup, names, resolver
from stockade.resolve.cache import ENTRIES


class Zone:
    """A look-up function with a table of its own, a gate that can be shut, and a count of what was asked."""

    def __init__(self) -> None:
        self.table: dict[str, list[str] | OSError] = {"host.example": ["192.0.2.7", "2001:db8::7"]}
        self.asked: list[tuple[str, bool]] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, name: str, with_ipv6: bool) -> Iterable[str]:
        self.asked.append((name, with_ipv6))
        assert self.gate.wait(20)
        found = self.table.get(name, socket.gaierror(socket.EAI_NONAME, "no such name"))
        if isinstance(found, OSError):
            raise found
        return found


class Bench:
    """A resolver on a zone, with a clock that the test moves."""

    def __init__(self) -> None:
        self.zone = Zone()
        self.now = 1000.0
        self.resolver = Resolver(lambda: Monotonic(self.now), lookup=self.zone)

    def answers(self, count: int = 1) -> list[Answer]:
        """Waits until so many answers came."""
        taken: list[Answer] = []
        while len(taken) < count:
            assert select.select([self.resolver], [], [], 20)[0], f"only {taken} came"
            taken += self.resolver.take()
        return taken

    def answer(self, name: str) -> Answer:
        """Asks and waits for the one answer."""
        self.resolver.ask(name)
        (answer,) = self.answers()
        assert answer.name == name
        return answer


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A resolver that is closed at the end."""
    made = Bench()
    yield made
    made.zone.gate.set()
    made.resolver.close()


def test_an_answer_comes_through_the_descriptor(bench: Bench) -> None:
    """The descriptor is quiet until an answer is there and again after it was taken."""
    assert select.select([bench.resolver], [], [], 0)[0] == []
    answer = bench.answer("host.example")
    assert answer == Answer("host.example", ("192.0.2.7", "2001:db8::7"), Monotonic(1290.0))
    assert select.select([bench.resolver], [], [], 0)[0] == []
    assert bench.resolver.take() == []


def test_asking_never_waits_and_asks_each_name_once(bench: Bench) -> None:
    """While look-ups hang, asking returns, the same name is not asked again, and no answer comes."""
    bench.zone.gate.clear()
    for _ in range(100):
        bench.resolver.ask("host.example")
    assert bench.resolver.take() == []
    bench.zone.gate.set()
    assert len(bench.answers()) == 1
    assert len(bench.zone.asked) == 1


def test_too_many_names_are_answered_without_addresses(bench: Bench) -> None:
    """Beyond the bound a question gets an empty answer at once, is counted, and is not remembered as an answer."""
    bench.zone.gate.clear()
    flood = [f"h{n}.example" for n in range(resolver.WAITING + resolver.THREADS + 50)]
    for name in flood:
        bench.resolver.ask(name)
    dropped = bench.resolver.statistics()["dropped"]
    assert 50 <= dropped <= 50 + resolver.THREADS
    bench.zone.gate.set()
    answered = bench.answers(len(flood))
    assert sorted(answer.name for answer in answered) == sorted(flood)
    assert sum("too many" in answer.error for answer in answered) == dropped
    assert bench.resolver.statistics()["waiting"] == 0


def test_answers_are_remembered_for_five_minutes_negative_ones_too(bench: Bench) -> None:
    """Within the time the same question costs no look-up; after it there is a new one."""
    for name in ("host.example", "none.example"):
        first = bench.answer(name)
        bench.now += 289
        assert bench.answer(name) == first
        bench.now += 1
        assert bench.answer(name).ttl_until == bench.now + 290
        assert [asked for asked, _ in bench.zone.asked].count(name) == 2


def test_the_last_good_addresses_outlive_a_name_server(bench: Bench) -> None:
    """When no answer can be had, the last good one goes on holding, however long, and is asked for again soon; an
    answer that the name is gone ends it."""
    good = bench.answer("host.example").addresses
    bench.zone.table["host.example"] = socket.gaierror(socket.EAI_AGAIN, "try again")
    for _ in range(5):
        bench.now += 86_400
        answer = bench.answer("host.example")
        assert (answer.addresses, answer.is_last_good, answer.error) == (good, True, "try again")
        assert answer.ttl_until == bench.now + resolver.KEEP_FAILED
    del bench.zone.table["host.example"]
    bench.now += 86_400
    assert bench.answer("host.example").addresses == ()


def test_a_name_with_very_many_addresses_gives_some(bench: Bench) -> None:
    """A hostile zone with thousands of addresses for a name gives the first 64 in order."""
    bench.zone.table["host.example"] = [f"10.0.{n >> 8}.{n & 255}" for n in reversed(range(1362))]
    assert bench.answer("host.example").addresses == tuple(f"10.0.0.{n}" for n in range(64))


def test_answers_are_canonical_addresses_only(bench: Bench) -> None:
    """What is no address is left out, mapped IPv4 is IPv4, zones are cut off, each address comes once."""
    bench.zone.table["host.example"] = ["::ffff:192.0.2.7", "192.0.2.7", "FE80::1%eth0", "; rm", "2001:DB8:0::1", ""]
    assert bench.answer("host.example").addresses == ("192.0.2.7", "2001:db8::1", "fe80::1")


def test_ipv6_is_asked_for_only_when_allowed() -> None:
    """`with_ipv6=False` reaches the look-up."""
    zone = Zone()
    quiet = Resolver(lambda: Monotonic(0.0), with_ipv6=False, lookup=zone)
    quiet.ask("host.example")
    assert select.select([quiet], [], [], 20)[0]
    quiet.close()
    assert zone.asked == [("host.example", False)]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "a..b",
            "-a.example",
            "a-.example",
            "a b",
            "a\0b",
            "ü.example",
            "a.example\n",
            "x" * 64,
            "1",
            "127.1",
        ),
        *("0x7f.0x1", "host.0X", "192.0.2.1", "[::1]", "::1", "$(id).example", "a/b", "%s", ".".join(["x" * 60] * 5)),
    ],
)
def test_what_is_no_name_is_refused_at_once(bench: Bench, name: str) -> None:
    """Hostile text gets an empty answer with the reason, and no look-up ever sees it."""
    answer = bench.answer(name)
    assert answer.addresses == ()
    assert answer.error
    assert bench.zone.asked == []


@pytest.mark.parametrize(
    "name", ["localhost", "a", "host.example", "host.example.", "_dmarc.x-y.1a", "3com.com", "A.B"]
)
def test_host_names_are_accepted(name: str) -> None:
    """Letters, digits, inner hyphens, underscores, a final dot."""
    assert names.refusal(name) == ""


def test_what_is_remembered_is_bounded(bench: Bench) -> None:
    """A flood of names does not grow the memory beyond its bound."""
    for start in range(0, ENTRIES + 200, 200):
        for n in range(start, start + 200):
            bench.resolver.ask(f"h{n}.example")
        bench.answers(200)
    assert bench.resolver.statistics()["kept"] == ENTRIES


def test_closing_does_not_wait_for_a_look_up_that_hangs(bench: Bench) -> None:
    """`close` returns while threads are stuck; what they find later goes nowhere, not even into a reused descriptor."""
    bench.zone.gate.clear()
    for name in ("a.example", "b.example", "c.example"):
        bench.resolver.ask(name)
    descriptor = bench.resolver.fileno()
    bench.resolver.close()
    bench.resolver.close()
    ours, theirs = socket.socketpair()
    threads = [one for one in threading.enumerate() if one.name.startswith("resolver-")]
    bench.zone.gate.set()
    for thread in threads:
        thread.join(20)
    with ours, theirs:
        assert descriptor in (ours.fileno(), theirs.fileno())
        assert select.select([ours, theirs], [], [], 0)[0] == []
    bench.resolver.ask("d.example")
    assert bench.resolver.take() == []
    assert bench.resolver.fileno() == -1


def test_forgetting_asks_anew(bench: Bench) -> None:
    """After `forget` (a reload) every name is looked up again."""
    bench.answer("host.example")
    bench.resolver.forget()
    bench.answer("host.example")
    assert len(bench.zone.asked) == 2


def test_the_system_resolves_localhost() -> None:
    """The real look-up goes through /etc/hosts and the system's resolver."""
    assert "127.0.0.1" in lookup.canonical(lookup.system_lookup("localhost", with_ipv6=False))


def test_the_systems_errors_tell_absence_from_failure() -> None:
    """No such name is an answer; a server that does not answer is not."""
    assert lookup.is_absent(socket.gaierror(socket.EAI_NONAME, ""))
    assert not lookup.is_absent(socket.gaierror(socket.EAI_AGAIN, ""))
    assert not lookup.is_absent(OSError(5, ""))
