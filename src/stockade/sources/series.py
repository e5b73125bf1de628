"""Knows names that count or date: `app-1.log`, `app-2.log`; `access.2026-01-05.log`, `access.2026-01-06.log`.

In: names. Out: those that lie between two of them in the same series. Touches no file system.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_NUMBERS = 8
"""Numbers in one name; a name with more belongs to no series."""

_NUMBER = re.compile(r"[0-9]{1,18}")


def between(old: str, new: str, names: Iterable[str]) -> list[str]:
    """The names that differ from `old` and `new` in their numbers only and come after the one and before the other, in
    their order; none when `new` does not come after `old`."""
    shape, first = _split(old)
    other, last = _split(new)
    if shape != other or not first or first >= last:
        return []
    series = sorted((numbers, name) for name in names for form, numbers in (_split(name),) if form == shape)
    return [name for numbers, name in series if first < numbers < last]


def _split(name: str) -> tuple[str, tuple[int, ...]]:
    """A name without its numbers, and the numbers."""
    numbers = tuple(int(number) for number in _NUMBER.findall(name))
    return _NUMBER.sub("#", name), numbers if len(numbers) <= MAX_NUMBERS else ()
