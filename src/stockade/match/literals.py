"""Byte strings that every matching line contains, and beginnings that every matching text has, from an expression.

In: the parse tree of an expression, and where dates may be cut out of lines. Out: `Known`. Soundness is everything:
a line without a literal is never searched, so what is returned may be too little but never wrong. Held by
tests/properties/test_match_literals.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log2

from stockade.match.gate import Tree
from stockade.match.languages import (
    ANYTHING,
    NOTHING_CONSUMED,
    Language,
    Need,
    Strings,
    Weigh,
    concatenated,
    finite,
    log2_sum,
    need_of,
    opened,
    united,
)
from stockade.match.rarity import MIN_LITERAL, Habitat, bits, rarest_part

MAX_HEAD = 24
"""Bytes of one head; longer ones are cut, which keeps them true."""

MAX_CLASS = 8
"""Characters of a class that are told apart; a larger class (`[a-z]`, `[0-9]`) may be anything: what follows it is too
seldom worth many literals."""

_MAX_RUN = 40
"""Plain characters taken in one step; longer runs are taken in several, each of which is needed."""

_COST_OF_COUNT = 2.0
"""How many bits longer the literals must be to be worth twice as many of them."""

_MANY = 24
"""Literals that the scanner's search for few takes at their whole length."""

MIN_SHARED, MAX_SHARED = 8, 12
_SHARERS = 3
_RARE_BITS = 30.0
"""Which parts of literals may stand for them: how long, shared by how many, how rare."""

_MAX_COPIES = 4
"""Copies of a repeated piece that are written out; of more, the first and the last ones are known."""

_IGNORECASE, _MULTILINE = 2, 8
_FOLDED = {"k": "k\u212a", "s": "s\u017f", "i": "i\u0130\u0131"}
"""ASCII letters that (?i) also finds in the shape of another character, in Python or in PCRE2."""


@dataclass(frozen=True, slots=True)
class Known:
    """Any-of sets (empty: unknown); `is_caseless` says that both are to be compared without ASCII case."""

    literals: tuple[bytes, ...] = ()
    heads: tuple[bytes, ...] = ()
    is_caseless: bool = False


class _Misunderstood(Exception):
    """The tree holds something that this module does not know."""


class LiteralFinder:
    """Derives what is known of the lines that expressions match, for the expressions of one filter."""

    def __init__(self, habitat: Habitat) -> None:
        self._habitat = habitat
        self._parts: dict[str, bytes] = {}

    def known(self, tree: Tree | None) -> Known:
        """Returns what is known of one expression; nothing, if its tree is not understood."""
        if tree is None:
            return Known()
        try:
            reader = _Reader(self._weigh)
            whole = reader.sequence(tree, tree.state.flags)
            is_bound = _is_bound(tree, tree.state.flags)
        except (_Misunderstood, AttributeError, TypeError, ValueError, IndexError):
            return Known()
        need = need_of(whole, self._weigh)
        literals = need.literals if need is not None else frozenset()
        heads = _heads(whole.heads, self._habitat) if is_bound else set()
        if reader.is_caseless:
            literals, heads = frozenset(each.lower() for each in literals), {each.lower() for each in heads}
        return Known(_merged(_shortest(literals)), _least(heads), reader.is_caseless)

    def _weigh(self, strings: Strings) -> Need | None:
        """Keeps of every string its rarest searchable part; None if one has none that is long enough."""
        parts = set()
        for each in strings:
            part = self._parts.get(each)
            if part is None:
                part = self._parts[each] = rarest_part(each, self._habitat)
            if len(part) < MIN_LITERAL:
                return None
            parts.add(part)
        if not parts:
            return None
        return Need(log2_sum([-bits(each) for each in parts]) + _COST_OF_COUNT * log2(len(parts)), frozenset(parts))


class _Reader:
    """Walks one parse tree; remembers whether any part of it ignores case."""

    def __init__(self, weigh: Weigh) -> None:
        self.weigh = weigh
        self.is_caseless = False

    def sequence(self, items: Iterable[Tree], flags: int) -> Language:
        """The language of one node after the other; runs of plain characters are taken in one step."""
        self.is_caseless |= bool(flags & _IGNORECASE)
        whole = NOTHING_CONSUMED
        run = ""
        for op, argument in items:
            if op.name == "LITERAL" and not flags & _IGNORECASE:
                run += chr(argument)
                continue
            whole = concatenated(self._with_run(whole, run), self._node(op.name, argument, flags), self.weigh)
            run = ""
        return self._with_run(whole, run)

    def _with_run(self, whole: Language, run: str) -> Language:
        for at in range(0, len(run), _MAX_RUN):
            whole = concatenated(whole, finite(frozenset({run[at : at + _MAX_RUN]})), self.weigh)
        return whole

    def _node(self, op: str, argument: Tree, flags: int) -> Language:
        match op:
            case "LITERAL":
                variants = _variants(argument, flags)
                return finite(frozenset(variants)) if variants else ANYTHING
            case "IN":
                return _class_language(argument, flags)
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return NOTHING_CONSUMED
            case "ANY" | "NOT_LITERAL" | "GROUPREF":
                return ANYTHING
            case "SUBPATTERN":
                _, on, off, inside = argument
                return self.sequence(inside, (flags | on) & ~off)
            case "ATOMIC_GROUP":
                return self.sequence(argument, flags)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self._repeat(argument[0], argument[1], self.sequence(argument[2], flags))
            case "BRANCH":
                return united([self.sequence(branch, flags) for branch in argument[1]], self.weigh)
            case "GROUPREF_EXISTS":
                _, then, otherwise = argument
                return united([self.sequence(then, flags), self.sequence(otherwise or (), flags)], self.weigh)
            case _:
                raise _Misunderstood(op)

    def _repeat(self, low: int, high: int, once: Language) -> Language:
        """Few copies of a finite language are written out; of many, the needed ones count."""
        needed = NOTHING_CONSUMED
        for _ in range(min(low, _MAX_COPIES)):
            needed = concatenated(needed, once, self.weigh)
        if high > _MAX_COPIES or (once.exact is None and high > 1):
            return opened(needed, self.weigh) if low else ANYTHING
        counts = [needed]
        for _ in range(high - low):
            counts.append(concatenated(counts[-1], once, self.weigh))
        return united(counts, self.weigh)


def _variants(code: int, flags: int) -> str:
    """The characters that one character of the expression may stand for; none if that is not known."""
    char = chr(code)
    if not flags & _IGNORECASE:
        return char
    return _FOLDED.get(char.lower(), char.lower()) if char.isascii() else ""


def _class_language(items: Tree, flags: int) -> Language:
    """A class of few characters is a finite language; any other may be anything."""
    chars: set[str] = set()
    for op, argument in items:
        codes: Iterable[int]
        if op.name == "LITERAL":
            codes = (argument,)
        elif op.name == "RANGE" and argument[1] - argument[0] < MAX_CLASS:
            codes = range(argument[0], argument[1] + 1)
        else:
            return ANYTHING
        for code in codes:
            variants = _variants(code, flags)
            if not variants:
                return ANYTHING
            chars.update(variants)
    return finite(frozenset(chars)) if len(chars) <= MAX_CLASS else ANYTHING


def _is_bound(items: Iterable[Tree], flags: int) -> bool:
    """Tells whether every match begins at the beginning of the text."""
    for op, argument in items:
        match op.name:
            case "AT":
                if argument.name == "AT_BEGINNING_STRING" or (
                    argument.name == "AT_BEGINNING" and not flags & _MULTILINE
                ):
                    return True
            case "ASSERT" | "ASSERT_NOT":
                continue
            case "SUBPATTERN":
                return _is_bound(argument[3], (flags | argument[1]) & ~argument[2])
            case "ATOMIC_GROUP":
                return _is_bound(argument, flags)
            case "BRANCH":
                return all(_is_bound(branch, flags) for branch in argument[1])
            case _:
                return False
    return False


def _heads(strings: Strings, habitat: Habitat) -> set[bytes]:
    return {habitat.beginning(each).encode()[:MAX_HEAD] for each in strings}


def _shortest(literals: frozenset[bytes]) -> tuple[bytes, ...]:
    """Drops what contains another literal: whoever finds the one need not look for the other."""
    kept: list[bytes] = []
    for literal in sorted(literals, key=len):
        if not any(shorter in literal for shorter in kept):
            kept.append(literal)
    return tuple(sorted(kept))


def _merged(literals: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Replaces literals of a long list by a rare part that several of them share: fewer and longer ones are quicker to
    search for. Whoever finds the literal finds its part."""
    if len(literals) <= _MANY:
        return literals
    kept = set(literals)
    while shared := _best_shared(kept):
        kept = {each for each in kept if shared not in each} | {shared}
    return tuple(sorted(kept))


def _best_shared(literals: set[bytes]) -> bytes | None:
    """The rare part that the most literals share, the longest of equals."""
    owners: Counter[bytes] = Counter()
    for each in literals:
        starts = range(len(each) - MIN_SHARED + 1)
        owners.update({each[at : at + length] for at in starts for length in range(MIN_SHARED, MAX_SHARED + 1)})
    often = [part for part, count in owners.items() if count >= _SHARERS and bits(part) >= _RARE_BITS]
    return max(often, key=lambda part: (owners[part], len(part), part), default=None)


def _least(heads: set[bytes]) -> tuple[bytes, ...]:
    """Drops what another head already begins; an empty one makes all of them worthless."""
    kept: list[bytes] = []
    for head in sorted(heads):
        if not kept or not head.startswith(kept[-1]):
            kept.append(head)
    return () if b"" in kept else tuple(kept)
