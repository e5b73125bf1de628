"""The bounds of one scanner, and what happens at each.

A line of a log may be written by the attacker, so every cost it can cause has a bound here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one scanner; the defaults suit a daemon."""

    match_limit: int = 100_000
    """Steps PCRE2 may take for one expression on one line (about 0.15 ms; ordinary lines need fewer than 500). At the
    limit the line is reported as odd with reason `match-limit`: counted and logged, never taken for "no match"."""

    max_line: int = 131_072
    """Bytes of one line. What is beyond is not searched: the line is reported as odd with reason `too-long`, and the
    reader goes on with the next line."""

    max_sessions: int = 4096
    """Sessions (`<F-MLFID>`) one filter remembers; the oldest goes when another begins. The reference keeps 100, which
    an attacker fills with 100 parallel connections so that the lines of each look unrelated. Remembering more can
    only complete sessions that would have fallen apart: it adds matches and takes none away."""

    session_seconds: float = 300.0
    """Age at which a session is forgotten, as in the reference. The clock is the log's own time."""
