"""What was read of a journal last: reading it again counts nothing twice and passes over nothing new."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stockade.model.clock import Monotonic
from stockade.sources.journal_recent import KEPT_SECONDS, MAX_KEPT, Entry, Recent

ENTRIES = st.lists(st.tuples(st.integers(0, 3).map(float), st.sampled_from([b"a", b"b"])), max_size=12)


@given(st.lists(ENTRIES.filter(bool), min_size=1, max_size=5), ENTRIES, st.randoms(use_true_random=False))
def test_reading_again(batches: list[list[Entry]], late: list[Entry], random: object) -> None:
    """Entries that come again, mixed with late ones that may look the same, leave as many as were late."""
    recent = Recent()
    for number, batch in enumerate(batches):
        recent.add(batch, str(number), Monotonic(1.0))
    assert recent.rewind() == "0"
    again = [entry for batch in batches for entry in batch] + late
    random.shuffle(again)  # type: ignore[attr-defined]
    new = [entry for entry in again if not recent.is_known(entry)]
    assert sorted(new) == sorted(late)
    assert not recent.is_replaying


@given(ENTRIES.filter(bool), ENTRIES)
def test_the_end_makes_everything_new(read: list[Entry], later: list[Entry]) -> None:
    """What has not come again by the end is gone; an equal entry after it is another one."""
    recent = Recent()
    recent.add(read, "", Monotonic(1.0))
    recent.rewind()
    recent.finish()
    assert [entry for entry in later if recent.is_known(entry)] == []


@given(st.lists(st.tuples(st.integers(1, MAX_KEPT), st.integers(0, 9)), min_size=1, max_size=12))
def test_what_is_kept_is_bounded(turns: list[tuple[int, int]]) -> None:
    """At most MAX_KEPT entries and those of KEPT_SECONDS, and always the last batch."""
    recent, now = Recent(), 0.0
    for number, (size, pause) in enumerate(turns):
        now += pause
        recent.add([(0.0, b"x")] * size, str(number), Monotonic(now))
        assert turns[number][0] <= len(recent) <= MAX_KEPT
    begun = recent.rewind()
    assert begun is not None
    times = [sum(pause for _, pause in turns[: number + 1]) for number in range(len(turns))]
    assert int(begun) == len(turns) - 1 or times[int(begun)] >= now - KEPT_SECONDS


def test_nothing_read_is_nothing_to_go_back_to() -> None:
    """A reader that has read nothing goes by its cursor."""
    assert Recent().rewind() is None
