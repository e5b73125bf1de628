"""`journalmatch` and `jsonmatch`: lines of `FIELD=value` words and `+` become groups of matches.

In: the option's text. Out: tuples of matches; within a group different fields are AND-ed and equal ones OR-ed, groups
are OR-ed, and so are lines. Tokens follow shell quoting. Errors are Trouble.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from stockade.config.limits import MAX_ITEMS
from stockade.config.trouble import Trouble

Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Grammar:
    """One of the two: its option, the words it takes, and what to write instead of others."""

    option: str
    what: str
    word: re.Pattern[str]
    remedy: str


_JOURNAL = _Grammar(
    "journalmatch",
    "journal match",
    re.compile(r"_{0,2}[A-Z][A-Z0-9_]{0,63}=[^\0\n]*"),
    "write FIELD=value, such as _SYSTEMD_UNIT=ssh.service, joined by blanks (and) or + (or)",
)
_JSON = _Grammar(
    "jsonmatch",
    "JSON match",
    re.compile(r"[^=\0\n]{1,256}=[^\0\n]*"),
    "write field=value, such as status=401, joined by blanks (and) or + (or); quote what has blanks",
)


def parse_journalmatch(text: str) -> Groups:
    """Splits the lines of a `journalmatch` into groups; repeated groups are kept once."""
    return _parse(text, _JOURNAL)


def parse_jsonmatch(text: str) -> Groups:
    """The same for a `jsonmatch`, whose fields may have any name."""
    return _parse(text, _JSON)


def _parse(text: str, grammar: _Grammar) -> Groups:
    groups: dict[tuple[str, ...], None] = {}
    for line in text.split("\n"):
        for group in _groups(line, grammar):
            groups[group] = None
        if len(groups) > MAX_ITEMS:
            raise Trouble(f"more than {MAX_ITEMS} {grammar.what}es", "", "shorten the list")
    return tuple(groups)


def _groups(line: str, grammar: _Grammar) -> list[tuple[str, ...]]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Trouble(f"{grammar.option} cannot be split ({error})", line, "close the quotes") from None
    found: list[list[str]] = [[]]
    for word in words:
        if word == "+":
            found.append([])
        elif grammar.word.fullmatch(word):
            found[-1].append(word)
        else:
            raise Trouble(f"not a {grammar.what}", word, grammar.remedy)
    if any(not group for group in found) and len(found) > 1:
        raise Trouble("nothing stands beside a +", line, grammar.remedy)
    return [tuple(group) for group in found if group]
