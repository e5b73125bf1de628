r"""The syntax gate: what Python's `re` refuses is refused here, with its own words; the rest has a parse tree.

In: an expression whose tags are expanded. Out: its tokens as Python takes them (`((?i)x)` made `(?i:x)`) and the parse
tree. This is the only module that touches `re._parser` and `re._compiler`, which are private to Python: where they are
missing or changed, there is no tree, and nothing is known of an expression but that it compiles.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from stockade.match.problem import ExpressionError
from stockade.match.tokens import Token, tokens

MAX_EXPRESSION = 32_768
"""Characters of an expanded expression; the compiled form of a longer one may not fit PCRE2's 64 KiB. An error."""

MAX_NESTING = 120
"""Open groups at any place; Python's parser and PCRE2 (250) both have a limit of their own further up. An error."""

_SHOWN = 200
"""Characters of Python's own words, which may repeat a name of any length."""

_UNABLE = "unable to compile the regular expression"

Tree = Any
"""A `SubPattern` of `re._parser`: a sequence of (opcode, argument) pairs. Not typed by Python."""

_REMEDIES = (
    (
        "redefinition of group name",
        "a tag such as <HOST> or <F-USER> may occur once; use <F-ALT_USER> for an alternative",
    ),
    ("in group name", "use letters, digits and _ in the name of a tag or group, and no digit at its beginning"),
    ("global flags not at the start", "write (?i:…) around the part that the flag concerns"),
    ("missing ), unterminated", "close what is opened there: a group with ), a tag such as <F-USER> with </F-USER>"),
    ("unbalanced parenthesis", r"remove it, open the group or tag it closes, or write \) for the character"),
    ("unterminated character set", r"close the set with ], or write \[ for the character"),
    ("nothing to repeat", r"put something before it, or write \*, \+ or \? for the character"),
    ("multiple repeat", r"keep one of them, or write \*, \+ or \? for the character"),
    ("bad escape (end", r"write \\ for a backslash"),
    ("bad escape", "remove the backslash, or write the character it stands for"),
    ("look-behind requires", "give each alternative a look-behind of its own: (?:(?<=a)|(?<=bc))"),
    ("unknown extension ?<", "write (?P<name>…) for a named group"),
    ("unknown group name", "name a group or tag of this expression, in lower case: <F-USER> is the group user"),
    ("invalid group reference", "the expression has fewer groups: count its opening parentheses and tags"),
)
"""What Python says (the beginning or a part of it), and what its author can do."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An expression that Python takes, in tokens, and its parse tree where the tree is understood."""

    tokens: tuple[Token, ...]
    tree: Tree | None


def admit(expression: str, *, is_multiline: bool = False) -> Accepted:
    """Checks an expression with Python's compiler; raises ExpressionError in words for its author."""
    if len(expression) > MAX_EXPRESSION:
        raise ExpressionError(
            f"the expanded expression has {len(expression)} characters, more than {MAX_EXPRESSION}",
            "split it into several expressions",
        )
    pieces, places = _with_scoped_flags(tokens(expression))
    text = "".join(token.text for token in pieces)
    try:
        with warnings.catch_warnings():
            # Python warns where a later version may read a set or a condition differently; today's meaning counts.
            warnings.simplefilter("ignore")
            tree = _parsed(text, re.MULTILINE if is_multiline else 0)
    except re.error as error:
        place = None if error.pos is None else _place(pieces, places, error.pos)
        raise ExpressionError(f"{_UNABLE}: {error.msg[:_SHOWN]}", _remedy(error.msg), position=place) from None
    except (OverflowError, RecursionError) as error:
        raise ExpressionError(f"{_UNABLE}: {error}", "simplify it") from None
    except ValueError:  # a count or a group number of more than 4,300 digits
        raise ExpressionError(f"{_UNABLE}: a number in it is too long", "use a smaller one") from None
    return Accepted(tuple(pieces), tree)


def _parsed(text: str, flags: int) -> Tree | None:
    """Parses, and keeps the tree; falls back to `re.compile` without one where the private parts are gone."""
    parser, compiler = _private_modules()
    if parser is None or compiler is None:
        re.compile(text, flags)
        return None
    tree = parser.parse(text, flags)
    if "(?<" in text:
        compiler.compile(tree, flags)  # the one check that the parser leaves to the compiler: a look-behind's width
    return tree


def _private_modules() -> tuple[ModuleType | None, ModuleType | None]:
    try:
        from re import _compiler, _parser  # type: ignore[attr-defined]  # noqa: PLC0415 - may be missing
    except ImportError:
        return None, None
    return _parser, _compiler


def _with_scoped_flags(found: Iterable[Token]) -> tuple[list[Token], list[int]]:
    """Rewrites `((?flags)x)` and `(?:(?flags)x)` to `(?flags:x)`, checks nesting on the way, and tells for each token
    where it begins in the original."""
    written: list[Token] = []
    places: list[int] = []
    depth = at = 0
    for token in found:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth > MAX_NESTING:
            raise ExpressionError(
                f"groups are nested deeper than {MAX_NESTING}", "simplify the expression", position=at
            )
        if token.kind == "flags" and written and written[-1].text in ("(", "(?:"):
            written[-1] = Token("open", token.text[:-1] + ":")
        else:
            written.append(token)
            places.append(at)
        at += len(token.text)
    return written, places


def _place(pieces: Sequence[Token], places: Sequence[int], position: int) -> int:
    """Where a character of the rewritten expression stands in the original."""
    for token, place in zip(pieces, places, strict=True):
        if position < len(token.text):
            return place + position
        position -= len(token.text)
    return places[-1] + len(pieces[-1].text) if pieces else 0


def _remedy(message: str) -> str:
    return next((remedy for part, remedy in _REMEDIES if part in message), "correct the expression there")
