"""Tells and reads the mark of a file's cursor: how far the rotated-away incarnations were read that may still grow.

The cursor itself stands in the present incarnation. Without the mark, lines that a slow writer adds to the old file
while the daemon is down would be lost. Format: `<identity>@<position>`, several separated by blanks, the oldest first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stockade.sources.identity import Identity

MAX_ASIDES = 4
"""Incarnations in one mark; those beyond, the oldest, are not written and not read."""


@dataclass(frozen=True, slots=True)
class Aside:
    """One incarnation beside the cursor's own."""

    identity: Identity
    position: int


def mark_of(asides: Iterable[tuple[str, int]]) -> str:
    """The mark for identities and positions; "" for none."""
    return " ".join(f"{identity}@{position}" for identity, position in list(asides)[-MAX_ASIDES:])


def asides_of(mark: str) -> list[Aside]:
    """Reads what `mark_of` wrote; what is damaged is passed over."""
    found = []
    for text in mark.split(" ")[:MAX_ASIDES]:
        identity, _, position = text.rpartition("@")
        parsed = Identity.parse(identity)
        if parsed is not None and position.isdecimal() and position.isascii() and len(position) <= 19:
            found.append(Aside(parsed, int(position)))
    return found
