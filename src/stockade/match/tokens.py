r"""Cuts an expression of Python's `re` into tokens: groups, classes, escapes, quantifiers, single characters.

In: any text, also an expression that does not compile. Out: tokens whose texts add up to the input. It knows the
syntax only (which `[` opens a class, what `\1` or `{2,}` is, where a verbose comment ends), not the meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stockade.errors import Bug

_TOKEN = re.compile(
    r"""
      (?P<comment>\(\?\#[^)]*\)?)
    | (?P<flags>\(\?[aiLmsux]+\))
    | (?P<backref>\(\?P=[^()]*\))
    | (?P<open>\(\?(?:[aiLmsux]*(?:-[imsx]+)?: | P<[^>]*> | \([^)]*\) | <?[=!] | >) | \()
    | (?P<close>\))
    | (?P<bar>\|)
    | (?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])
    | (?P<escape>\\(?: x[0-9A-Fa-f]{2} | u[0-9A-Fa-f]{4} | U[0-9A-Fa-f]{8} | N\{[^}]*\}
                     | 0[0-7]{0,2} | [1-7][0-7][0-7] | [1-9][0-9]? | .))
    | (?P<repeat>(?:[*+?]|\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]*)\})[?+]?)
    | (?P<char>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_PLAIN = re.compile(r"[A-Za-z0-9_:;,=/<>@%!~&'\"` -]+")
"""Characters that mean themselves in both syntaxes; a run of them is one token."""

_IGNORED = re.compile(r"[ \t\n\r\v\f]+|#[^\n]*\n?")


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of an expression; `kind` is a group name of the table above, `plain` for a run of characters, or
    `space` for what verbose syntax ignores."""

    kind: str
    text: str


def tokens(text: str, *, is_verbose: bool = False) -> Iterator[Token]:
    """Yields the tokens of an expression from left to right."""
    verbose = [is_verbose]
    at = 0
    while at < len(text):
        simple = _IGNORED.match(text, at) if verbose[-1] else _PLAIN.match(text, at)
        if simple is not None:
            yield Token("space" if verbose[-1] else "plain", simple[0])
            at = simple.end()
            continue
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise Bug("the last alternative takes any character")
        token = Token(found.lastgroup, found[0])
        _follow(token, verbose)
        yield token
        at = found.end()


def scoped_flags(token: Token) -> tuple[str, str]:
    """Returns the flags that a group like `(?i-s:` switches on and off; both empty for other groups."""
    if token.kind != "open" or not token.text.endswith(":"):
        return "", ""
    switched_on, _, switched_off = token.text[2:-1].partition("-")
    return switched_on, switched_off


def _follow(token: Token, verbose: list[bool]) -> None:
    """Keeps track of where verbose syntax holds."""
    if token.kind == "flags":
        verbose[-1] = verbose[-1] or "x" in token.text
    elif token.kind == "open":
        on, off = scoped_flags(token)
        verbose.append("x" in on or (verbose[-1] and "x" not in off))
    elif token.kind == "close" and len(verbose) > 1:
        verbose.pop()
