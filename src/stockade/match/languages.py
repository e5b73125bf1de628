"""What is known of the strings that a piece of an expression matches: finite sets, beginnings, endings, needed parts.

A small algebra: `literals.py` computes a `Language` per node of the parse tree and joins them here. Every operation
may forget, never invent: the strings described always include all that the piece can match.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2

MAX_STRINGS = 64
"""Strings in one set; a set that would grow larger is forgotten (or, for a beginning, not extended further)."""

MAX_CHARACTERS = 64
"""Characters of one string in a set; longer beginnings and endings are cut, a longer exact string is forgotten."""

MAX_NEEDED = 256
"""Literals of one need; of more alternatives nothing is known."""

Strings = frozenset[str]
EMPTY: Strings = frozenset({""})


@dataclass(frozen=True, slots=True)
class Need:
    """Byte strings of which every match contains at least one; `cost` is how often one is expected by chance (log2)."""

    cost: float
    literals: frozenset[bytes]


Weigh = Callable[[Strings], Need | None]
"""Turns a set of strings of which one must occur into what may be searched for, or None if nothing is left of it."""


@dataclass(frozen=True, slots=True)
class Language:
    """`exact` is the whole language where that is finite and small; every match starts with one of `heads` and ends
    with one of `tails` (`""` among them: nothing is known); `need` holds within every match."""

    exact: Strings | None
    heads: Strings
    tails: Strings
    need: Need | None


ANYTHING = Language(None, EMPTY, EMPTY, None)
NOTHING_CONSUMED = Language(EMPTY, EMPTY, EMPTY, None)


_LENGTHS = (MAX_CHARACTERS, 8, 4, 2, 1)


def finite(strings: Strings) -> Language:
    """The language of these strings and no others."""
    if len(strings) > MAX_STRINGS or any(len(each) > MAX_CHARACTERS for each in strings):
        return ANYTHING
    return Language(strings, strings, strings, None)


def concatenated(left: Language, right: Language, weigh: Weigh) -> Language:
    """A match of `left` directly followed by one of `right`."""
    if left.exact == EMPTY:
        return right
    if right.exact == EMPTY:
        return left
    exact = _product(left.exact, right.exact) if left.exact is not None and right.exact is not None else None
    if exact is not None and all(len(each) <= MAX_CHARACTERS for each in exact):
        need = _better(_part_need(left, exact, weigh), _part_need(right, exact, weigh))
        return Language(exact, exact, exact, need)
    across = _product(left.tails, right.heads) or frozenset()
    need = _better(_better(need_of(left, weigh), need_of(right, weigh)), weigh(across))
    return Language(None, _heads(left, right), _tails(left, right), need)


def united(branches: list[Language], weigh: Weigh) -> Language:
    """A match of any one of the branches."""
    exacts = [branch.exact for branch in branches]
    if all(each is not None for each in exacts):
        whole: Strings = frozenset().union(*(each for each in exacts if each is not None))
        if len(whole) <= MAX_STRINGS:
            return Language(whole, whole, whole, None)
    needs = [need_of(branch, weigh) for branch in branches]
    return Language(
        None,
        _union([branch.heads for branch in branches], is_ending=False),
        _union([branch.tails for branch in branches], is_ending=True),
        _joint([need for need in needs if need is not None]) if None not in needs else None,
    )


def need_of(language: Language, weigh: Weigh) -> Need | None:
    """What every match of the language contains."""
    return _better(language.need, weigh(language.exact)) if language.exact is not None else language.need


def _part_need(part: Language, whole: Strings, weigh: Weigh) -> Need | None:
    """What a part of an exact language needs; weighed anew only where the whole has more strings than the part."""
    if part.exact is None or len(part.exact) == len(whole):
        return part.need
    return need_of(part, weigh)


def opened(language: Language, weigh: Weigh) -> Language:
    """The same beginnings, endings and needs, but more may lie between (a repeated piece)."""
    heads = frozenset(each[:MAX_CHARACTERS] for each in language.heads)
    return Language(None, heads, language.tails, need_of(language, weigh))


def _product(left: Strings, right: Strings) -> Strings | None:
    if len(left) * len(right) > MAX_STRINGS:
        return None
    return frozenset(a + b for a in left for b in right)


def _heads(left: Language, right: Language) -> Strings:
    """Extends the beginnings by those of the next piece, shortened until they are few enough."""
    if left.exact is None:
        return left.heads
    for length in _LENGTHS:
        longer = _product(left.exact, frozenset(each[:length] for each in right.heads))
        if longer is not None:
            return frozenset(each[:MAX_CHARACTERS] for each in longer)
    return left.heads


def _tails(left: Language, right: Language) -> Strings:
    """Extends the endings likewise."""
    if right.exact is None:
        return right.tails
    for length in _LENGTHS:
        longer = _product(frozenset(each[-length:] for each in left.tails), right.exact)
        if longer is not None:
            return frozenset(each[-MAX_CHARACTERS:] for each in longer)
    return right.tails


def _union(sets: list[Strings], *, is_ending: bool) -> Strings:
    """All beginnings (or endings), shortened until they are few enough."""
    for length in _LENGTHS:
        whole = frozenset(each[-length:] if is_ending else each[:length] for one in sets for each in one)
        if len(whole) <= MAX_STRINGS:
            return whole
    return EMPTY


def _better(one: Need | None, other: Need | None) -> Need | None:
    if one is None or other is None:
        return one or other
    return one if one.cost <= other.cost else other


def _joint(needs: list[Need]) -> Need | None:
    """The union of the branches' needs; its cost is the sum of theirs (in the linear scale)."""
    literals: frozenset[bytes] = frozenset().union(*(need.literals for need in needs))
    if len(literals) > MAX_NEEDED:
        return None
    return Need(log2_sum([need.cost for need in needs]), literals)


def log2_sum(exponents: list[float]) -> float:
    """log2 of the sum of 2**x over the exponents, without overflow."""
    top = max(exponents)
    return top + log2(sum(2.0 ** (each - top) for each in exponents))
