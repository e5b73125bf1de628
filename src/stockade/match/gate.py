r"""The syntax gate: what Python's `re` refuses is refused here, with its own words; the rest has a parse tree.

In: an expression whose tags are expanded. Out: its tokens as Python takes them (`((?i)x)` made `(?i:x)`) and the parse
tree. This is the only module that touches `re._parser` and `re._compiler`, which are private to Python: where they are
missing or changed, there is no tree, and nothing is known of an expression but that it compiles.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from stockade.match.problem import ExpressionError
from stockade.match.tokens import Token, tokens

MAX_EXPRESSION = 32_768
"""Characters of an expanded expression; the compiled form of a longer one may not fit PCRE2's 64 KiB. An error."""

MAX_NESTING = 120
"""Open groups at any place; Python's parser and PCRE2 (250) both have a limit of their own further up. An error."""

Tree = Any
"""A `SubPattern` of `re._parser`: a sequence of (opcode, argument) pairs. Not typed by Python."""

_POSIX_CLASS = re.compile(r"\[:\^?[a-z]{3,8}:\]")


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
    pieces = _with_scoped_flags(list(tokens(expression)))
    text = "".join(token.text for token in pieces)
    try:
        with warnings.catch_warnings():
            # Python warns where a later version may read a set differently; the meaning of today is what is translated.
            warnings.simplefilter("ignore", FutureWarning)
            tree = _parsed(text, re.MULTILINE if is_multiline else 0)
    except re.error as error:
        raise ExpressionError(f"unable to compile the regular expression: {error}", _remedy(error)) from None
    except (OverflowError, RecursionError) as error:
        raise ExpressionError(f"unable to compile the regular expression: {error}", "simplify it") from None
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


def _with_scoped_flags(pieces: list[Token]) -> list[Token]:
    """Rewrites `((?flags)x)` and `(?:(?flags)x)` to `(?flags:x)` and checks nesting and POSIX classes on the way."""
    written: list[Token] = []
    depth = 0
    for at, token in enumerate(pieces):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth > MAX_NESTING:
            raise ExpressionError(f"groups are nested deeper than {MAX_NESTING}", "simplify the expression")
        if token.kind == "flags" and at and pieces[at - 1].text in ("(", "(?:"):
            written[-1] = Token("open", token.text[:-1] + ":")
            continue
        if token.kind == "set" and _POSIX_CLASS.search(token.text):
            raise ExpressionError(
                f"{token.text!r} looks like a POSIX class, which Python's syntax does not have",
                r"write the characters out, such as [A-Za-z0-9], or use \w, \d or \s",
            )
        written.append(token)
    return written


def _remedy(error: re.error) -> str:
    if "redefinition of group name" in str(error):
        return "a tag such as <HOST> or <F-USER> may occur once; use <F-ALT_USER> for an alternative"
    if "bad character in group name" in str(error):
        return "use _ instead of - in the name of a tag"
    if "global flags not at the start" in str(error):
        return "write (?i:…) around the part that the flag concerns"
    place = "" if error.pos is None else f" at character {error.pos + 1} of the expanded expression"
    return f"correct the expression{place}"
