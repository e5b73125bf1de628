"""Python's syntax becomes PCRE2's: the text of each difference, and the same matches by the scanner's own engine."""

from __future__ import annotations

import re

import pytest

from stockade.match.gate import MAX_EXPRESSION, MAX_NESTING, admit
from stockade.match.literals import Known, LiteralFinder
from stockade.match.problem import ExpressionError
from stockade.match.rarity import Habitat
from stockade.match.splits import ANYWHERE, NOWHERE, pairs_around_cut
from stockade.match.tokens import tokens
from stockade.match.translate import _ASCII_EDGE, translate


def pcre2(expression: str, *, is_multiline: bool = False) -> str:
    return translate(admit(expression, is_multiline=is_multiline).tokens, is_multiline=is_multiline).pattern


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("a{,3}", "a{0,3}"),
        ("a{,}", "a{0,}"),
        ("a{2}b{1,}c{1,2}?", "a{2}b{1,}c{1,2}?"),
        ("a{1, 2}", r"a\{1, 2}"),
        ("a{b}", r"a\{b}"),
        (r"x\Z", r"x\z"),
        (r"\Ax$", r"\Ax$"),
        (r"\s+\S", r"[\s\x1c-\x1f]+[^\s\x1c-\x1f]"),
        (r"[\s,]", r"[\,\s\x1c-\x1f]"),
        (r"[^\s,]", r"[^\,\s\x1c-\x1f]"),
        (r"[\S]", r"[^\s\x1c-\x1f]"),
        (r"[^\S]", r"(?:[\s\x1c-\x1f])"),
        (r"[\s\S]", r"[\S\s]"),
        (r"[\S,]", r"(?:[^\s\x1c-\x1f]|[\,])"),
        (r"[^\S\t]", r"(?:(?![\x09])[\s\x1c-\x1f])"),
        (r"\v\t\a\x41\u00e9\U000000e9\N{LATIN SMALL LETTER E WITH ACUTE}\0\07\101", "\\x0b\\x09\\x07Aééé\\x00\\x07A"),
        (r"(a)\1", r"(a)\g{1}"),
        (r"(a)\1{2}", r"(a)\g{1}{2}"),
        ("(?P<n>a)(?P=n)(?(n)b|c)(?(1)d)", "(?P<n>a)(?P=n)(?(<n>)b|c)(?(1)d)"),
        ("(?u)a", "a"),
        ("(?iu)a", "(?i)a"),
        ("(?u:a)(?i-s:b)(?-i:c)", "(?:a)(?i-s:b)(?-i:c)"),
        ("(?a:\\d\\w\\s)\\d", r"(?:[0-9][A-Za-z0-9_][\t-\r ])\d"),
        ("(?a)[\\D]", "[^0-9]"),
        ("[]a][^]a]", r"[\]a][^\]a]"),
        (r"[[a][[:x]", r"[\[a][\[\:x]"),
        ("[[:alpha:]]", r"[\[\:alpha\:]]"),
        ("[a&&b~~c||d][--/]", r"[a\&\&b\~\~c\|\|d][\--\/]"),
        ("(?i)k\u0131[x\u0130]", "(?i)k[i\u0130\u0131][x\u0130i\u0130-\u0131]"),
        ("(?ai)bok\u00e9[k-\u00e9]", "(?i)bo(?-i:[kK])(?-i:\u00e9)(?-i:[k-\u00e9K-Z])"),
        (r"(?ai)\w\b", rf"(?i)(?-i:[A-Za-z0-9_])(?-i:{_ASCII_EDGE['b']})"),
        ("[\xff-\u0105]", "(?:[\u0100\u0101]|[\xff\u0102-\u0105])"),
        ("[^\xff\u0101]", "(?:(?![\u0101])[^\xff])"),
        ("(?(01)a|b)(c)", "(?(1)a|b)(c)"),
        (r"[a\-z][\]-a]", r"[a\-z][\]-a]"),
        (r"[\b]", r"[\x08]"),
        ("a(?#comment)*", "a*"),
        ("(?x) a b # comment\n [ #]\\ ", "(?x) a b  [\\ \\#]\\ "),
        ("((?i)a)b", "(?i:a)b"),
        ("(?:(?is)a|b)c", "(?is:a|b)c"),
        ("a++(?>b)", "a++(?>b)"),
        (r"é\é—", "éé\\—"),
        ("(?m)^a$", r"(?m)(?:^|(?<=\n)\z)a$"),
    ],
)
def test_each_difference(python: str, expected: str) -> None:
    """Each construct that PCRE2 reads otherwise, or not at all, is rewritten; the rest stays as it is."""
    assert pcre2(python) == expected


def test_multiline_is_written_into_the_expression() -> None:
    """An expression compiled for a multi-line filter carries the flag itself."""
    assert pcre2("^a$", is_multiline=True) == r"(?m)(?:^|(?<=\n)\z)a$"


def test_numbers_and_names_of_groups_are_kept() -> None:
    """Groups keep their numbers and names, whatever is rewritten around them."""
    expression = r"(a)(?:b)(?P<user>c{,2})((?P<x>\s)(?i:d))"
    translated = translate(admit(expression).tokens)
    compiled = re.compile(expression)
    assert translated.names == dict(compiled.groupindex)
    assert translated.groups == compiled.groups


@pytest.mark.parametrize("expression", ["", "a[", "a(b", "x{2", "(?P<a", "\\", "[^]", "(?x)#", "a|(b)|[c]\\d+?{,3}é"])
def test_tokens_add_up_to_the_expression(expression: str) -> None:
    """Nothing is lost or invented by cutting an expression into tokens, also where it does not compile."""
    assert "".join(token.text for token in tokens(expression)) == expression


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a(b", "unable to compile"),
        ("(?P<a-b>x)", "bad character in group name"),
        ("(?P<a>x)(?P<a>y)", "redefinition"),
        (r"\Qx\E", "bad escape"),
        ("(?<=a|bc)x", "look-behind"),
        ("a(?i)b", "global flags"),
        ("a" * (MAX_EXPRESSION + 1), "characters"),
        ("(" * (MAX_NESTING + 1) + ")" * (MAX_NESTING + 1), "nested deeper"),
        ("(" * 20_000, "nested deeper"),
        (r"\ud800", "surrogate"),
        ("a{70000}", "repeats more than"),
        (f"(?P<{'n' * 33}>x)", "at most 32"),
        ("a{" + "9" * 5000 + "}", "a number in it is too long"),
        ("(?(" + "9" * 5000 + ")a)", "bad character in group name"),
        ("a{99999999999}", "repetition number"),
        ("(?P<x>a)(?P<x>b)", "redefinition"),
        ("(?<x>a)", "unknown extension"),
        ("a**", "multiple repeat"),
        ("*a", "nothing to repeat"),
        ("a)", "unbalanced"),
        ("a\\", "bad escape (end of pattern)"),
        ("[z-a]", "bad character range"),
        (r"[a-\d]", "bad character range"),
        (r"\2(a)", "invalid group reference"),
        ("(?P=x)", "unknown group name"),
        ("(?(x)a)", "unknown group name"),
        ("(?L)a", "cannot use 'L' flag"),
        ("(?au)a", "incompatible"),
    ],
)
def test_what_cannot_be_used_is_refused(expression: str, message: str) -> None:
    """Syntax errors and what PCRE2 cannot take are ExpressionErrors with a remedy, never another exception."""
    with pytest.raises(ExpressionError, match=re.escape(message)) as caught:
        pcre2(expression)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("expression", "position"),
    [
        ("a(b", 1),
        ("ab[c", 2),
        ("((?i)x)(?i)", 7),
        ("(?P<a>x)(?P<a>y)", 12),
        ("x" * 20 + "*" * 2, 21),
        ("a)", 1),
        ("a\\", 1),
    ],
)
def test_the_place_of_a_mistake_is_told(expression: str, position: int) -> None:
    """The place counts in the expression as it was given, also behind a group that was rewritten."""
    with pytest.raises(ExpressionError) as caught:
        admit(expression)
    assert caught.value.position == position


@pytest.mark.parametrize("expression", ["[[a]", "[a&&b]", "[--b]", "(?(1)a|b)(c)"])
def test_warnings_of_python_stay_inside(expression: str) -> None:
    """What Python may read differently some day is no warning on the daemon's log, and no error."""
    assert admit(expression).tokens


def test_deepest_nesting_is_accepted() -> None:
    """The bound on nesting lies below every limit of Python's parser."""
    assert pcre2("(" * MAX_NESTING + ")" * MAX_NESTING)


def test_without_a_parse_tree_nothing_is_claimed() -> None:
    """Where Python's private parser is not understood, an expression has no literals and a date may lie anywhere."""
    assert LiteralFinder(Habitat(NOWHERE)).known(None) == Known()
    assert LiteralFinder(Habitat(NOWHERE)).known([("no", "tree")]) == Known()
    assert pairs_around_cut(None, is_begin_weak=True, is_end_weak=True) == ANYWHERE
