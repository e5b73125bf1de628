"""fail2ban's estimate beside exact windows: the figures behind decision 0003."""

from __future__ import annotations

import random

import pytest
from bench.estimate import PATTERNS, Estimate, compare, first_bans, poisson, rows


def test_the_estimate_is_the_dialects() -> None:
    """The verified example of §4.1: these times give these counts, without the clean-up of silent hosts."""
    estimate = Estimate(600.0, is_forgetting=False)
    times = (0, 300, 700, 1000, 1200, 2500, 2501)
    assert [estimate.add(float(time)) for time in times] == [1, 2, 3, 3, 3, 2, 3]


def test_a_silent_host_is_forgotten() -> None:
    """After findtime without a failure the count begins anew."""
    estimate = Estimate(600.0)
    assert [estimate.add(time) for time in (0.0, 1.0, 601.0, 1300.0)] == [1, 2, 1, 1]


@pytest.mark.parametrize("maxretry", [3, 5])
def test_within_one_findtime_both_rules_are_the_same(maxretry: int) -> None:
    """Whoever reaches maxretry within findtime of his first failure is banned by both, at the same failure."""
    rng = random.Random(1)
    for _ in range(200):
        times = sorted(rng.uniform(0, 600) for _ in range(8))
        assert first_bans(times, maxretry) == (times[maxretry - 1], times[maxretry - 1])


def test_exact_bans_nobody_without_maxretry_failures_in_findtime() -> None:
    """The estimate does: it averages over what has left the window, and rounds up."""
    times = [0.0, 1.0, 599.0, 650.0, 1200.0]
    exact, estimated = first_bans(times, 4)
    assert exact is None
    assert estimated == 650.0


def test_exact_sometimes_bans_earlier() -> None:
    """Tries that become quicker: scaled down for the slow ones before, they look fewer than they are."""
    assert first_bans([189.0, 563.0, 766.0, 949.0, 1075.0, 1106.0], 4) == (1075.0, 1106.0)


def test_random_traffic_shows_what_the_record_says() -> None:
    """Well above maxretry the rules agree; at the edge they differ, the estimate mostly being the earlier one; nobody
    whom fail2ban would ban in the end gets away for good on lasting traffic."""
    rng = random.Random(2)
    fast = compare([sorted(poisson(rng, 10.0)) for _ in range(300)], 5)
    edge = compare([sorted(poisson(rng, 2.5)) for _ in range(300)], 5)
    assert fast["same"] > 0.97 * fast.total()
    assert edge["estimate first"] > edge["exact first"] > 0
    assert fast["only exact"] == fast["only estimate"] == 0


def test_every_pattern_gives_a_row() -> None:
    """The table names each kind of traffic and judges every host."""
    table = list(rows(0, 3, 5))
    assert len(table) == 4 * len(PATTERNS)
    assert all(found.total() == 3 for _, found in table)
