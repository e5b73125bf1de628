"""Literals and heads never lie: a line that an expression matches has one of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from stockade.match.gate import admit
from stockade.match.literals import Known, LiteralFinder
from stockade.match.rarity import Habitat
from stockade.match.splits import ANYWHERE, AT_START, BEFORE_SIGNS, BETWEEN_SIGNS, NOWHERE, Split
from tests.properties.regexes import matches

DATE = "Nov 22 01:02:03"


def derived(pattern: str, splits: frozenset[Split] = NOWHERE, *, is_utf8: bool = True) -> Known:
    return LiteralFinder(Habitat(splits, is_utf8=is_utf8)).known(admit(pattern).tree)


def has_literal(known: Known, raw: bytes) -> bool:
    line = raw.lower() if known.is_caseless else raw
    return not known.literals or any(literal in line for literal in known.literals)


def has_head(known: Known, text: bytes) -> bool:
    line = text.lower() if known.is_caseless else text
    return not known.heads or line.startswith(known.heads)


def is_kind(char: str, wanted: bool | str) -> bool:
    """Beyond ASCII a character may count as a word character or not."""
    if isinstance(wanted, str):
        return char == wanted
    return not char.isascii() or (char.isalnum() or char == "_") is wanted


def may_part(text: str, at: int, splits: frozenset[Split]) -> bool:
    """Whether a date may have been cut out of the text at this place; at its ends it parts nothing."""
    if not 0 < at < len(text):
        return True
    return any(
        is_kind(text[at - 1], split.left)
        and is_kind(text[at], split.right)
        and (split.reach is None or at <= split.reach)
        for split in splits
    )


IN_BRACKETS = frozenset({Split("[", "]"), Split("[", False)})
EARLY = frozenset({Split(True, True, 3), Split(True, False, 1)})


@given(matches())
@settings(max_examples=150, deadline=None)
@example((r"^(?i:kiss)", "\u212ai\u017fs"))
@example((r"(?i:user)\ufffd", "USER\ufffd"))
def test_every_match_has_a_literal_and_a_head(pair: tuple[str, str]) -> None:
    """A text in which an expression is found contains one of its literals and starts with one of its heads."""
    pattern, text = pair
    assume(re.search(pattern, text))
    known = derived(pattern)
    assert has_literal(known, text.encode())
    assert has_head(known, text.encode())


@given(
    matches(),
    st.sampled_from([AT_START, BETWEEN_SIGNS, BEFORE_SIGNS, ANYWHERE, IN_BRACKETS, EARLY, AT_START | IN_BRACKETS]),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_a_date_in_the_line_parts_no_literal(
    pair: tuple[str, str], splits: frozenset[Split], data: st.DataObject
) -> None:
    """The raw line still contains a literal wherever a date stood that the splits allow for."""
    pattern, text = pair
    assume(re.search(pattern, text))
    places = [at for at in range(len(text) + 1) if may_part(text, at, splits)]
    at = data.draw(st.sampled_from(places))
    raw = text[:at] + DATE + text[at:]
    assert has_literal(derived(pattern, splits), raw.encode())


@given(matches())
@settings(max_examples=60, deadline=None)
def test_other_encodings_are_searched_in_ascii_only(pair: tuple[str, str]) -> None:
    """In a log that is not UTF-8, literals and heads are ASCII, and hold for the line's own bytes."""
    pattern, text = pair
    assume(re.search(pattern, text))
    known = derived(pattern, is_utf8=False)
    assert all(literal.isascii() for literal in known.literals + known.heads)
    assert has_literal(known, text.encode("latin-1", "replace"))


@given(matches("user\ufffd\ufffd= "))
@settings(max_examples=60, deadline=None)
def test_undecodable_bytes_part_no_literal(pair: tuple[str, str]) -> None:
    """Where the text shows U+FFFD the raw line has any bytes; the literals hold all the same."""
    pattern, text = pair
    assume(re.search(pattern, text))
    assert has_literal(derived(pattern), text.encode().replace("\ufffd".encode(), b"\xff"))


@pytest.mark.parametrize(
    ("pattern", "literals", "heads"),
    [
        (r"^Failed \S+ for (?:invalid user )?\S+ from ", (b"Failed ",), (b"Failed ",)),
        (
            r"^[iI](?:llegal|nvalid) user ",
            (b"Illegal user ", b"Invalid user ", b"illegal user ", b"invalid user "),
            (b"Illegal user ", b"Invalid user ", b"illegal user ", b"invalid user "),
        ),
        (r"^(?:error: (?:PAM: )?)?Maximum", (b"Maximum",), (b"Maximum", b"error: Maximum", b"error: PAM: Maximum")),
        (r"pam_[a-z]+\(sshd:auth\)", (b"(sshd:auth)",), ()),
        (r"^\S+ .* y\d+", (), ()),
        (r"(?:GET|POST) /", (b"GET ", b"POST "), ()),
        (r"^(?:a+b|cd)ef", (b"abef", b"cdef"), (b"a", b"cd")),
        (r"(?m)^Failed", (b"Failed",), ()),
        (r"^a|^b", (), (b"a", b"b")),
        (r"(?=secret)\w+ here", (b" here",), ()),
        (r'\[\] "[^"]*" 400', (b" 400",), ()),
        (r'" 404 .*=http://\S+ HTTP/', (b" 404 ",), ()),
        (r'"Mozilla/5\.0 \(compatible; SomeRobot/1\.0', (b" SomeRobot/1",), ()),
    ],
)
def test_known_cases(pattern: str, literals: tuple[bytes, ...], heads: tuple[bytes, ...]) -> None:
    """The rarest needed strings and the complete beginnings are found through options, choices and groups; what every
    web server's log is full of is not rare."""
    known = derived(pattern, BETWEEN_SIGNS)
    assert (known.literals, known.heads) == (literals, heads)
