"""Properties of the scanner: cutting chunks changes nothing, any bytes are taken, sessions are those of the model."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from stockade._scanner import Scanner
from tests.scanner_sessions import DOOR, Event, event, expected
from tests.scanner_specs import ADDR, NOW, SSHD, Filter, Limits, Rule, make

LIMITS = Limits(max_line=200, max_sessions=5)
PIECES = st.sampled_from(
    (
        *(b"\n", b"\r\n", b"\r", b"\xff", b"\xc3\xa9", b"\0", b"x" * 150),
        *(b" d[1]: ", b" d[2]: ", b"connect from ", b"auth fail", b" for bob", b"closed", b"accepted bob"),
        *(b"Nov 22 16:59:58 ", b"2026-11-22T16:59:58Z ", b"srv sshd[7]: ", b"Invalid user ", b" port 22 ssh2"),
        *(b"Failed password for root from ", b"Accepted password for ", b"192.0.2.1", b"::1", b"999.1.1.1"),
    )
)
BYTES = st.lists(st.one_of(PIECES, st.binary(max_size=5)), max_size=60).map(b"".join)
EVERY = Filter("every", rules=(Rule(rf"{ADDR}(?P<user>.*)$"),), usedns="raw")


def _seen(scanner: Scanner, chunks: list[bytes]) -> tuple[list[object], list[object], dict[str, int], bytes]:
    batches = [scanner.feed(chunk, NOW) for chunk in chunks]
    batches.append(scanner.finish(NOW))
    for batch in batches:
        made = [batch.failure(index) for index in range(len(batch))]
        assert batch.ids == [f.id for f in made] == [f.id for f in batch.failures]
        assert batch.filters == [f.filter for f in made]
        known = set(batch.ids[::3])
        assert batch.others(known) == [index for index, f in enumerate(made) if f.id not in known]
        assert [(f.time, f.matches) for f in made] == [(f.time, f.matches) for f in batch.failures]
    failures: list[object] = [
        (f.filter, f.rule, f.time, f.logged, f.id, f.ip, f.is_name, f.fields, f.matches)
        for batch in batches
        for f in batch.failures
    ]
    odd: list[object] = [(odd.filter, odd.reason, odd.line) for batch in batches for odd in batch.odd]
    return failures, odd, scanner.statistics(), scanner.dump()


@settings(max_examples=300, deadline=None)
@given(data=BYTES, cuts=st.lists(st.integers(0, 3000), max_size=20), filters=st.sampled_from(["door", "both", "all"]))
def test_chunks_do_not_matter(data: bytes, cuts: list[int], filters: str) -> None:
    """Any bytes, cut anywhere, give the same failures, odd lines, counts and state as the whole, and never raise."""
    specs = {"door": (DOOR,), "both": (DOOR, SSHD), "all": (DOOR, SSHD, EVERY)}[filters]
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    pieces = [data[start:stop] for start, stop in pairwise(places)]
    assert _seen(make(specs, LIMITS), pieces) == _seen(make(specs, LIMITS), [data])


@settings(max_examples=200, deadline=None)
@given(data=BYTES)
def test_explaining_finds_the_same(data: bytes) -> None:
    """With verdicts the failures and the state are the same, and there is one verdict for each line and filter."""
    plain, explaining = make((DOOR, SSHD), LIMITS), make((DOOR, SSHD), LIMITS, is_explaining=True)
    batches = [explaining.feed(data, NOW), explaining.finish(NOW)]
    failures, _, counts, dump = _seen(plain, [data])
    assert [f.id for batch in batches for f in batch.failures] == [f[4] for f in failures]  # type: ignore[index]
    assert explaining.dump() == dump
    assert sum(len(batch.verdicts) for batch in batches) == 2 * counts["lines"]


def _with_word(number: int, action: str, index: int, has_word: bool) -> Event:
    users, addresses = ("amy", "bob"), ("192.0.2.1", "192.0.2.2", "::1")
    is_optional = action in {"auth", "closed"}
    word = users[index % 2] if action in {"auth", "accepted"} else addresses[index]
    return event(number, action, word if has_word or not is_optional else "")


SESSIONS = st.lists(
    st.builds(
        _with_word,
        st.integers(1, 3),
        st.sampled_from(["connect", "auth", "auth", "closed", "accepted", "kicked"]),
        st.integers(0, 2),
        st.booleans(),
    ),
    max_size=25,
)


@settings(max_examples=500, deadline=None)
@given(events=SESSIONS, restart=st.integers(0, 25))
def test_sessions_are_those_of_the_model(events: list[Event], restart: int) -> None:
    """Whatever a few sessions say, the failures are those of the dialect's text, even with a restart in between."""
    scanner, found = make(DOOR), []
    for index, each in enumerate(events):
        if index == restart:
            scanner, state = make(DOOR), scanner.dump()
            assert scanner.load(state)
        for failure in scanner.feed(f"{each.line}\n".encode(), NOW).failures:
            found.append((failure.id, failure.fields.get("user", ""), tuple(failure.matches)))
    assert found == expected(events)


@settings(max_examples=200, deadline=None)
@given(state=st.binary(max_size=200), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_dump_is_taken_or_refused(state: bytes, at: int, bit: int) -> None:
    """Arbitrary bytes and any flipped bit are refused without an exception."""
    scanner = make((DOOR, SSHD))
    assert not scanner.load(state)
    scanner.feed(b" d[1]: connect from 192.0.2.1\n", NOW)
    dump = bytearray(scanner.dump())
    dump[at % len(dump)] ^= 1 << bit
    assert not scanner.load(bytes(dump))
