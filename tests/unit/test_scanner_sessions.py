"""Sessions: the walk-through of the dialect (§3.4), their bounds, and their way through a restart."""

from __future__ import annotations

import pytest

from stockade._scanner import Failure, Scanner
from tests.scanner_sessions import DOOR, Event, event, expected
from tests.scanner_specs import NOW, Date, Filter, Limits, Rule, make, rule

A, B, C, D, E = (f"192.0.2.{number}" for number in range(1, 6))
SIX = "2001:db8::1"


def _reports(failures: list[Failure]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(failure.id, failure.fields.get("user", ""), tuple(failure.matches)) for failure in failures]


def _feed(scanner: Scanner, events: list[Event]) -> list[Failure]:
    return scanner.feed("".join(f"{each.line}\n" for each in events).encode(), NOW).failures


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        (
            [("connect", A), ("auth", "bob"), ("auth", "bob"), ("closed", "")],
            [(A, "bob", ("connect from 192.0.2.1", "auth fail for bob")), (A, "bob", ("auth fail for bob",))],
        ),
        ([("auth", "amy"), ("closed", B)], [(B, "amy", ("auth fail for amy", "closed by 192.0.2.2"))]),
        ([("auth", "amy"), ("accepted", "amy"), ("closed", C)], []),
        (
            [("auth", "amy"), ("accepted", "bob"), ("closed", D)],
            [(D, "bob", ("accepted bob", "closed by 192.0.2.4"))],
        ),
        ([("connect", E), ("closed", E)], []),
        ([("kicked", E)], [(E, "", ("kicked 192.0.2.5",))]),
        (
            [("connect", A), ("connect", SIX), ("auth", "bob"), ("connect", B), ("auth", "bob")],
            [
                (SIX, "bob", ("connect from 192.0.2.1", "connect from 2001:db8::1", "auth fail for bob")),
                (B, "bob", ("connect from 192.0.2.2", "auth fail for bob")),
            ],
        ),
    ],
)
def test_walk_through(messages: list[tuple[str, str]], found: list[tuple[str, str, tuple[str, ...]]]) -> None:
    """Every row of the dialect's table, as it says, and as the plain model says. The newest address counts."""
    events = [event(7, *message) for message in messages]
    reports = _reports(_feed(make(DOOR), events))
    bare = [(id_, user, tuple(line.removeprefix(" d[7]: ") for line in lines)) for id_, user, lines in reports]
    assert bare == found
    assert reports == expected(events)


def test_flags_are_no_fields() -> None:
    """A failure shows what was captured and merged, not the groups that steer the session."""
    failures = _feed(make(DOOR), [event(7, "connect", A), event(7, "auth", "bob")])
    assert failures[0].fields == {"mlfid": "7", "ip4": A, "user": "bob"}


def test_the_oldest_session_gives_way() -> None:
    """With all places in use the oldest session is forgotten; one that only says good-bye takes no place."""
    scanner = make(DOOR, Limits(max_sessions=3))
    _feed(scanner, [event(number, "connect", A) for number in range(3)])
    _feed(scanner, [event(number, "closed", "") for number in range(100, 200)])
    assert len(_feed(scanner, [event(0, "auth", "bob")])) == 1
    _feed(scanner, [event(9, "connect", A)])
    assert _feed(scanner, [event(0, "auth", "bob")]) == []
    assert len(_feed(scanner, [event(9, "auth", "bob")])) == 1


def test_sessions_end_by_log_time() -> None:
    """A session lives for its time by the dates of the lines, however fast a log is read."""
    epoch = Date("epoch", r"^(\d{10})", ((1, "E"),), is_anchored=True)
    spec = Filter(prefix=DOOR.prefix, rules=DOOR.rules, dates=(epoch,))
    start = int(NOW) - 10_000
    lines = [f"{start} d[1]: connect from {A}", f"{start + 300} d[1]: auth fail", f"{start + 301} d[1]: auth fail"]
    batch = make(spec).feed("\n".join([*lines, ""]).encode(), NOW, is_live=False)
    assert [failure.time for failure in batch.failures] == [start + 300]


def test_matches_are_bounded() -> None:
    """A failure shows at most 32 lines, the first 31 and its own, each cut to 8 KiB, whatever a session says before."""
    helper = Rule(r"^(?P<nofail>connect) (?:.*)$", (b"connect",))
    spec = Filter(prefix=DOOR.prefix, rules=(helper, rule(r"^kicked (?P<ip4>\S+).*$", "kicked")))
    lines = [f" d[7]: connect {number}" for number in range(100)] + [f" d[7]: kicked {A} " + "\u00e9" * 9000]
    failure = make(spec).feed("\n".join([*lines, ""]).encode(), NOW).failures[0]
    assert failure.matches[:31] == lines[:31]
    assert len(failure.matches) == 32
    assert failure.matches[31] == lines[100][: len(failure.matches[31])]
    assert 8189 <= len(failure.matches[31].encode()) <= 8192


def test_a_dump_carries_sessions_over() -> None:
    """What a scanner knows of open sessions, its successor knows."""
    events = [event(1, "connect", A), event(2, "auth", "amy"), event(3, "auth", "u"), event(3, "accepted", "u")]
    rest = [event(1, "auth", "bob"), event(2, "closed", B), event(3, "closed", C)]
    first, second = make(DOOR), make(DOOR)
    _feed(first, events)
    assert second.load(first.dump())
    assert second.dump() == first.dump()
    assert _reports(_feed(second, rest)) == expected([*events, *rest])


def test_foreign_and_damaged_dumps_are_refused() -> None:
    """Every damaged byte, every cut, and the dump of another filter is refused, and leaves a fresh scanner."""
    scanner = make(DOOR)
    _feed(scanner, [event(1, "connect", A), event(2, "auth", "amy")])
    dump = scanner.dump()
    damaged = [dump[:n] + bytes([dump[n] ^ 1]) + dump[n + 1 :] for n in range(len(dump))]
    damaged += [dump[:n] for n in range(len(dump))] + [dump + b"\0", b"", b"STKS" * 100]
    for state in damaged:
        assert not scanner.load(state)
    assert _feed(scanner, [event(1, "auth", "bob")]) == []
    assert not make(Filter(prefix=DOOR.prefix, rules=DOOR.rules[:2])).load(dump)


def test_a_dump_is_bounded() -> None:
    """However much sessions hold, a dump stays within 4 MiB and keeps the newest of them."""
    helper = Rule(r"^(?P<nofail>connect) (?P<ip4>\S+) (?P<user>.*)$", (b"connect",))
    spec = Filter(prefix=DOOR.prefix, rules=(helper, DOOR.rules[1]))
    scanner = make(spec, Limits(max_sessions=2000))
    data = "".join(f" d[{number}]: connect {A} {'x' * 3000}\n" for number in range(2000))
    scanner.feed(data.encode(), NOW)
    dump = scanner.dump()
    assert 1_000_000 < len(dump) <= 4 * 1024 * 1024
    successor = make(spec, Limits(max_sessions=2000))
    assert successor.load(dump)
    assert _feed(successor, [event(0, "auth", "")]) == []
    assert len(_feed(successor, [event(1999, "auth", "")])) == 1


def test_several_users_are_a_field() -> None:
    """From the second user on a failure names all, sorted; as a field they stand as Python prints a set."""
    messages = [("connect", A), ("auth", "root"), ("auth", "it's"), ("auth", "root"), ("auth", "amy")]
    failures = _feed(make(DOOR), [event(7, *message) for message in messages])
    assert [failure.users for failure in failures] == [[], ["it's", "root"], ["it's", "root"], ["amy", "it's", "root"]]
    assert "users" not in failures[0].fields
    assert failures[3].fields["users"] == "{'amy', \"it's\", 'root'}"


def test_users_are_bounded_and_survive_a_dump() -> None:
    """A session remembers 32 users of at most 256 bytes, over a restart as well."""
    first, second = make(DOOR), make(DOOR)
    _feed(first, [event(7, "connect", A), *(event(7, "auth", f"{n:02}" + "x" * 400) for n in range(40))])
    assert second.load(first.dump())
    (failure,) = _feed(second, [event(7, "auth", "last")])
    assert len(failure.users) == 32
    assert {len(user) for user in failure.users} == {256}
