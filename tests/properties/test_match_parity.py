"""The scanner's engine finds what Python's `re` finds: the same lines, the same places, the same groups.

`STOCKADE_PARITY_PAIRS` sets how many pairs of expression and line each property compares. The differences that are left
are told in docs/dialect/expressions.md and recognised by `differences.py`.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings

from stockade.config import SHIPPED, load_filter
from stockade.match.tags import expand_tags
from tests.properties.differences import DIFFERENCES, explain, is_new_letter
from tests.properties.generator import ExpressionSource, short_text
from tests.properties.mutations import mutated
from tests.properties.parity import Probe
from tests.properties.regexes import matches
from tests.stock_filters import INSTALLED, STOCK, filter_items, filter_names

PAIRS = int(os.environ.get("STOCKADE_PARITY_PAIRS", "40000"))
PAGE = Path(__file__).parents[2] / "docs" / "dialect" / "expressions.md"
LOGS = STOCK.parent / "logs"
_REFUSAL = re.compile(r"^.*failregex 0: | at offset .*$", re.DOTALL)
"""What stands around the reason for which the engine refuses an expression."""


class Tally:
    """What a run compared, and what it could not explain."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.unexplained: list[str] = []

    def compare(self, expression: str, texts: Sequence[str]) -> None:
        """Runs one expression by both engines on every text."""
        probe = Probe(expression)
        for text, found in zip(texts, probe.scanner(texts), strict=True):
            self.counts["pairs"] += 1
            try:
                expected = probe.python(text) if found != "match-limit" else "match-limit"
            except TimeoutError:
                expected = "match-limit"
            if expected == "match-limit":
                self.counts["limit"] += 1
                continue
            self.counts["matches"] += expected is not None
            if found == expected:
                continue
            key = explain(expression, text, found)
            self.counts[key or "unexplained"] += 1
            if key is None:
                self.unexplained.append(f"{expression!a} on {text!a}: {found} instead of {expected}")

    def check(self, *, least_matches: float) -> None:
        """Fails on differences without an explanation, and where too little matched to mean anything."""
        print(dict(self.counts))
        assert self.unexplained[:5] == []
        assert self.counts["matches"] > least_matches * self.counts["pairs"]
        assert self.counts["limit"] < 0.001 * self.counts["pairs"] + 5


@given(matches())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_expressions_and_their_texts_match_alike(pair: tuple[str, str]) -> None:
    """Texts made to match are matched by both, with literals and without, and every group is the same."""
    expression, text = pair[0], re.sub("[\n\u0130\u0131]", "i", pair[1]) or "-"
    for has_literals in (True, False):
        probe = Probe(expression, has_literals=has_literals)
        assert probe.scanner([text])[0] == probe.python(text), has_literals


@pytest.mark.parametrize("seed", range(4))
def test_random_expressions_match_alike(seed: int) -> None:
    """Whatever is put together of the syntax, in ways that nobody would write it, means the same."""
    random = Random(seed)
    source, tally = ExpressionSource(random), Tally()
    refused: Counter[str] = Counter()
    while tally.counts["pairs"] < PAIRS / 4:
        expression = source.expression()
        texts = [short_text(random, expression) for _ in range(40)]
        try:
            tally.compare(expression, [text for text in texts if "\n" not in text and text[-1] != "\r"])
        except ValueError as error:
            refused[_REFUSAL.sub("", str(error))] += 1
    assert set(refused) <= {"length of lookbehind assertion is not limited"}
    tally.check(least_matches=0.1)


@cache
def samples(log: Path) -> tuple[str, ...]:
    """The lines of a log as they are, without what looks like a date, and from the end of the usual prefix on."""
    raw = log.read_bytes().decode(errors="replace").splitlines()
    lines = [line for line in raw if line and not line.startswith("#")]
    undated = [re.sub(r"^\[?(?:[A-Z][a-z]{2} +\d+|[\d/-]+)[ T][\d:.,+-]+\]?", "", line) for line in lines]
    contents = [line.partition("]: ")[2] for line in lines]
    return tuple(
        re.sub(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", " ", text)[:1500]
        for text in (*lines, *undated, *contents)
        if text
    )


def expressions(tree: Path, name: str, items: Iterable[str]) -> list[str]:
    """Every distinct expression of a filter in the variants given, tags expanded."""
    found = {}
    for item in items:
        settings_, _ = load_filter(tree, item)
        texts = (*settings_.failregex, *settings_.ignoreregex, settings_.prefregex)
        found.update(dict.fromkeys(expand_tags(text, settings_.usedns) for text in texts if text))
    return list(found)


def compare_tree(tree: Path, logs: dict[str, Path], seed: int) -> Tally:
    """Every expression of every filter, on mutated lines: mostly of those it matches, else of its own or any log."""
    random, tally = Random(seed), Tally()
    pool = {name: expressions(tree, name, filter_items(tree, name)) for name in filter_names(tree)}
    share = PAIRS // max(sum(map(len, pool.values())), 1) + 1
    foreign = [lines for name in sorted(logs) if (lines := samples(logs[name]))]
    for name, found in pool.items():
        own = samples(logs[name]) if name in logs else ()
        for expression in found:
            hits = tuple(text for text, hit in zip(own, Probe(expression).scanner(own), strict=True) if hit)
            choices = [hits or own or random.choice(foreign), own or random.choice(foreign), random.choice(foreign)]
            texts = [mutated(random, random.choices(choices, (70, 20, 10))[0]) for _ in range(share)]
            tally.compare(expression, texts)
    return tally


def test_shipped_expressions_match_alike() -> None:
    """The expressions of our own filters find the same in mutated lines of their services."""
    logs = {path.parent.name: path for path in SHIPPED.glob("filter.d/*/lines.log")}
    compare_tree(SHIPPED, logs, seed=11).check(least_matches=0.1)


@pytest.mark.parametrize("tree", [STOCK, INSTALLED], ids=["stock", "installed"])
def test_stock_expressions_match_alike(tree: Path) -> None:
    """The expressions of fail2ban's filters, in every variant, find the same in mutated lines of its sample logs."""
    if not (tree / "filter.d").is_dir() or not LOGS.is_dir():
        pytest.skip("needs fail2ban's filters and sample logs")
    logs = {path.name: path for path in LOGS.iterdir() if path.is_file()}
    compare_tree(tree, logs, seed=12).check(least_matches=0.1)


def characters() -> list[str]:
    """Every character of the first planes' beginnings, or of all planes in a long run; none that ends a line."""
    last = sys.maxunicode if PAIRS > 500_000 else 0x31FF
    codes = [*range(1, last + 1), *range(0x1D400, 0x1D800), *range(0xFE00, 0x10000)]
    return [chr(code) for code in dict.fromkeys(codes) if code not in (10, 13) and not 0xD800 <= code < 0xE000]


@pytest.mark.parametrize(
    ("expression", "differs"),
    [
        (r"\w", is_new_letter),
        (r"[\W]", is_new_letter),
        (r"\d", lambda char: ord(char) > 0xFFFF and is_new_letter(char)),
        (r"\s", "\u180e".__eq__),
        (r"[^\S]", "\u180e".__eq__),
        (r".", None),
        (r"(?a)\w", None),
        (r"(?a)[\W\s]", None),
        (r"(?ai)[k-\xe9]", None),
        (r"(?i)[a-z]", "\u0130\u0131".__contains__),
        (r"(?i)[^a-z]", "\u0130\u0131".__contains__),
        (r"(?i)\u0131", None),
        (r"(?i)[\xe0-\u4e00]", is_new_letter),
        (r"(?i)[^\xe0-\u4e00]", is_new_letter),
        (r"[\xff-\u0100\u0102\u0104\u0106\u0108\u010a\u8000\u8002\u8004\u8006\u8008]", None),
    ],
)
def test_sets_hold_the_same_characters(expression: str, differs: object) -> None:
    """Character by character, a set of Python's and its translation are equal but for those of the table."""
    probe = Probe(expression)
    everyone = characters()
    wrong = {char for char, found in zip(everyone, probe.scanner(everyone), strict=True) if found != probe.python(char)}
    assert not wrong or callable(differs)
    assert [char for char in wrong if callable(differs) and not differs(char)] == []


def test_every_known_difference_is_on_the_page() -> None:
    """What the properties excuse is written down for the people who migrate, and nothing else is."""
    section = PAGE.read_text().partition("## What differs")[2].partition("##")[0]
    written = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    assert written == {each.key for each in DIFFERENCES} | {"limit", "empty-edge"}


@pytest.mark.parametrize(
    ("key", "expression", "text"),
    [
        ("letters", r"\w+", "e\u0301"),
        ("letters", r"\ba", "\u0301a"),
        ("blank", r"a\s", "a\u180e"),
        ("dotted", "(?i)i", "\u0131"),
        ("caseless-reference", r"(?i)(s)\1", "s\u017f"),
        ("possessive", "(?:(a)|b)++c", "abc"),
        ("empty-round", "(?P<n>(?(n)x|))+", "x"),
        ("empty-round", "(a*?){1,3}=", "aa="),
        ("zero", "(?:x|^a){0}k", ".k"),
    ],
)
def test_each_known_difference_is_real(key: str, expression: str, text: str) -> None:
    """A row of the table that no longer holds is to be removed."""
    probe = Probe(expression)
    (found,) = probe.scanner([text])
    if found == probe.python(text):
        pytest.skip("this version of Python or PCRE2 does not differ here")
    assert explain(expression, text, found) == key
