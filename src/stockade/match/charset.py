r"""Character classes of Python's `re`, rewritten so that PCRE2 reads the same set of characters.

In: the text of one class (`[^\s,]`) or one class escape (`\s`). Out: PCRE2 text that matches one character of the same
set. Two things differ: Python's `\s` also takes U+001C…U+001F, and under `(?a)` all of `\d \w \s` are ASCII only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stockade.match.literal_text import decoded_escape, pcre2_literal

_ITEM = re.compile(
    r"""\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}|[0-7]{1,3}|.)|.""", re.VERBOSE | re.DOTALL
)

_SPACES = {False: r"\s\x1c-\x1f", True: r"\t-\r "}
_DIGITS = {False: r"\d", True: "0-9"}
_WORDS = {False: r"\w", True: "A-Za-z0-9_"}
_SETS = {"s": _SPACES, "d": _DIGITS, "w": _WORDS}


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """The parts of one class: single characters and ranges as PCRE2 text, and the letters of its categories."""

    is_negated: bool
    parts: tuple[str, ...]
    categories: frozenset[str]


def translated_category(letter: str, *, is_ascii: bool) -> str:
    r"""Translates `\d \D \w \W \s \S` outside of a class."""
    if letter in "dDwW" and not is_ascii:
        return "\\" + letter
    inner = _SETS[letter.lower()][is_ascii]
    return f"[{inner}]" if letter.islower() else f"[^{inner}]"


def translated_class(text: str, *, is_ascii: bool) -> str:
    """Translates a whole class, brackets included."""
    parsed = _parsed(text)
    inner = "".join(parsed.parts)
    complements: list[str] = []
    for letter in sorted(parsed.categories):
        both = {letter.lower(), letter.upper()} <= parsed.categories
        if both or letter.islower() or (letter in "DW" and not is_ascii):
            inner += "\\" + letter if both or letter.isupper() else _SETS[letter][is_ascii]
        else:
            complements.append(_SETS[letter.lower()][is_ascii])
    return _joined(inner, complements, is_negated=parsed.is_negated)


def _joined(inner: str, complements: list[str], *, is_negated: bool) -> str:
    """Writes "in `inner`, or outside of one of `complements`" or the opposite as one-character PCRE2 text."""
    if not complements:
        return f"[^{inner}]" if is_negated else f"[{inner}]"
    if is_negated:
        conditions = "".join(f"(?=[{each}])" for each in complements[1:])
        rest = f"(?![{inner}])" if inner else ""
        return f"(?:{conditions}{rest}[{complements[0]}])"
    branches = [f"[^{each}]" for each in complements] + ([f"[{inner}]"] if inner else [])
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


def _parsed(text: str) -> CharacterClass:
    """Reads the class as Python does; the text has passed Python's compiler."""
    is_negated = text.startswith("[^")
    items: list[str] = _ITEM.findall(text[2 if is_negated else 1 : -1])
    parts: list[str] = []
    categories: set[str] = set()
    at = 0
    while at < len(items):
        item = items[at]
        if len(item) == 2 and item[0] == "\\" and item[1] in "dDwWsS":
            categories.add(item[1])
            at += 1
        elif at + 2 < len(items) and items[at + 1] == "-":
            parts.append(f"{_single(item)}-{_single(items[at + 2])}")
            at += 3
        else:
            parts.append(_single(item))
            at += 1
    return CharacterClass(is_negated, tuple(parts), frozenset(categories))


def _single(item: str) -> str:
    """One character of a class, escaped so that neither a range nor a POSIX class can arise."""
    if item == r"\b":
        return r"\x08"
    return pcre2_literal(decoded_escape(item, is_in_class=True) if item[0] == "\\" else item)
