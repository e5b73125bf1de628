"""Literals only save work: a scanner that knows them finds what one finds that runs every expression on every line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockade._scanner import Scanner
from stockade.config import load_filter
from stockade.match.compile import Surroundings, compile_filter, surroundings
from stockade.match.limits import Limits
from stockade.match.spec import DateSpec, FilterSpec, RuleSpec

NOW = 1_795_348_800.0
UNDATED = DateSpec("{NONE}", "^()", 1, ((1, "N"),), True)
STOCK = Path(__file__).parents[3] / "shared/compat/fail2ban"

SHORT = [" 40", " 404 ", "=http:", "Bot", "[]"]
ROBOTS = [
    f"{maker}{kind}/{number}.0"
    for maker in ("Bad", "Evil Mail", "x")
    for kind in ("Spider", "Harvester")
    for number in range(8)
]
LONG = [*ROBOTS, "a literal that is longer than any stride", "(2: No such file", "érable à sucre"]
CASELESS = ["select * from", "UNION all", "Zz9"]
EVERYTHING = [*SHORT, *LONG, *CASELESS]


def rule(literal: str, *, is_caseless: bool = False) -> RuleSpec:
    """An expression that is its literal; caseless ones are known in lower case, as `literals.py` gives them."""
    pattern = f"(?P<fid>{'(?i)' if is_caseless else ''}{re.escape(literal)})"
    known = literal.lower() if is_caseless else literal
    return RuleSpec(pattern, (known.encode(),), (), is_caseless)


def filter_of(name: str, *rules: RuleSpec) -> FilterSpec:
    return FilterSpec(name, None, rules, (), (UNDATED,), 1, "raw", None, True, ())


FILTERS = (
    filter_of("short", *map(rule, SHORT)),
    filter_of("long", *map(rule, LONG)),
    filter_of("caseless", *(rule(each, is_caseless=True) for each in CASELESS)),
    filter_of("mixed", rule(LONG[0]), rule(SHORT[0]), rule(CASELESS[0], is_caseless=True)),
)


def without_literals(spec: FilterSpec) -> FilterSpec:
    """The same filter, of which nothing is known beforehand."""
    bare = [replace(each, literals=(), heads=()) for each in spec.rules]
    prefix = replace(spec.prefix, literals=(), heads=()) if spec.prefix else None
    return replace(spec, prefix=prefix, rules=tuple(bare))


def found(specs: Sequence[FilterSpec], data: bytes) -> list[object]:
    """Every failure with all that it shows."""
    batch = Scanner(specs, Limits()).feed(data, NOW)
    return [(f.filter, f.rule, f.id, f.logged, f.fields, f.matches) for f in batch.failures]


def _damaged(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(EVERYTHING))
    cut = draw(st.integers(0, len(text)))
    return draw(st.sampled_from([text[:cut], text[cut:], text.swapcase(), text[:cut] + "x" + text[cut:], text * 2]))


PIECES = st.one_of(
    st.sampled_from(EVERYTHING),
    st.composite(_damaged)(),
    st.text("\n ./x4", max_size=24),
    st.just("\n"),
)


@given(st.lists(PIECES, max_size=40).map("".join), st.sets(st.integers(0, 3), min_size=1))
@settings(max_examples=300, deadline=None)
def test_literals_of_any_length_and_number_lose_nothing(text: str, chosen: set[int]) -> None:
    """Few and many, short and long, with and without case, on one log together: the same failures in the same order."""
    specs = [FILTERS[index] for index in sorted(chosen)]
    data = text.encode() + b"\n"
    assert found(specs, data) == found([without_literals(spec) for spec in specs], data)


def stock_spec(name: str, shared: Surroundings) -> FilterSpec | None:
    filter_, problems = load_filter(STOCK / "config", name)
    if problems or not filter_.failregex:
        return None
    return compile_filter(filter_, findtime=None, now=NOW, local_zone=UTC, is_all_rules=True, shared=shared)


@pytest.mark.skipif(not (STOCK / "config").is_dir(), reason="needs the compatibility corpus beside the checkout")
def test_stock_filters_find_the_same_with_and_without_literals() -> None:
    """Every filter reads the sample lines of all of them: dates in all forms and places part no literal."""
    data = b"\n".join(path.read_bytes() for path in sorted((STOCK / "logs").iterdir()) if path.is_file()) + b"\n"
    shared, failures = surroundings(NOW, UTC), 0
    for path in sorted((STOCK / "config/filter.d").glob("*.conf")):
        spec = stock_spec(path.stem, shared)
        if spec is not None:
            expected = found([without_literals(spec)], data)
            assert found([spec], data) == expected, path.stem
            failures += len(expected)
    assert failures > 500
