r"""Every construct of Python's syntax by one or two examples: the scanner finds the same text with the same groups."""

from __future__ import annotations

import re
from datetime import UTC
from itertools import product

import pytest

from stockade.match.engine import FilterUse, open_scanner
from stockade.model.settings import FilterSettings
from tests.properties.parity import NOW, Probe

ONE_OF_EACH = {
    "sets": [
        ("[]a]+", "x]a]y"),
        ("[^]]+", "]]ab]"),
        ("[a-]+[-a]+", "xa-a-"),
        (r"[\d-]+[--/]+", "a1-2-./"),
        ("[[]+[[a]]", "[[a]"),
        ("[[:alpha:]]+", "alp:]]"),
        ("[a&&b]+[a||b]+[a~~b]+", "a&&b||a~~"),
        (r"[\101\1\07\b]+", "A\1\7\b"),
        (r"[\W\d]+[^\W\d]", "1 -a"),
        (r"[\D\d][^\s\S]?", "ab"),
        (r"(?a)[\W\xe9]+[^\W]", "\xe9-a"),
        (r"[\s,]+[^\S\t]", "\x1c,\x1f "),
    ],
    "escapes": [
        (r"\101\x42\u0043\U00000044\0\07\012?", "ABCD\0\x07"),
        (r"\N{BULLET}[\N{EM DASH}-\N{BULLET}]?", "\u2022\u2022"),
        (r"\a\f\t\v\.\-\ \/", "\a\f\t\v.- /"),
        (r"\Aa\Z", "a"),
        (r"\bab\b\Bb?", "ab b"),
        ("a\x85b|\\\u2014", "a\x85b"),
    ],
    "counts": [
        ("a{,2}b{,}c{2,}", "aaabbcc"),
        ("a{}b{ 1}c{,x}", "a{}b{ 1}c{,x}"),
        ("{a{1", "{a{1"),
        ("a{0}b(c){0}d", "bd"),
        ("a*?b+?c??d", "aabbcd"),
        ("a++a?b?+c*+", "aaabc"),
        ("a{1,2}+a", "aaa"),
        ("(?:a{1}){2}", "aa"),
    ],
    "groups": [
        ("(a)?(?(1)b|c)", "ab"),
        ("(a)?(?(1)b|c)", "c"),
        ("(?P<x>a)?(?(x)b|c)(?P=x)?", "c"),
        ("(?(1)a|b)(c)", "bc"),
        ("(a(?(1)b|c))+", "acab"),
        (r"(a)?\1b", "b"),
        (r"(a)?(?:\1|x)b", "xb"),
        ("(?>a|ab)c", "abc"),
        ("(|a)+", "aa"),
        ("(a*)*", "aab"),
        ("(a*?)*", "aa"),
        ("(?:(a)|(b)|())*", "abab"),
        ("((a)|b)*", "ab"),
        ("(?:x(a)?)*", "xax"),
        ("(a?)*?b", "aab"),
        ("(?:(a)|b|(c))*d|ab", "ab"),
        ("a||b", "b"),
        ("(?:)|()", "a"),
    ],
    "look-around": [
        ("(?<=ab)c|(?<!ab)d", "abc"),
        ("(?<=(a))b(?=(c))", "abc"),
        (r"(a)(?<=\1)b", "ab"),
        (r"(?<=[^\S])b", " b"),
        ("(?<=^a)b", "ab"),
        ("(?=(a))?a(?!(b))", "ac"),
    ],
    "flags": [
        ("(?i)abc", "aBC"),
        ("(?s:.)(?i:A)(?-i:a)", "xaa"),
        ("(?x) a b # comment", "ab"),
        ("(?x) [ #] \\  a", "#  a"),
        ("(?x)a(?-x: b)c", "a bc"),
        ("(?#c)(?i)(?s)a", "A"),
        (r"(?u:(?a:\w)\w)", "a\xe9"),
        (r"(?a)\b\w+\b", "\xe9a\xe9"),
        ("((?i)a)b|(?:(?s)c)", "Ab"),
    ],
    "case": [
        ("(?i)\u017f\u212a\xdf", "sK\u1e9e"),
        ("(?i)\u03c3+", "\u03c2\u03a3"),
        ("(?i)\xdf", "ss"),
        ("(?i)[^k]", "\u212a"),
        ("(?ai)[^k]", "\u212a"),
        ("(?ai)\xe9|s", "\xc9\u017f"),
        ("(?i)\u0131", "I"),
        ("(?i)(\xe9)\\1", "\xe9\xc9"),
    ],
}


CASES = [(kind, *example) for kind, examples in ONE_OF_EACH.items() for example in examples]


@pytest.mark.parametrize(("kind", "expression", "text"), CASES)
def test_each_construct_means_the_same(kind: str, expression: str, text: str) -> None:
    """Whether there is a match, where it lies and what each group holds, with literals and without."""
    for has_literals in (True, False):
        probe = Probe(expression, has_literals=has_literals)
        assert probe.scanner([text, f"{text} {text}", "-"]) == [
            probe.python(text),
            probe.python(f"{text} {text}"),
            probe.python("-"),
        ], kind


ACROSS = ["^b$", r"a\nb$", r"\Aa", r"a\Z", r"a\n\Z", "a.b", "(?s:a.b)", "(?-m:^b)", "(?-m:b$)", "b$\n^a", r"a\s^b"]
LINES = ["a", "b", "ab ", "ba"]


@pytest.mark.parametrize("expression", ACROSS)
@pytest.mark.parametrize("lines", list(product(LINES, LINES)))
def test_lines_of_a_multiline_filter_mean_the_same(expression: str, lines: tuple[str, str]) -> None:
    """In a filter with `maxlines`, edges and the dot see newlines as Python's MULTILINE does, until a match."""
    settings = FilterSettings(
        "t", failregex=(f"(?P<fid>{expression})",), maxlines=5, datepattern=("{NONE}",), usedns="raw"
    )
    scanner = open_scanner([FilterUse(settings)], now=NOW, local_zone=UTC, is_explaining=True)
    text = ""
    for line in lines:
        text += f"{line}\n"
        (verdict,) = scanner.feed(f"{line}\n".encode(), NOW, is_live=False).verdicts
        expected = re.search(expression, text, re.MULTILINE)
        assert (verdict.verdict != "missed") == (expected is not None)
        if expected:
            break
