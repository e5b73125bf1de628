"""The scanner: bytes in, failures out. No I/O, no clock, no callbacks; the GIL is released while it works.

One `Scanner` reads one source (one file, one journal) for every filter that watches it, in one pass.
"""

from collections.abc import Sequence
from typing import Protocol, final

class RuleSpec(Protocol):
    """One expression, already in PCRE2 syntax, with what may be known of its matches beforehand.

    `literals`: every line that can match contains at least one of these byte strings (empty: nothing is known, so every
    line is a candidate). `heads`: the text that the rule searches starts with one of these (empty: not known).
    `is_caseless` says that both are to be compared without regard to ASCII case.
    """

    @property
    def pattern(self) -> str: ...
    @property
    def literals(self) -> Sequence[bytes]: ...
    @property
    def heads(self) -> Sequence[bytes]: ...
    @property
    def is_caseless(self) -> bool: ...

class DateSpec(Protocol):
    """One date template.

    `pattern` is PCRE2; `cut` the number of the group that is cut out of the line; `fields` pairs of (group number,
    directive) with the directives of the dialect (`Y y m d H I p M S f b a j U W w z Z`, and `E` epoch, `L` long epoch,
    `T` TAI64N, `N` for {NONE}). `is_anchored` marks templates bound to the line's beginning. `layout` names a hand-made
    parser that accepts a subset of `pattern` and gives the same result there: "syslog", "iso", "clf", "nginx-error" or
    "" for none.
    """

    @property
    def name(self) -> str: ...
    @property
    def pattern(self) -> str: ...
    @property
    def cut(self) -> int: ...
    @property
    def fields(self) -> Sequence[tuple[int, str]]: ...
    @property
    def is_anchored(self) -> bool: ...
    @property
    def layout(self) -> str: ...

class FilterSpec(Protocol):
    """One jail's filter. `usedns` is yes|warn|no|raw; `findtime` bounds how old a line may be while history is read;
    `is_all_rules` keeps trying after a hit (the sample corpus needs it)."""

    @property
    def name(self) -> str: ...
    @property
    def prefix(self) -> RuleSpec | None: ...
    @property
    def rules(self) -> Sequence[RuleSpec]: ...
    @property
    def ignores(self) -> Sequence[RuleSpec]: ...
    @property
    def dates(self) -> Sequence[DateSpec]: ...
    @property
    def maxlines(self) -> int: ...
    @property
    def usedns(self) -> str: ...
    @property
    def findtime(self) -> float | None: ...
    @property
    def is_all_rules(self) -> bool: ...
    @property
    def zone(self) -> Sequence[tuple[int, int]]:
        """Offsets of the zone for dates without one: (first UTC second, offset east in seconds), ascending."""

class LimitSpec(Protocol):
    """Bounds of one scanner; what happens at each is written beside it in `match/limits.py`."""

    @property
    def match_limit(self) -> int: ...
    @property
    def max_line(self) -> int: ...
    @property
    def max_sessions(self) -> int: ...
    @property
    def session_seconds(self) -> float: ...

@final
class Failure:
    """Who failed, when, under which rule; see `stockade.model.failure`."""

    @property
    def filter(self) -> int:
        """Index of the filter in the scanner."""
    @property
    def rule(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def logged(self) -> float | None:
        """The time the line itself gave; None for a line without a date."""
    @property
    def id(self) -> str: ...
    @property
    def ip(self) -> str: ...
    @property
    def is_name(self) -> bool: ...
    @property
    def raw_host(self) -> str: ...
    @property
    def fields(self) -> dict[str, str]: ...
    @property
    def matches(self) -> list[str]: ...

@final
class Verdict:
    """What became of one line for one filter; made only when `is_explaining`.

    `verdict` is fail|nofail|ignored|odd|missed|old|undated; `n` counts lines fed to this scanner from 1.
    """

    @property
    def n(self) -> int: ...
    @property
    def filter(self) -> int: ...
    @property
    def verdict(self) -> str: ...
    @property
    def rule(self) -> int | None: ...
    @property
    def time(self) -> float | None: ...
    @property
    def fields(self) -> dict[str, str]: ...
    @property
    def line(self) -> str: ...
    @property
    def reason(self) -> str:
        """For odd lines: match-limit|too-long|bad-date; "" otherwise."""
    @property
    def failures(self) -> list[Failure]: ...

@final
class Odd:
    """A line that hit a limit. `line` is its text, cut to 8 KiB."""

    @property
    def filter(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def line(self) -> str: ...

@final
class Batch:
    """The yield of one call."""

    @property
    def failures(self) -> list[Failure]:
        """In line order, then filter order."""
    @property
    def odd(self) -> list[Odd]:
        """At most 100 a call; `statistics()` counts all."""
    @property
    def verdicts(self) -> list[Verdict]: ...

@final
class Scanner:
    """Reads one source for all filters that watch it.

    Raises ValueError, naming filter and rule, for an expression that PCRE2 does not compile.
    """

    def __init__(
        self,
        filters: Sequence[FilterSpec],
        limits: LimitSpec,
        *,
        is_explaining: bool = False,
        encoding: str = "utf-8",
    ) -> None: ...
    @property
    def pending(self) -> int:
        """Bytes of an unfinished last line that are kept for the next call."""
    def feed(self, data: bytes, now: float, *, is_live: bool = True) -> Batch:
        """Scans a chunk that may begin and end within a line. `is_live` is the dialect's operation mode (§3.10): dates
        more than 60 s off count as `now`; in history, lines older than findtime are skipped."""
    def feed_entries(self, entries: Sequence[tuple[float, bytes]], now: float, *, is_live: bool = True) -> Batch:
        """Scans whole lines whose times are known (journal)."""
    def finish(self, now: float, *, is_live: bool = True) -> Batch:
        """Treats the unfinished last line as whole: the source has ended."""
    def statistics(self) -> dict[str, int]:
        """Counts since the start: lines, bytes, candidates, dated, undated, matched, nofail, ignored, failures, odd,
        old, rule_<filter>_<rule>."""
    def dump(self) -> bytes:
        """Open sessions, date stickiness and last time, for the ledger; bounded by the limits."""
    def load(self, state: bytes) -> bool:
        """Takes up a dump; False (and a fresh state) when it is not one of these filters' or is damaged."""
