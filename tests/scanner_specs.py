"""Specifications for tests of the scanner alone: the protocols of `_scanner.pyi` as plain dataclasses.

Owns: a few date templates and sshd-like rules written for these tests. Must not use the part `match`, whose own tests
hold what it derives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stockade._scanner import Batch, Scanner

IP4 = r"(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})"
IP6 = r"(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|:){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):))"
ADDR = rf"\[?(?:{IP4}|{IP6})\]?"
NOW = 1_795_366_800.0
"""2026-11-22 17:00:00 UTC."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One expression with its hints."""

    pattern: str
    literals: tuple[bytes, ...] = ()
    heads: tuple[bytes, ...] = ()
    is_caseless: bool = False


@dataclass(frozen=True, slots=True)
class Date:
    """One date template."""

    name: str
    pattern: str
    fields: tuple[tuple[int, str], ...]
    cut: int = 1
    is_anchored: bool = False
    layout: str = ""


NONE = Date("none", "()", ((1, "N"),))


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter; unless told otherwise it expects no dates."""

    name: str = "f"
    prefix: Rule | None = None
    rules: tuple[Rule, ...] = ()
    ignores: tuple[Rule, ...] = ()
    dates: tuple[Date, ...] = (NONE,)
    maxlines: int = 1
    usedns: str = "warn"
    findtime: float | None = None
    is_all_rules: bool = False
    zone: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a scanner."""

    match_limit: int = 100_000
    max_line: int = 128 * 1024
    max_sessions: int = 1024
    session_seconds: float = 300.0


_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
SYSLOG = Date(
    "syslog",
    rf"(?i)^(({_MONTH}) ( ?\d|[0-3]\d) (\d\d?):(\d\d?):(\d\d?)(?:\.\d{{1,6}})?(?: (20\d\d))?)(?=\W|$)",
    ((2, "b"), (3, "d"), (4, "H"), (5, "M"), (6, "S"), (7, "Y")),
    is_anchored=True,
    layout="syslog",
)
_ISO = (
    r"((20\d\d)([-/.])(\d\d?)\3(\d\d?)(?:T|  ?)(\d\d?):(\d\d?):(\d\d?)(?:[.,]\d{1,6})?"
    r"(?:\s*(Z|UTC|GMT|[-+][01]\d(?::?\d\d)?))?)(?=\W|$)"
)
_ISO_FIELDS = ((2, "Y"), (4, "m"), (5, "d"), (6, "H"), (7, "M"), (8, "S"), (9, "z"))
ISO = Date("iso", "^" + _ISO, _ISO_FIELDS, is_anchored=True, layout="iso")
ISO_ANYWHERE = Date("iso anywhere", r"(?<!\w)" + _ISO, _ISO_FIELDS, layout="iso")
_CLF = (
    rf"((\d\d?)([-/])({_MONTH})\3(20\d\d)[ :]?(\d\d?):(\d\d?):(\d\d?)(?:\.\d{{1,6}})?"
    r"(?: ([-+]\d{4}))?)(?=\W|$)"
)
_CLF_FIELDS = ((2, "d"), (4, "b"), (5, "Y"), (6, "H"), (7, "M"), (8, "S"), (9, "z"))
CLF = Date("clf", r"(?i)\b" + _CLF, _CLF_FIELDS, layout="clf")
CLF_IN_BRACKETS = Date(
    "clf in the first brackets", r"(?i)^[^\[]*\[" + _CLF, _CLF_FIELDS, is_anchored=True, layout="clf"
)
EPOCH = Date("epoch", r"^(\d{10,11})(?:\.\d{3,6})?\b", ((1, "E"),), is_anchored=True)
DATES = (SYSLOG, ISO, ISO_ANYWHERE, CLF, EPOCH)


def without_layouts(dates: Sequence[Date]) -> tuple[Date, ...]:
    """The same templates, all read by their expressions."""
    return tuple(replace(date, layout="") for date in dates)


def rule(pattern: str, *heads: str) -> Rule:
    """A rule that begins with one of the heads."""
    encoded = tuple(head.encode() for head in heads)
    return Rule(pattern, literals=encoded, heads=encoded)


def scan(filters: Filter | Sequence[Filter], data: bytes, *, is_live: bool = False, **options: object) -> Batch:
    """Scans all of `data` at once with a new scanner."""
    scanner = make(filters, **options)
    batch = scanner.feed(data, NOW, is_live=is_live)
    rest = scanner.finish(NOW, is_live=is_live)
    for whole, part in ((batch.failures, rest.failures), (batch.odd, rest.odd), (batch.verdicts, rest.verdicts)):
        whole.extend(part)  # type: ignore[arg-type]
    return batch


def make(filters: Filter | Sequence[Filter], limits: Limits | None = None, **options: object) -> Scanner:
    """A scanner for one or more filters."""
    several = (filters,) if isinstance(filters, Filter) else tuple(filters)
    return Scanner(several, limits or Limits(), **options)  # type: ignore[arg-type]


_USER = r"(?P<user>\S{0,100}|.{0,100}?)"
SSHD = Filter(
    "sshd",
    prefix=Rule(
        r"^\s*(?:\S+\s+)?sshd(?:-session|-auth)?(?:\[(?P<mlfid>\d+)\])?:?\s+(?:error: )?(?P<content>.+)$",
        literals=(b"sshd",),
    ),
    rules=(
        rule(
            rf"^Failed (?:password|keyboard-interactive/pam|publickey|none) for (?:invalid user )?{_USER}"
            rf" from {ADDR}(?: port \d+)?(?: ssh\d*)?$",
            "Failed ",
        ),
        rule(rf"^Invalid user {_USER} from {ADDR}(?: port \d+)?\s*$", "Invalid user "),
        rule(
            rf"^(?P<nofail>pam_[a-z]+\(sshd:auth\):\s+authentication failure;)(?:\s+\w+=\S*)*?\s+rhost={ADDR}"
            r"(?:\s+user=(?P<user>\S*))?\s*$",
            "pam_",
        ),
        rule(rf"^maximum authentication attempts exceeded for (?:invalid user )?{_USER} from {ADDR}", "maximum "),
        rule(rf"^User {_USER} from {ADDR} not allowed because", "User "),
        rule(rf"^(?P<nofail>Connection from) {ADDR}", "Connection from"),
        rule(
            rf"^(?P<nofail>(?P<mlfforget>Connection (?:closed|reset)) by)"
            rf"(?: (?:authenticating|invalid) user {_USER})? {ADDR}",
            "Connection closed",
            "Connection reset",
        ),
        rule(
            rf"^(?P<nofail>(?P<mlfforget>Disconnect(?:ed|ing)) (?:from )?)"
            rf"(?:(?:authenticating |invalid )?user {_USER} )?{ADDR} port \d+",
            "Disconnect",
        ),
        rule(
            rf"^(?P<nofail>(?P<mlfforget>Received disconnect) from) {ADDR}(?: port \d+)?(?::\s*\d+)?: ", "Received disc"
        ),
        rule(rf"^Unable to negotiate with {ADDR}", "Unable to negotiate"),
        rule(rf"^(?P<mlfgained>Accepted) \w+ for (?P<user>\S+) from {ADDR}", "Accepted "),
        rule(rf"^banner exchange: Connection from {ADDR}", "banner exchange"),
        rule(rf"^Did not receive identification string from {ADDR}", "Did not receive"),
        rule(rf"^Bad protocol version identification '.*?' from {ADDR}", "Bad protocol"),
    ),
    dates=DATES,
)
"""Expressions for OpenSSH's own messages, for tests and measurements of the scanner."""
