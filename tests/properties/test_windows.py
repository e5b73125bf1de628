"""Windows equal brute force, whatever the order of events."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.core.window import LATENESS, Windows
from stockade.model.clock import Wall
from tests.playbooks.story import Seen

ARRIVALS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.floats(0, 25, allow_nan=False),  # time since the event before
        st.floats(0, LATENESS, allow_nan=False),  # how late it arrives
    ),
    max_size=40,
)


class BruteForce:
    """Keeps every failure and tries every combination."""

    def __init__(self, maxretry: int, findtime: float) -> None:
        self.maxretry, self.findtime = maxretry, findtime
        self.times: dict[str, list[float]] = {}

    def add(self, identifier: str, time: float) -> bool:
        """Tells whether any `maxretry` failures lie within `findtime`; forgets the identifier if so."""
        times = self.times.setdefault(identifier, [])
        times.append(time)
        is_due = any(max(some) - min(some) <= self.findtime for some in combinations(times, self.maxretry))
        if is_due:
            times.clear()
        return is_due


@settings(max_examples=300, deadline=None)
@given(ARRIVALS, st.integers(1, 4), st.floats(0, 60), st.booleans())
def test_windows_equal_brute_force(
    arrivals: list[tuple[str, float, float]], maxretry: int, findtime: float, is_restarting: bool
) -> None:
    """A ban is due exactly when maxretry failures lie within findtime, also across restarts in between."""
    windows, brute = Windows(maxretry, findtime, 5), BruteForce(maxretry, findtime)
    now = 1000.0
    for identifier, pause, late in arrivals:
        now += pause
        time = now - late
        is_due = windows.add(identifier, Seen(identifier, Wall(time)), Wall(now))
        assert is_due == brute.add(identifier, time)
        if is_due:
            windows.close(identifier)
        windows.sweep(Wall(now))
        if is_restarting:
            states, windows = list(windows.all_states("jail")), Windows(maxretry, findtime, 5)
            for state in states:
                windows.restore(state)


@given(st.lists(st.integers(0, 30), max_size=80))
def test_windows_are_bounded(ids: list[int]) -> None:
    """At the bound the identifier longest without a failure is forgotten, and counted."""
    windows = Windows(100, 600, 5, bound=10)
    for number in ids:
        windows.add(str(number), Seen(str(number), Wall(0.0)), Wall(0.0))
    newest = list(dict.fromkeys(str(n) for n in reversed(ids)))[:10]
    assert len(windows) == len(newest)
    assert all(identifier in windows for identifier in newest)
