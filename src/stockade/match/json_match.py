"""Which records a filter wants: `jsonmatch`, and what a line must hold to be one of them.

In: groups of `field=value`, as of `journalmatch`: within a group different fields are AND-ed and equal ones OR-ed,
groups are OR-ed; `*` in a value stands for any text. Out: a verdict on records, and byte strings one of which every
wanted line holds. Every comparison is linear in the length of the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from stockade.match.json_record import Path, Record
from stockade.match.problem import ExpressionError
from stockade.match.rarity import bits

MAX_NEEDLES: Final = 16
"""Byte strings that are searched for; a filter that would need more has every line read."""

MIN_NEEDLE: Final = 3
"""Bytes of the shortest one worth a search."""

ESCAPE: Final = b"\\u00"
"""How else JSON may write a printable ASCII character: a line that holds this is looked at, too."""

_ONE_SPELLING = re.compile(r"[ !#-.0-\[\]-~]+")
"""Characters that JSON writes as themselves or with ESCAPE: printable ASCII without the quote, backslash and slash."""


Needles = tuple[bytes, ...]


class Value:
    """One wanted value; `*` stands for any text."""

    __slots__ = ("_parts", "needle")

    def __init__(self, text: str) -> None:
        self._parts = text.split("*")
        pieces = [piece for part in self._parts for piece in _ONE_SPELLING.findall(part)]
        self.needle: bytes = max((piece.encode() for piece in pieces), key=bits, default=b"")

    def is_met(self, text: str) -> bool:
        """Tells whether a field's text is meant."""
        first, *rest = self._parts
        if not rest:
            return text == first
        last = rest.pop()
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in rest:
            at = text.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True


class Group:
    """Conditions all of which must hold, each on one field."""

    __slots__ = ("_wanted",)

    def __init__(self, words: Iterable[str]) -> None:
        self._wanted: dict[str, tuple[Path, list[Value]]] = {}
        for word in words:
            name, sign, value = word.partition("=")
            if not sign:
                raise ExpressionError(f"jsonmatch: {word[:40]!r} is not of the form field=value", "write status=401")
            self._wanted.setdefault(name, (Path(name), []))[1].append(Value(value))

    def is_met(self, record: Record) -> bool:
        """Tells whether a record meets every condition; raises NotRead for a repeated key."""
        for path, values in self._wanted.values():
            text = path.find(record)
            if text is None or not any(value.is_met(text) for value in values):
                return False
        return True

    def needles(self) -> list[Needles]:
        """For each condition whose values all have one, byte strings one of which every wanted line holds."""
        choices = [tuple(value.needle for value in values) for _, values in self._wanted.values()]
        return [needles for needles in choices if all(len(needle) >= MIN_NEEDLE for needle in needles)]


class Match:
    """All groups of a filter; without any, every record is wanted."""

    __slots__ = ("_choices", "_groups")

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self._groups = [Group(words) for words in groups]
        self._choices = [group.needles() for group in self._groups]

    def is_met(self, record: Record) -> bool:
        """Tells whether a record is wanted; raises NotRead for a repeated key."""
        return not self._groups or any(group.is_met(record) for group in self._groups)

    def needles(self, sample: bytes) -> Needles:
        """Byte strings one of which every wanted line holds, those of each group that a sample of the log holds least
        often; without any, every line may be wanted."""
        if not self._choices or not all(self._choices):
            return ()
        rarest = [min(choices, key=lambda each: sum(map(sample.count, each))) for choices in self._choices]
        needles = tuple(dict.fromkeys(needle for each in rarest for needle in each))
        return (*needles, ESCAPE) if len(needles) <= MAX_NEEDLES else ()
