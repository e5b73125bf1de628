"""Arithmetic of bantime.formula and bantime.factor."""

from __future__ import annotations

import time

import pytest

from stockade.model.arithmetic import Formula, NoValue, TooLarge, evaluate_factor

DOUBLING = "ban.Time * (1 << (ban.Count if ban.Count < 20 else 20)) * banFactor"
EXPONENTIAL = "ban.Time * math.exp(float(ban.Count + 1) * banFactor) / math.exp(1 * banFactor)"


@pytest.mark.parametrize(("count", "seconds"), [(1, 1200), (2, 2400), (3, 4800), (4, 9600), (50, 600 << 20)])
def test_doubling(count: int, seconds: int) -> None:
    """A formula with a shift and a choice has the value Python would give it."""
    assert Formula(DOUBLING).seconds(time=600, count=count, factor=1.0) == seconds


def test_exponential_formula_with_its_factor() -> None:
    """The exponential formula doubles with the factor 2.0 / 2.885385."""
    factor = evaluate_factor("2.0 / 2.885385")
    values = [Formula(EXPONENTIAL).seconds(time=600, count=count, factor=factor) for count in (1, 2, 3)]
    assert values == pytest.approx([1200, 2400, 4800], rel=1e-3)


def test_chance_is_an_argument() -> None:
    """`random` takes its numbers from the caller."""
    assert Formula("random.uniform(10, 20)").seconds(time=1, count=1, factor=1, draw=lambda: 0.25) == 12.5
    assert Formula("random.random()").seconds(time=1, count=1, factor=1, draw=lambda: 0.75) == 0.75


@pytest.mark.parametrize(
    "text",
    [
        "min(ban.Time, 5) + max(1, 2, 3)",
        "ban.Time if 0 < ban.Count <= 3 and not False else 1",
        "round(7.6) // 2 % 3 >> 1",
    ],
)
def test_the_rest_of_the_language(text: str) -> None:
    """Functions, comparisons and logic agree with Python."""

    class Ban:
        Time, Count = 600, 2

    assert Formula(text).seconds(time=600, count=2, factor=1) == eval(text, {"ban": Ban})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ban.Time +",
        "__import__('os').system('true')",
        "ban.__class__",
        "ban.Data",
        "[1][0]",
        "'a' * 3",
        "(lambda: 1)()",
        "x",
        "open('/etc/passwd')",
        "math.factorial(10)",
        "1 if ban.Time else ban.Nope",
        "1j",
        "1/0",
        "math.log(0)",
        "math.sqrt(-1)",
        "10**10**10",
        "9**99999999",
        "1 << 100000000",
        "1e400",
        "1.5 << 1",
        "min()",
        "min(1, key=2)",
        "(" * 100 + "1" + ")" * 100 + "+" * 500,
        "-" * 900 + "1",
        "+".join(["1"] * 400),
        "ban.Count.Time",
        "1 is 1",
        "\0",
    ],
)
def test_what_is_refused(text: str) -> None:
    """Nothing but bounded arithmetic on the ban's numbers is accepted, and refusing is quick."""
    begin = time.perf_counter()
    with pytest.raises(NoValue):
        Formula(text).seconds(time=600, count=1, factor=1)
    assert time.perf_counter() - begin < 0.5


def test_a_factor_knows_no_ban() -> None:
    """The factor is read once and must not depend on a ban."""
    assert evaluate_factor("2.0 / 4") == 0.5
    with pytest.raises(NoValue):
        evaluate_factor("ban.Count")


@pytest.mark.parametrize("text", ["math.exp(ban.Count)", "ban.Time * 2 ** ban.Count", "1e99 * ban.Count"])
def test_a_value_that_grows_too_large_is_told_from_one_that_is_wrong(text: str) -> None:
    """Whoever computes a time can then take the longest one instead of the shortest."""
    assert Formula(text).seconds(time=600, count=2, factor=1) > 0
    with pytest.raises(TooLarge):
        Formula(text).seconds(time=600, count=990, factor=1)
    with pytest.raises(NoValue) as caught:
        Formula(f"-1e60 * 1e60 + {text}").seconds(time=600, count=2, factor=1)
    assert not isinstance(caught.value, TooLarge)
