"""The directives of a date pattern (`%Y`, `%ExY`, `%b`, …): what text each accepts and what it tells the scanner.

In: a pattern with directives, and the years that `%ExY` takes. Out: a regular expression in Python's syntax in
which every directive is a group named after what it sets. Source: the dialect's table of directives, strptime(3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stockade.match.problem import ExpressionError

FIRST_YEAR = 2000
LATEST_KNOWN_YEAR = 2026
"""`%ExY` always reaches to the decade of three years after this one, also when the clock is wrong or set back (a
machine without a battery, a test with an old `now`): a log must not become undated by that."""


@dataclass(frozen=True, slots=True)
class Years:
    """The years that `%ExY` takes: from `first` to the end of the decade that holds three years after `present`."""

    present: int
    first: int = FIRST_YEAR


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_TWO_DIGIT_MONTH = "1[0-2]|0[1-9]"
_TWO_DIGIT_DAY = "3[01]|[12][0-9]|0[1-9]"
_TWO_DIGIT_HOUR = "2[0-3]|[01][0-9]"
_OFFSET = "[+-][01][0-9](?::?[0-5][0-9])?"
_ZONE_NAME = "(?-i:[A-Z]{3,5}|[A-Z])"
"""Names are upper case even where the rest of a pattern ignores case: others could not be understood anyway."""

_EPOCH = r"[0-9]{10,11}\b(?:\.[0-9]{3,6}\b)?"
_LONG_EPOCH = r"[0-9]{16,18}\b|[0-9]{13,14}\b(?:\.[0-9]{1,6}\b)?|[0-9]{10,11}\b"
"""Micro-, milli- and whole seconds; the fraction of whole seconds is no part of it, so that it is not cut out."""

_GROUPS: dict[str, tuple[str, str]] = {
    "Y": ("Y", "[0-9]{4}"),
    "y": ("y", "[0-9]{2}"),
    "Exy": ("y", "[0-9]{2}"),
    "m": ("m", f"{_TWO_DIGIT_MONTH}|[1-9]"),
    "Exm": ("m", _TWO_DIGIT_MONTH),
    "d": ("d", f"{_TWO_DIGIT_DAY}| ?[1-9]"),
    "Exd": ("d", _TWO_DIGIT_DAY),
    "H": ("H", f"{_TWO_DIGIT_HOUR}|[0-9]"),
    "ExH": ("H", _TWO_DIGIT_HOUR),
    "k": ("H", " ?[0-2]?[0-9]"),
    "Exk": ("H", f" ?(?:{_TWO_DIGIT_HOUR}|[0-9])"),
    "I": ("I", f"{_TWO_DIGIT_MONTH}|[1-9]"),
    "l": ("I", " ?1?[0-9]"),
    "Exl": ("I", " ?(?:1[0-2]|0?[1-9])"),
    "M": ("M", "[0-5][0-9]|[0-9]"),
    "ExM": ("M", "[0-5][0-9]"),
    "S": ("S", "6[01]|[0-5][0-9]|[0-9]"),
    "ExS": ("S", "6[01]|[0-5][0-9]"),
    "f": ("f", "[0-9]{1,6}"),
    "b": ("b", "|".join(name[:3] for name in _MONTHS)),
    "B": ("b", "|".join(_MONTHS)),
    "a": ("a", "|".join(name[:3] for name in _WEEKDAYS)),
    "A": ("a", "|".join(_WEEKDAYS)),
    "p": ("p", "AM|PM"),
    "j": ("j", "36[0-6]|3[0-5][0-9]|[12][0-9]{2}|0[1-9][0-9]|00[1-9]|[1-9][0-9]|0[1-9]|[1-9]"),
    "U": ("U", "5[0-3]|[0-4][0-9]|[0-9]"),
    "W": ("W", "5[0-3]|[0-4][0-9]|[0-9]"),
    "w": ("w", "[0-6]"),
    "u": ("u", "[1-7]"),
    "z": ("z", f"Z|UTC|GMT|{_OFFSET}"),
    "Z": ("Z", "(?-i:[A-Z]{3,5}|Z)"),
    "ExZ": ("Z", _ZONE_NAME),
    "Exz": ("z", f"{_ZONE_NAME}?{_OFFSET}|{_ZONE_NAME}"),
    "E": ("E", _EPOCH),
    "L": ("L", _LONG_EPOCH),
    "T": ("T", "@[0-9a-fA-F]{24}"),
}
"""Directive → (name of its group, what it accepts). `E`, `L` and `T` are ours for the words EPOCH, LEPOCH and TAI64N
and cannot be written in a pattern."""

_COMPOSITES = {"c": "%a %b %d %H:%M:%S %Y", "x": "%m/%d/%y", "X": "%H:%M:%S"}
"""What the C locale writes for these; `%d` also takes the padding blank."""

_INTERNAL = frozenset("ELT")
_CASELESS = frozenset({"a", "A", "b", "B", "p"})
MEANINGFUL = frozenset("YymdHIMSpbajUWwzZELTN")
"""Group names that the scanner reads; the others only have to match."""

_DIRECTIVE = re.compile(r"%(Ex[A-Za-z]|.|$)", re.DOTALL)
_COMPOSITE = re.compile(r"(%%)|%([cxX])")


def render(pattern: str, years: Years) -> str:
    """Turns every directive into a named group; raises ExpressionError for one that does not exist."""
    plain = _COMPOSITE.sub(lambda found: found[1] or _COMPOSITES[found[2]], pattern)
    return _DIRECTIVE.sub(lambda found: _group(found[1], years), plain)


def internal(directive: str) -> str:
    """The group for one of the words EPOCH (`E`), LEPOCH (`L`), TAI64N (`T`)."""
    name, accepted = _GROUPS[directive]
    return f"(?P<{name}>{accepted})"


def has_names(pattern: str) -> bool:
    """Tells whether a pattern holds a directive that makes the whole pattern ignore case."""
    plain = _COMPOSITE.sub(lambda found: found[1] or _COMPOSITES[found[2]], pattern)
    return any(found[1] in _CASELESS for found in _DIRECTIVE.finditer(plain))


def _group(directive: str, years: Years) -> str:
    if directive == "%":
        return "%"
    if directive == "ExY":
        return f"(?P<Y>{_years(years)})"
    if directive not in _GROUPS or directive in _INTERNAL:
        shown = f"%{directive}" if directive else "a % at the end"
        raise ExpressionError(
            f"the date pattern has an illegal directive: {shown}", "a literal percent sign is %% here (%%%% in a file)"
        )
    name, accepted = _GROUPS[directive]
    return f"(?P<{name}>{accepted})"


def _years(years: Years) -> str:
    """An expression for whole decades, from that of the first year on."""
    last_decade = (max(years.present, LATEST_KNOWN_YEAR) + 3) // 10
    centuries: dict[int, list[int]] = {}
    for decade in range(years.first // 10, last_decade + 1):
        centuries.setdefault(decade // 10, []).append(decade % 10)
    branches = [f"{century}[{decades[0]}-{decades[-1]}][0-9]" for century, decades in centuries.items()]
    return "|".join(branches)
