"""Failure: who failed, when, under which rule. Created by the scanner; see `_scanner.pyi` for the native class.

A scan yields many failures of those who are banned already. `Found` tells which are not, and makes failures only when
asked for.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Protocol


class Failure(Protocol):
    """What the core reads of a failure. The scanner's native `Failure` satisfies it; tests make their own."""

    @property
    def time(self) -> float:
        """When it counts, in seconds since 1970: the log's own time, or the arrival time where the dialect says so."""

    @property
    def id(self) -> str:
        """The canonical identifier: an address, a network, or free text of an `<F-ID>` filter."""

    @property
    def ip(self) -> str:
        """The address, where the identifier is something else; "" otherwise."""

    @property
    def is_name(self) -> bool:
        """Whether `id` is a host name that still has to be resolved."""

    @property
    def rule(self) -> int:
        """Index of the failregex that matched, from 0."""

    @property
    def fields(self) -> dict[str, str]:
        """Every captured group that is not null, after session merging and ALT/TUPLE mapping."""

    @property
    def matches(self) -> list[str]:
        """The complete original lines, oldest first; undecodable bytes replaced, at most 8 KiB each."""


class Found(Protocol):
    """The failures of one scan, in line order. The scanner's `Batch` is one; those made in Python are `Listed`."""

    def __len__(self) -> int:
        """How many there are."""

    @property
    def ids(self) -> Sequence[str]:
        """The identifier of each failure."""

    def failure(self, index: int, /) -> Failure:
        """The failure itself."""

    def others(self, known: Container[str], /) -> Sequence[int]:
        """Indexes of the failures whose identifiers are not among the known ones, in order."""


class Listed:
    """The half of `Found` that follows from a list of identifiers."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    def others(self, known: Container[str], /) -> Sequence[int]:
        """See `Found`."""
        return [index for index, identifier in enumerate(self.ids) if identifier not in known]
