"""What is remembered of earlier bans, and what goes first when there is too much."""

from __future__ import annotations

import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.core.past import MAX_PAST, PastBans
from stockade.model.ban import Past
from stockade.model.clock import Wall

AGE = 86_400.0
NOW = Wall(1000.0)


def past(identifier: str, jail: str = "sshd", count: int = 1, since: float = 0.0, seconds: float = 600.0) -> Past:
    """A ban that ran out."""
    return Past(jail, identifier, count, Wall(since), seconds)


def test_a_flood_of_strangers_pushes_out_no_repeat_offender() -> None:
    """At the bound those that were banned once go first, the longest ago first."""
    known = PastBans(bound=160)
    for number in range(50):
        known.learn(past(f"often-{number}", count=2))
    for number in range(5000):
        known.learn(past(f"once-{number}"))
    assert len(known) <= 160
    assert all(known.find("sshd", f"often-{number}", NOW, AGE) for number in range(50))
    assert known.find("sshd", "once-4999", NOW, AGE) is not None
    assert known.find("sshd", "once-0", NOW, AGE) is None


def test_a_flood_in_one_jail_costs_no_other() -> None:
    """The jail that remembers most is the one that forgets."""
    known = PastBans(bound=160)
    for number in range(40):
        known.learn(past(f"{number}", jail="quiet"))
    for number in range(5000):
        known.learn(past(f"{number}", jail="busy", count=3))
    assert all(known.find("quiet", f"{number}", NOW, AGE) for number in range(40))


def test_a_permanent_ban_is_remembered_for_ever() -> None:
    """It has no length that could be over."""
    known = PastBans()
    known.learn(past("a", seconds=-1.0))
    known.learn(past("b"))
    known.sweep(Wall(1e9), AGE)
    assert [len(known), known.find("sshd", "a", Wall(1e9), AGE) is None] == [1, False]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("learn"), st.sampled_from("ab"), st.integers(0, 9), st.integers(1, 3), st.integers(0, 500)),
        st.tuples(st.just("forget"), st.sampled_from("ab"), st.integers(0, 9), st.just(0), st.just(0)),
        st.tuples(st.just("sweep"), st.just(""), st.just(0), st.just(0), st.integers(0, 3000)),
        st.tuples(st.just("forget all"), st.just(""), st.just(0), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(STEPS)
def test_it_is_a_dictionary_with_an_age(steps: list[tuple[str, str, int, int, int]]) -> None:
    """Without the bound it answers as a plain dictionary does, less what is stale; its size is the sum of its parts."""
    known, model, age = PastBans(), {}, 100.0
    for what, jail, number, count, at in steps:
        identifier = str(number)
        if what == "learn":
            model[jail, identifier] = past(identifier, jail, count, at, 50.0)
            known.learn(model[jail, identifier])
        elif what == "forget":
            assert known.forget(jail, identifier) == (model.pop((jail, identifier), None) is not None)
        elif what == "sweep":
            known.sweep(Wall(at), age)
            model = {key: one for key, one in model.items() if one.since + 150 + age > at}
        else:
            assert sorted(known.forget_all()) == sorted({jail for jail, _ in model})
            model = {}
        assert len(known) == len(model)
        assert {(j, i) for j in known.jails() for i in known.ids(j)} == set(model)
    for (jail, identifier), one in model.items():
        assert known.find(jail, identifier, Wall(one.since + 249), age) == one
        assert known.find(jail, identifier, Wall(one.since + 250), age) is None


def test_the_memory_at_the_bound_is_what_is_said() -> None:
    """Some 16 MB for all jails together, names included."""
    tracemalloc.start()
    try:
        known = PastBans()
        for number in range(MAX_PAST):
            known.learn(past(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", since=float(number)))
        assert len(known) == MAX_PAST
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 20e6, size
