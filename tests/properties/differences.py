"""The differences between the engine and Python's `re` that are known, as code that recognises each.

In: an expression and a text on which the two disagree. Out: which rows of docs/dialect/expressions.md explain it. A row
explains a difference if what it speaks of is there, and both engines agree once that is taken away.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from re._parser import SubPattern  # type: ignore[import-not-found]

from stockade.match.gate import admit
from stockade.match.tokens import Token
from tests.properties.parity import Answer, Probe

Change = Callable[[str], str]
_NEUTRAL = "\N{EM DASH}"
"""Neither letter nor white space, and of no case."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of the page: what to take from an expression and from a text so that it cannot be the cause."""

    key: str
    expression: Change
    text: Change


def _same(text: str) -> str:
    return text


def _without(is_meant: Callable[[str], bool]) -> Change:
    return lambda text: "".join(_NEUTRAL if is_meant(char) else char for char in text)


def is_new_letter(char: str) -> bool:
    """Tells whether PCRE2 may take a character for a word character that Python does not."""
    return char != "_" and unicodedata.category(char) in ("Mn", "Pc", "Cn")


def _rewritten(change: Callable[[Token], str]) -> Change:
    return lambda expression: "".join(change(token) for token in admit(expression).tokens)


def _unpossessive(token: Token) -> str:
    is_meant = token.kind == "repeat" and len(token.text) > 1 and token.text[-1] == "+"
    return token.text[:-1] if is_meant else token.text


def _once_at_most(token: Token) -> str:
    return token.text.replace("{0}", "{0,1}") if token.kind == "repeat" else token.text


def _without_empty_rounds(expression: str) -> str:
    """Takes the counts off groups, where some round of a loop may match nothing."""
    accepted = admit(expression)
    if not _may_be_empty(accepted.tree):
        return expression
    written = ""
    for before, token in pairwise((Token("char", ""), *accepted.tokens)):
        written += "" if before.kind == "close" and token.kind == "repeat" else token.text
    return written


def _may_be_empty(node: object) -> bool:
    """Tells whether a parse tree holds a loop of which a round may match nothing."""
    if isinstance(node, tuple) and len(node) == 2 and str(node[0]).endswith("REPEAT"):
        _, high, inside = node[1]
        return (high > 1 and inside.getwidth()[0] == 0) or _may_be_empty(inside)
    return isinstance(node, tuple | list | SubPattern) and any(_may_be_empty(each) for each in node)


def _is_reference(token: Token) -> bool:
    is_number = token.kind == "escape" and token.text[1] in "123456789" and len(token.text) < 4
    return is_number or token.kind == "backref"


DIFFERENCES = (
    Difference("letters", _same, _without(is_new_letter)),
    Difference("blank", _same, _without("\u180e".__eq__)),
    Difference("dotted", _same, _without("\u0130\u0131".__contains__)),
    Difference("caseless-reference", _rewritten(lambda token: "" if _is_reference(token) else token.text), _same),
    Difference("possessive", _rewritten(_unpossessive), _same),
    Difference("empty-round", _without_empty_rounds, _same),
    Difference("zero", _rewritten(_once_at_most), _same),
)
"""Without `limit`, which the answer itself tells, and `empty-edge`, which is about texts that are not compared."""

ONLY_CASELESS = {"caseless-reference", "dotted"}


def explain(expression: str, text: str, found: Answer) -> str | None:
    """The key of the row that explains a difference, several joined by `+`; None if no row does."""
    if isinstance(found, str):
        return None
    present = [each for each in DIFFERENCES if _is_present(each, expression, text)]
    for each in present:
        if _agree([each], expression, text):
            return each.key
    return "+".join(each.key for each in present) if present and _agree(present, expression, text) else None


def _is_present(difference: Difference, expression: str, text: str) -> bool:
    if difference.key in ONLY_CASELESS and not any("i" in flags for flags in _flags(expression)):
        return False
    return difference.expression(expression) != expression or difference.text(text) != text


def _flags(expression: str) -> Iterable[str]:
    for token in admit(expression).tokens:
        if token.kind == "flags" or (token.kind == "open" and token.text.endswith(":")):
            yield token.text


def _agree(differences: list[Difference], expression: str, text: str) -> bool:
    for each in differences:
        expression, text = each.expression(expression), each.text(text)
    probe = Probe(expression)
    return probe.scanner([text])[0] == probe.python(text)
