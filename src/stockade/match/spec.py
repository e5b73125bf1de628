"""What the scanner takes: expressions in PCRE2 syntax, date templates and whole filters, as plain values.

These satisfy the protocols of `_scanner.pyi`, which says what each field means to the scanner. They are made by
`compile.py` and hold no behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One expression with the byte strings that every line it matches must contain or start with."""

    pattern: str
    literals: tuple[bytes, ...] = ()
    heads: tuple[bytes, ...] = ()
    is_caseless: bool = False


@dataclass(frozen=True, slots=True)
class DateSpec:
    """One date template; `fields` pairs a group number with the directive that its text follows."""

    name: str
    pattern: str
    cut: int
    fields: tuple[tuple[int, str], ...]
    is_anchored: bool
    layout: str = ""


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """One jail's filter, ready for the scanner."""

    name: str
    prefix: RuleSpec | None
    rules: tuple[RuleSpec, ...]
    ignores: tuple[RuleSpec, ...]
    dates: tuple[DateSpec, ...]
    maxlines: int
    usedns: str
    findtime: float | None
    is_all_rules: bool
    zone: tuple[tuple[int, int], ...]
