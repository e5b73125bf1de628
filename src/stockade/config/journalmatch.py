"""`journalmatch`: lines of `FIELD=value` words and `+` become groups of matches.

In: the option's text. Out: tuples of matches; within a group different fields are AND-ed and equal ones OR-ed, groups
are OR-ed, and so are lines. Tokens follow shell quoting. Errors are Trouble.
"""

from __future__ import annotations

import re
import shlex

from stockade.config.limits import MAX_ITEMS
from stockade.config.trouble import Trouble

_MATCH = re.compile(r"_{0,2}[A-Z][A-Z0-9_]{0,63}=[^\0\n]*")
_REMEDY = "write FIELD=value, such as _SYSTEMD_UNIT=ssh.service, joined by blanks (and) or + (or)"

Groups = tuple[tuple[str, ...], ...]


def parse_journalmatch(text: str) -> Groups:
    """Splits the lines of a `journalmatch` into groups; repeated groups are kept once."""
    groups: dict[tuple[str, ...], None] = {}
    for line in text.split("\n"):
        for group in _groups(line):
            groups[group] = None
        if len(groups) > MAX_ITEMS:
            raise Trouble(f"more than {MAX_ITEMS} journal matches", "", "shorten the list")
    return tuple(groups)


def _groups(line: str) -> list[tuple[str, ...]]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Trouble(f"journalmatch cannot be split ({error})", line, "close the quotes") from None
    found: list[list[str]] = [[]]
    for word in words:
        if word == "+":
            found.append([])
        elif _MATCH.fullmatch(word):
            found[-1].append(word)
        else:
            raise Trouble("not a journal match", word, _REMEDY)
    if any(not group for group in found) and len(found) > 1:
        raise Trouble("nothing stands beside a +", line, _REMEDY)
    return [tuple(group) for group in found if group]
