"""The scanner's engine finds what Python's `re` finds: generated expressions, and those of a real configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stockade._scanner import Scanner, Verdict
from stockade.match.gate import admit
from stockade.match.limits import Limits
from stockade.match.literals import LiteralFinder
from stockade.match.rarity import Habitat
from stockade.match.spec import DateSpec, FilterSpec, RuleSpec
from stockade.match.splits import NOWHERE
from stockade.match.tags import expand_tags
from stockade.match.translate import translate
from tests.properties.regexes import matches

STOCK = Path(__file__).parents[3] / "shared/compat/fail2ban"
NOW = 1_795_348_800.0
UNDATED = DateSpec("{NONE}", "^()", 1, ((1, "N"),), True)
_SPECIAL = re.compile(r"alt_|tuple_|mlf|nofail|content|skiplines|cidr")
"""Groups that the scanner gives a meaning of their own instead of passing them on."""


def verdicts(pattern: str, texts: Sequence[str], *, has_literals: bool) -> list[Verdict]:
    """What the scanner makes of each text by one expression in Python's syntax."""
    accepted = admit(pattern)
    translated = translate(accepted.tokens).pattern
    known = LiteralFinder(Habitat(NOWHERE)).known(accepted.tree)
    rule = RuleSpec(translated)
    if has_literals:
        rule = RuleSpec(translated, known.literals, known.heads, known.is_caseless)
    spec = FilterSpec("t", None, (rule,), (), (UNDATED,), 1, "raw", None, False, ())
    scanner = Scanner([spec], Limits(match_limit=10_000_000), is_explaining=True)
    entries = [(NOW, text.encode()) for text in texts]
    scanner.feed_entries(entries, NOW, is_live=False)  # the time of the machine code's making is not the expression's
    return scanner.feed_entries(entries, NOW, is_live=False).verdicts


@given(matches(), st.booleans())
@settings(max_examples=150, deadline=None)
@example((r"a{,2}b{x}", "ab{x}"), True)
@example((r"(?a:\w+)\s\S+\Z", "ab\x1c\x85"), True)
@example((r"[\s,]+[^\S,]", "x,\x1f "), True)
@example((r"(?i:k)(?P<x>.)?(?(x)b|c)", "\u212aab"), True)
def test_generated_expressions_match_alike(pair: tuple[str, str], has_literals: bool) -> None:
    """The leftmost match and its text are the same, with literals and without.

    The Turkish letters that Python alone takes for an i under (?i) are left out: PCRE2 does not, and no log means it.
    """
    expression, text = f"(?P<fid>{pair[0]})", re.sub("[\n\u0130\u0131]", "i", pair[1])
    expected = re.search(expression, text)
    (verdict,) = verdicts(expression, [text], has_literals=has_literals)
    found = verdict.fields.get("fid") if verdict.verdict == "fail" else None
    assert found == (expected["fid"] if expected else None), verdict.verdict


def stock_filters() -> list[str]:
    return sorted(
        path.stem for path in (STOCK / "config/filter.d").glob("*.conf") if (STOCK / "logs" / path.stem).exists()
    )


@pytest.mark.skipif(not (STOCK / "config").is_dir(), reason="needs the compatibility corpus beside the checkout")
def test_a_real_configuration_matches_alike() -> None:
    """Every expression of every filter gives the same verdict and groups on its sample lines as Python's `re`."""
    compared = 0
    for name in stock_filters():
        for expression in stock_expressions(name):
            compared += compare(name, expression, sample_texts(name))
    assert compared > 1000


def stock_expressions(name: str) -> list[str]:
    from stockade.config import load_filter

    settings_, _ = load_filter(STOCK / "config", name)
    if settings_.maxlines > 1:
        return []
    found = [expand_tags(text) for text in (*settings_.failregex, settings_.prefregex) if text]
    return ["".join(token.text for token in admit(text).tokens) for text in found]


def sample_texts(name: str) -> list[str]:
    """The sample lines as they are, without what looks like a date, and without everything up to the first colon."""
    raw = (STOCK / "logs" / name).read_bytes().decode(errors="replace").splitlines()
    lines = [line for line in raw if line and not line.startswith("#") and "\n" not in line]
    undated = [re.sub(r"^\[?(?:[A-Z][a-z]{2} +\d+|[\d/-]+)[ T][\d:.,+-]+\]?", "", line) for line in lines]
    contents = [line.partition("]: ")[2] for line in lines]
    return [text for text in [*lines, *undated, *contents] if text]


def compare(name: str, expression: str, texts: list[str]) -> int:
    """Compares one expression on all texts; returns how many of them it matched."""
    compiled = re.compile(expression)
    if not compiled.groupindex:
        return 0
    hits = 0
    plain, guided = (verdicts(expression, texts, has_literals=has) for has in (False, True))
    for text, one, other in zip(texts, plain, guided, strict=True):
        expected = compiled.search(text)
        assert (one.verdict != "missed") == (expected is not None), (name, expression, text, one.verdict)
        assert one.verdict == other.verdict, (name, expression, text)
        hits += expected is not None
        groups = (
            {} if expected is None else {key: text for key, text in expected.groupdict().items() if text is not None}
        )
        for key, value in groups.items():
            if not _SPECIAL.match(key) and "mlfid" not in compiled.groupindex:
                assert one.fields.get(key) == value, (name, expression, text, key)
    return hits
