"""Ban times: the dialect's formulas and their bounds."""

from __future__ import annotations

import pytest

from stockade.core.bantime import LONGEST, BanTimes, needed, weight
from stockade.core.jail import no_chance
from stockade.model.settings import BanTimeSettings

EXPONENTIAL = "ban.Time * math.exp(float(ban.Count + 1) * banFactor) / math.exp(1 * banFactor)"


def times(bantime: float = 600, **settings: object) -> BanTimes:
    """Growing ban times without chance."""
    return BanTimes(BanTimeSettings(bantime, is_increment=True, **settings), no_chance)  # type: ignore[arg-type]


def lengths(known: BanTimes, *counts: int) -> list[float]:
    """The lengths after so many earlier bans."""
    return [known.length(count).seconds for count in counts]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [1200, 2400, 4800, 9600]),
        ({"factor": "2"}, [2400, 4800, 9600, 19200]),
        ({"multipliers": (1, 5, 30)}, [3000, 18000, 18000, 18000]),
        ({"maxtime": 3600.0}, [1200, 2400, 3600, 3600]),
        ({"formula": EXPONENTIAL, "factor": "2.0 / 2.885385"}, [1200, 2400, 4800, 9600]),
        ({"factor": "1 / 4"}, [600, 600, 1200, 2400]),
        ({"multipliers": (1, 2), "factor": "3", "formula": "1"}, [3600, 3600, 3600, 3600]),
        ({"formula": "10 * ban.Count"}, [600, 600, 600, 600]),
        ({"formula": "ban.Time if ban.Count < 3 else 86400"}, [600, 600, 86400, 86400]),
    ],
)
def test_the_dialects_examples(settings: dict[str, object], expected: list[float]) -> None:
    """The values that fail2ban itself gives for 10 minutes and 1, 2, 3 and 4 earlier bans (§4.6)."""
    assert lengths(times(**settings), 1, 2, 3, 4) == pytest.approx(expected, rel=1e-3)


def test_the_first_ban_lasts_bantime() -> None:
    """Nobody is treated worse than the configuration says until he comes again, by chance neither."""
    first = BanTimes(BanTimeSettings(600, is_increment=True, rndtime=100, multipliers=(7,)), lambda: 0.9)
    assert first.length(0).seconds == 600


def test_without_increment_every_ban_lasts_bantime() -> None:
    """`bantime.increment = false` is the default; a permanent ban time does not grow either."""
    assert BanTimes(BanTimeSettings(600), no_chance).length(9).seconds == 600
    assert times(-1).length(9).seconds == -1
    assert not times(-1).is_growing


def test_doubling_ends_at_twenty() -> None:
    """2²⁰ times the ban time is the most that doubling gives."""
    assert lengths(times(10), 20, 21, 10**9) == [10 * 2**20] * 3


def test_chance_comes_after_the_cap() -> None:
    """`bantime.rndtime` is added to what `bantime.maxtime` left."""
    known = BanTimes(BanTimeSettings(600, is_increment=True, maxtime=1000.0, rndtime=100), lambda: 0.5)
    assert known.length(3).seconds == 1050


@pytest.mark.parametrize(
    ("settings", "seconds", "is_said"),
    [
        ({"formula": "1 / (ban.Count - 2)"}, 600, True),
        ({"formula": "math.sqrt(1 - ban.Count)"}, 600, True),
        ({"formula": "math.exp(ban.Count * 1000)"}, LONGEST, False),
        ({"formula": "math.exp(ban.Count * 1000)", "maxtime": 7200.0}, 7200, False),
        ({"formula": "-5 * ban.Time"}, 600, False),
        ({"multipliers": (1, 1, 0)}, 600, False),
        ({"multipliers": (1, 1, 5), "factor": "-1"}, 600, False),
        ({"factor": "1e99"}, LONGEST, False),
        ({"maxtime": 1e12, "rndtime": 1e12, "factor": "1e99"}, LONGEST, False),
    ],
)
def test_there_is_always_a_ban(settings: dict[str, object], seconds: float, is_said: bool) -> None:
    """A formula without a value counts as bantime and that is said, an endless one as maxtime (or a hundred years);
    what is below a second counts as bantime."""
    length = times(**settings).length(2)
    assert length.seconds == seconds
    assert bool(length.trouble) == is_said


def test_a_text_that_the_configuration_would_refuse_counts_as_absent() -> None:
    """Settings made by hand cannot break banning."""
    assert lengths(times(formula="import os", factor="open('/x')"), 1) == [1200]


@pytest.mark.parametrize(
    ("settings", "longest"),
    [
        (BanTimeSettings(600), 600),
        (BanTimeSettings(-1), -1),
        (BanTimeSettings(1e12), LONGEST),
        (BanTimeSettings(600, is_increment=True), -1),
        (BanTimeSettings(600, is_increment=True, maxtime=3600.0, rndtime=60), 3660),
        (BanTimeSettings(600, is_increment=True, maxtime=60.0), 600),
        (BanTimeSettings(-1, is_increment=True, maxtime=60.0), -1),
    ],
)
def test_how_long_a_ban_can_be(settings: BanTimeSettings, longest: float) -> None:
    """bantime, or with increment maxtime and what chance adds; below zero there is no limit (§4.5)."""
    assert BanTimes(settings, no_chance).longest() == longest


def test_weights_and_how_few_failures_are_enough() -> None:
    """2, 3, 5, 9 … per failure, never more than maxretry (§4.6); so 3, 2, 1 failures instead of 5 ban."""
    assert [weight(earlier, 100) for earlier in range(6)] == [1, 2, 3, 5, 9, 17]
    assert [weight(earlier, 5) for earlier in range(5)] == [1, 2, 3, 5, 5]
    assert [needed(earlier, 5) for earlier in range(5)] == [5, 3, 2, 1, 1]
    assert needed(10**9, 10**6) == 2


@pytest.mark.parametrize("maxretry", range(1, 40))
@pytest.mark.parametrize("earlier", range(8))
def test_fewer_failures_are_the_same_as_heavier_ones(earlier: int, maxretry: int) -> None:
    """Adding each failure `weight` times reaches maxretry at exactly the failure that `needed` names."""
    weighed = next(n for n in range(1, maxretry + 1) if n * weight(earlier, maxretry) >= maxretry)
    assert needed(earlier, maxretry) == weighed
