r"""Draws random expressions of Python's syntax, and short texts of the characters that matter to them.

In: a seeded random number generator. Out: expressions that use every construct there is, often in ways nobody would
write; some do not compile. Texts are short: `re` may need exponential time.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from random import Random

LETTERS = "aAbkKsSiI"
SPECIAL = (
    "\t\x0b\x1c\x1f \xa0\x85\u2028\u180e\u0130\u0131\u017f\u212a\xdf\u1e9e\u03c3\u03c2\u03a3\xe9\xc9"
    "\u0301\u203f\u0661\U0001d7d8\u4e00\ufffd"
)
"""White space of all kinds, letters with more than two cases, marks, digits of other scripts."""

_SIGNS = "-_.:,/]}{#&~|=@"
_ESCAPES = (r"\d", r"\D", r"\w", r"\W", r"\s", r"\S")
_CODES = (r"\x41", r"\u0061", r"\U0000006b", r"\141", r"\0", r"\07", r"\t", r"\v", r"\f", r"\a", r"\n", r"\r")
_NAMED = r"\N{LATIN SMALL LETTER A}"
_EDGES = ("^", "$", r"\b", r"\B", r"\A", r"\Z")
_COUNTS = ("?", "*", "+", "{2}", "{,2}", "{1,}", "{0,1}", "{1,3}", "{,}", "{0}")
_FLAGS = ("i", "a", "s", "u", "m", "ai", "is", "-i", "i-s", "-s", "x", "a-i", "-m")


class ExpressionSource:
    """Draws one expression after the other."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._names: list[str] = []
        self._groups = 0
        self._makers: list[tuple[int, Callable[[int], str]]] = [
            (8, self._plain),
            (4, self._class),
            (3, self._escape),
            (2, self._edge),
            (4, self._group),
            (2, self._named_group),
            (2, self._alternatives),
            (2, self._scoped),
            (1, self._atomic),
            (2, self._look),
            (2, self._reference),
            (1, self._condition),
            (1, self._comment),
        ]
        self._weights = [weight for weight, _ in self._makers]

    def expression(self) -> str:
        """An expression that Python accepts."""
        while True:
            self._names, self._groups = [], 0
            text = self._random.choice(["", "", "", "^", "(?i)", "(?a)", "(?ai)", "(?x)", "(?s)", "(?m)"])
            text += self._sequence(3)
            if is_valid(text):
                return text

    def _sequence(self, depth: int) -> str:
        return "".join(self._piece(depth) for _ in range(self._random.randint(0 if depth < 3 else 1, 4)))

    def _piece(self, depth: int) -> str:
        (_, make), *_ = self._random.choices(self._makers, self._weights)
        text = make(depth - 1) if depth > 0 else self._plain(0)
        if self._random.random() < 0.3:
            text += self._random.choice(_COUNTS) + self._random.choice(["", "", "?", "+"])
        return text

    def _plain(self, _: int) -> str:
        return _quoted(self._random.choice(LETTERS + LETTERS + "1 " + _SIGNS + SPECIAL))

    def _escape(self, _: int) -> str:
        return self._random.choice((*_ESCAPES, *_ESCAPES, ".", _NAMED, *_CODES, r"\-", r"\.", r"\ "))

    def _edge(self, _: int) -> str:
        return self._random.choice(_EDGES)

    def _class(self, _: int) -> str:
        items = [self._item() for _ in range(self._random.randint(1, 4))]
        begin = self._random.choice(["[", "[", "[^", "[]", "[^]", "[-", "[["])
        return begin + "".join(items) + self._random.choice(["]", "]", "]", "-]"])

    def _item(self) -> str:
        kind = self._random.random()
        if kind < 0.35:
            return self._random.choice((*_ESCAPES, *_CODES, r"\b", r"\]", r"\^", _NAMED))
        if kind < 0.6:
            low, high = sorted(self._random.choices(LETTERS + "0189" + SPECIAL, k=2))
            return f"{low}-{high}"
        return self._random.choice(LETTERS + SPECIAL + "-.:,/&~|{}()$#^1 ")

    def _group(self, depth: int) -> str:
        self._groups += 1
        return f"({self._sequence(depth)})"

    def _named_group(self, depth: int) -> str:
        self._groups += 1
        self._names.append(f"n{self._groups}")
        return f"(?P<{self._names[-1]}>{self._sequence(depth)})"

    def _alternatives(self, depth: int) -> str:
        branches = "|".join(self._sequence(depth) for _ in range(self._random.randint(2, 3)))
        return self._random.choice(["({})", "(?:{})"]).format(branches) if "{" not in branches else f"(?:{branches})"

    def _scoped(self, depth: int) -> str:
        return f"(?{self._random.choice(_FLAGS)}:{self._sequence(depth)})"

    def _atomic(self, depth: int) -> str:
        return f"(?>{self._sequence(depth)})"

    def _look(self, depth: int) -> str:
        return f"({self._random.choice(['?=', '?!', '?<=', '?<!'])}{self._sequence(min(depth, 1))})"

    def _reference(self, _: int) -> str:
        if self._names and self._random.random() < 0.5:
            return f"(?P={self._random.choice(self._names)})"
        return f"\\{self._random.randint(1, max(self._groups, 1))}"

    def _condition(self, depth: int) -> str:
        name = self._random.choice(self._names) if self._names else str(self._random.randint(1, self._groups + 1))
        return f"(?({name}){self._sequence(depth)}|{self._sequence(depth)})"

    def _comment(self, _: int) -> str:
        return "(?#comment)"


def _quoted(char: str) -> str:
    return "\\" + char if char in "]{#|." else char


def is_valid(expression: str) -> bool:
    """Tells whether Python compiles it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(expression)
        except (re.error, OverflowError):
            return False
    return True


def short_text(random: Random, expression: str) -> str:
    """A text of 1 to 10 characters, many of them from the expression."""
    alphabet = LETTERS + "ab1 " + expression.replace("\n", "") + random.choice([SPECIAL, " .-", "_#]{}", ""])
    return "".join(random.choices(alphabet, k=random.randint(1, 10)))
