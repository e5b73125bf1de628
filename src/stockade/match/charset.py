r"""Character classes of Python's `re`, rewritten so that PCRE2 reads the same set of characters.

In: the text of one class (`[^\s,]`) or one class escape (`\s`). Out: PCRE2 text that matches one character of the same
set. What differs: Python's `\s` also takes U+001C…U+001F; under `(?a)` all of `\d \w \s` are ASCII only, and so is the
case that `(?i)` ignores; and Python takes U+0130 and U+0131 for cases of i. The last is done only where the expression
has these letters: to do it for every i would make an expression of ASCII one that is not, and slow.
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

_PARTED = "\u0100\u0101"

_DOTTED = "\u0130\u0131"
"""Letters that Python takes for an i where case is ignored, and PCRE2 does not."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How characters compare at a place of an expression: under `(?a)`, under `(?i)`."""

    is_ascii: bool = False
    is_caseless: bool = False


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """The parts of one class: ranges of characters, single ones among them, and the letters of its categories."""

    is_negated: bool
    ranges: tuple[tuple[str, str], ...]
    categories: frozenset[str]


def translated_character(char: str, reading: Reading) -> str:
    """Translates one character that stands for itself, and for those that differ from it by case."""
    if not reading.is_caseless or (char.isascii() and not (reading.is_ascii and char in "kKsS")):
        return pcre2_literal(char)
    if reading.is_ascii:
        return f"(?-i:[{char.lower()}{char.upper()}])" if char.isascii() else f"(?-i:{pcre2_literal(char)})"
    return f"[i{_DOTTED}]" if char in _DOTTED else pcre2_literal(char)


def translated_category(letter: str, *, is_ascii: bool) -> str:
    r"""Translates `\d \D \w \W \s \S` outside of a class."""
    if letter in "dDwW" and not is_ascii:
        return "\\" + letter
    inner = _SETS[letter.lower()][is_ascii]
    return f"[{inner}]" if letter.islower() else f"[^{inner}]"


def translated_class(text: str, reading: Reading) -> str:
    """Translates a whole class, brackets included."""
    parsed = _parsed(text)
    is_ascii = reading.is_ascii
    ranges, apart = _parted(_with_cases(parsed.ranges, reading))
    inner = "".join(_range(low, high) for low, high in ranges)
    complements: list[str] = []
    for letter in sorted(parsed.categories):
        both = {letter.lower(), letter.upper()} <= parsed.categories
        if both or letter.islower() or (letter in "DW" and not is_ascii):
            inner += "\\" + letter if both or letter.isupper() else _SETS[letter][is_ascii]
        else:
            complements.append(_SETS[letter.lower()][is_ascii])
    whole = _joined(inner, complements, is_negated=parsed.is_negated)
    if apart:
        whole = f"(?:(?![{apart}]){whole})" if parsed.is_negated else f"(?:[{apart}]|{whole})"
    return f"(?-i:{whole})" if is_ascii and reading.is_caseless else whole


def _with_cases(ranges: tuple[tuple[str, str], ...], reading: Reading) -> list[tuple[str, str]]:
    """The ranges and what they also take where case is ignored, as far as PCRE2 would not take it of itself."""
    found = list(ranges)
    if not reading.is_caseless:
        return found
    if reading.is_ascii:
        for first, last in ("az", "AZ"):
            cut = [(max(low, first), min(high, last)) for low, high in ranges]
            found += [(low.swapcase(), high.swapcase()) for low, high in cut if low <= high]
    elif _covers(found, _DOTTED):
        found += [("i", "i"), (_DOTTED[0], _DOTTED[1])]
    return found


def _parted(ranges: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], str]:
    """The ranges, and what has to be in a class of its own.

    PCRE2 10.45 to 10.47 lose the characters from U+0100 on of a class of many ranges one of which spans U+00FF and
    U+0100 (its issue 833; with `(?i)`, their other cases U+0178 and U+0101 count as well).
    """
    if not _covers(ranges, "\xff\u0178") or not _covers(ranges, _PARTED):
        return ranges, ""
    before, behind = chr(ord(_PARTED[0]) - 1), chr(ord(_PARTED[1]) + 1)
    pieces = [piece for low, high in ranges for piece in ((low, min(high, before)), (max(low, behind), high))]
    return [(low, high) for low, high in pieces if low <= high], "".join(
        each for each in _PARTED if _covers(ranges, each)
    )


def _covers(ranges: list[tuple[str, str]], letters: str) -> bool:
    return any(low <= letter <= high for low, high in ranges for letter in letters)


def _range(low: str, high: str) -> str:
    return pcre2_literal(low) if low == high else f"{pcre2_literal(low)}-{pcre2_literal(high)}"


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
    ranges: list[tuple[str, str]] = []
    categories: set[str] = set()
    at = 0
    while at < len(items):
        item = items[at]
        if len(item) == 2 and item[0] == "\\" and item[1] in "dDwWsS":
            categories.add(item[1])
            at += 1
        elif at + 2 < len(items) and items[at + 1] == "-":
            ranges.append((_single(item), _single(items[at + 2])))
            at += 3
        else:
            ranges.append((_single(item), _single(item)))
            at += 1
    return CharacterClass(is_negated, tuple(ranges), frozenset(categories))


def _single(item: str) -> str:
    """The character that an item of a class stands for."""
    if item == r"\b":
        return "\b"
    return decoded_escape(item, is_in_class=True) if item[0] == "\\" else item
