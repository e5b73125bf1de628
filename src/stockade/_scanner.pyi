"""The scanner: bytes in, failures out. No I/O, no clock, no callbacks; the GIL is released while it works.

One `Scanner` reads one source (one file, one journal) for every filter that watches it, in one pass.
"""

from collections.abc import Container, Sequence
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
    def users(self) -> list[str]:
        """All users of a session that has seen several, sorted; `fields` then holds them as Python prints a set."""
    @property
    def matches(self) -> list[str]:
        """Complete lines, oldest first; a journal entry has its local time and a blank in front."""

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
        """For odd lines: match-limit|too-long|bad-address|bug; undated for a match whose time is not known; else ""."""
    @property
    def failures(self) -> list[Failure]: ...

@final
class Odd:
    """A line that hit a limit. `line` is its text, cut to 8 KiB.

    `reason`: match-limit (it is not known whether an expression matches; others may have matched all the same),
    too-long (longer than `max_line`, and its beginning matches nothing), bad-address (a match whose address is none:
    dropped), bad-date (a match with a date that does not exist: counted as undated), undated (a match in history whose
    time is not known: dropped), bug (the scanner failed on it and forgot the filter's sessions).
    """

    @property
    def filter(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def line(self) -> str: ...

@final
class Note:
    """Something about the times or bytes of a filter's lines that an operator should hear of, say once a day.

    `kind` is "undated" (a line without a valid date matched; it counts as the last time or now), "off" (a live line's
    date is `seconds` after the present, or before it if below zero; it counts as now), "old" (history older than
    findtime is passed over), "undecodable" (bytes of the line are not valid in the log's encoding and show as U+FFFD).
    Only lines that may match are looked at. `line` is cut to 8 KiB.
    """

    @property
    def filter(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def line(self) -> str: ...
    @property
    def seconds(self) -> float: ...

@final
class Batch:
    """The yield of one call; its length is the number of failures.

    Under attack most identifiers are banned already: `others` passes them over, and a `Failure` is made only when asked
    for.
    """

    def __len__(self) -> int: ...
    @property
    def ids(self) -> list[str]:
        """The identifier of each failure, in line order, then filter order; equal ones are one object. A list that is
        made at the first call."""
    def others(self, known: Container[str], /) -> list[int]:
        """Indexes of the failures whose identifiers are not in `known`, in order. What `known` raises is raised."""
    @property
    def filters(self) -> list[int]:
        """The index of each failure's filter; a new list each time."""
    def failure(self, index: int, /) -> Failure:
        """Makes one failure, which does not keep the batch alive; IndexError for an index below 0 or beyond."""
    @property
    def failures(self) -> list[Failure]:
        """All failures, made at the first call."""
    @property
    def odd(self) -> list[Odd]:
        """At most 100 a call; `statistics()` counts all."""
    @property
    def notes(self) -> list[Note]:
        """At most one of each kind for each filter."""
    @property
    def verdicts(self) -> list[Verdict]: ...

@final
class Scanner:
    """Reads one source for all filters that watch it.

    Raises ValueError, naming filter and rule, for an expression that PCRE2 does not compile, a date template without
    its groups or with an unknown layout, more than 1000 `maxlines`, and for an encoding other than utf-8, latin-1 and
    ascii without `table`: the 256 characters of a code page whose first 128 are ASCII, U+FFFD for none. Lines with
    bytes that cannot be decoded are matched with U+FFFD in their place.
    """

    def __new__(
        cls,
        filters: Sequence[FilterSpec],
        limits: LimitSpec,
        *,
        is_explaining: bool = False,
        encoding: str = "utf-8",
        table: str | None = None,
    ) -> Scanner: ...
    @property
    def pending(self) -> int:
        """Length in bytes of the unfinished last line: reading may begin again that far back. Of a longer one than
        `max_line` only that much is kept in memory."""
    def feed(self, data: bytes, now: float, *, is_live: bool = True) -> Batch:
        """Scans a chunk that may begin and end within a line. `is_live` is the dialect's operation mode (§3.10): dates
        more than 60 s off count as `now`; in history, lines older than findtime are skipped."""
    def feed_entries(self, entries: Sequence[tuple[float, bytes]], now: float, *, is_live: bool = True) -> Batch:
        """Scans whole lines whose times are known (journal); no date is looked for or cut. A newline in a line is read
        as a blank."""
    def finish(self, now: float, *, is_live: bool = True) -> Batch:
        """Treats the unfinished last line as whole: the source has ended. The scanner may be fed on."""
    def statistics(self) -> dict[str, int]:
        """Counts since the start: lines, bytes, candidates, dated, undated, matched, nofail, ignored, failures, odd,
        old, undecodable (lines), rule_<filter>_<rule>."""
    def dump(self) -> bytes:
        """Open sessions, multi-line windows, the date template in use and the last time, for the ledger; at most 4 MiB,
        the oldest sessions left out. The unfinished line is not in it: read again from `pending` bytes back."""
    def load(self, state: bytes) -> bool:
        """Takes up a dump; False (and a fresh state) when it is not one of these filters' or is damaged."""
