"""Where a date may have been cut out of a line: between which characters, and how far from the line's beginning.

Literals are looked for in the raw line, expressions in the line without its date. A literal that lies across the place
of the cut is not in the raw line, so `rarity.py` parts literals at every place where a date may have stood. In: the
parse tree of a date template. Out: those places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stockade.match.gate import Tree

Neighbour = bool | str
"""A word character (True), any other (False), or just this sign."""

MAX_REACH = 16
"""Characters before a cut that are told apart; a cut further right may be anywhere."""


class Split(NamedTuple):
    """A place between two neighbours, with at most `reach` characters before it (None: however many)."""

    left: Neighbour
    right: Neighbour
    reach: int | None = None


NOWHERE: frozenset[Split] = frozenset()
AT_START: frozenset[Split] = frozenset({Split(False, False, 2)})
"""Behind up to two signs at the line's beginning, as with `{^LN-BEG}`."""

BETWEEN_SIGNS: frozenset[Split] = frozenset({Split(False, False)})
BEFORE_SIGNS: frozenset[Split] = frozenset({Split(False, False), Split(True, False)})
ANYWHERE: frozenset[Split] = frozenset({Split(left, right) for left in (False, True) for right in (False, True)})

Kinds = frozenset[Neighbour]
_EITHER: Kinds = frozenset({True, False})


def pairs_around_cut(tree: Tree | None, *, is_begin_weak: bool, is_end_weak: bool) -> frozenset[Split]:
    """Returns the places from which group 1 of a template can be cut out.

    `is_begin_weak` and `is_end_weak` say that a weak word boundary stands at that end of the whole template. Without a
    tree, and for a group that is not at the top level, every place is possible.
    """
    items = list(tree or ())
    at = _cut_index(items)
    if at is None:
        return ANYWHERE
    inside = items[at][1][3]
    is_bound = any(op.name == "AT" and where.name == "AT_BEGINNING" for op, where in items[:1])
    first, _ = edge_kinds(inside, is_last=False)
    last, _ = edge_kinds(inside, is_last=True)
    outside: Kinds = frozenset() if is_bound else _outside(first, is_weak=is_begin_weak)
    left = _neighbours(items[:at], outside, is_last=True)
    right = _neighbours(items[at + 1 :], _outside(last, is_weak=is_end_weak), is_last=False)
    reach = _reach(tree, at) if is_bound else None
    return frozenset(Split(a, b, reach) for a in left for b in right)


def _reach(tree: Tree, at: int) -> int | None:
    """Most characters before the cut of a template that is bound to the line's beginning."""
    width: int = tree[:at].getwidth()[1]
    return width if width <= MAX_REACH else None


def is_cut_empty(tree: Tree | None) -> bool:
    """Tells whether group 1 of a template never holds a character."""
    items = list(tree or ())
    at = _cut_index(items)
    return at is not None and edge_kinds(items[at][1][3], is_last=False) == (frozenset(), True)


def _cut_index(items: list[Tree]) -> int | None:
    """Where group 1 stands at the top level."""
    return next((n for n, (op, argument) in enumerate(items) if op.name == "SUBPATTERN" and argument[0] == 1), None)


def _outside(edge: Kinds, *, is_weak: bool) -> Kinds:
    """What may lie beyond the template's end: behind a word character, a weak boundary allows no other one."""
    return frozenset({False}) if is_weak and edge == {True} else _EITHER


def _neighbours(items: list[Tree], outside: Kinds, *, is_last: bool) -> Kinds:
    """The kinds next to the cut on one side: the template's own characters there, or those beyond its end."""
    kinds, is_nullable = edge_kinds(items, is_last=is_last)
    return kinds | outside if is_nullable else kinds


def edge_kinds(items: Iterable[Tree], *, is_last: bool) -> tuple[Kinds, bool]:
    """Returns which characters a sequence may begin or end with, and whether it may be empty."""
    kinds: Kinds = frozenset()
    ordered = list(items)
    for op, argument in reversed(ordered) if is_last else ordered:
        found, is_nullable = _node_kinds(op.name, argument, is_last=is_last)
        kinds |= found
        if not is_nullable:
            return kinds, False
    return kinds, True


def _node_kinds(op: str, argument: Tree, *, is_last: bool) -> tuple[Kinds, bool]:
    match op:
        case "LITERAL":
            return _character_kinds(argument), False
        case "IN":
            return _set_kinds(argument), False
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return frozenset(), True
        case "SUBPATTERN":
            return edge_kinds(argument[3], is_last=is_last)
        case "ATOMIC_GROUP":
            return edge_kinds(argument, is_last=is_last)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            kinds, is_nullable = edge_kinds(argument[2], is_last=is_last)
            return kinds, is_nullable or argument[0] == 0
        case "BRANCH":
            branches = [edge_kinds(branch, is_last=is_last) for branch in argument[1]]
            return frozenset().union(*(kinds for kinds, _ in branches)), any(empty for _, empty in branches)
        case "ANY" | "NOT_LITERAL":
            return _EITHER, False
        case _:
            return _EITHER, True


def _character_kinds(code: int) -> Kinds:
    """Beyond ASCII a character may count as either: the scanner may match bytes or characters."""
    if code > 127:
        return _EITHER
    char = chr(code)
    return frozenset({True if char.isalnum() or char == "_" else char})


def _set_kinds(items: Tree) -> Kinds:
    kinds: Kinds = frozenset()
    for op, argument in items:
        match op.name:
            case "LITERAL":
                kinds |= _character_kinds(argument)
            case "RANGE" if argument[1] - argument[0] < 128:
                kinds = kinds.union(*(_character_kinds(code) for code in range(argument[0], argument[1] + 1)))
            case "CATEGORY" if argument.name in ("CATEGORY_DIGIT", "CATEGORY_WORD"):
                kinds |= {True}
            case "CATEGORY" if argument.name in ("CATEGORY_SPACE", "CATEGORY_NOT_WORD"):
                kinds |= {False}
            case _:
                return _EITHER
    return kinds
