"""Bounds on what one row may hold: everything here can be grown by an attacker's log lines.

Owns the numbers; `rows` applies them when it writes and again when it reads. What happens at each bound stands beside
it.
"""

from __future__ import annotations

KEY_CHARS = 4096
"""Jail names and identifiers. A longer one is not written (cutting it could make two the same); a notice says so."""

TEXT_CHARS = 4096
"""Reasons, values of fields. A longer one is cut."""

NAME_CHARS = 256
"""Names of fields. A longer one is cut."""

FIELDS = 64
"""Fields of one ban or window. The first 64 are kept."""

MATCH_CHARS = 8192
"""One matched line. A longer one is cut."""

MATCHES_CEILING = 1000
"""Whatever dbmaxmatches says, at most the last 1,000 lines of one ban or window are kept."""

TIMES = 10_000
"""Failures of one window. The last 10,000 are kept."""

STATE_BYTES = 16 << 20
"""A scanner's own state. A larger one is left out (the position is kept) and a notice says so."""

VALUE_BYTES = STATE_BYTES + (1 << 20)
"""Any single value of the database: SQLite refuses to make or read a larger one, which counts as a bad row."""

EVIDENCE_BYTES = 12 * MATCH_CHARS * MATCHES_CEILING
"""Stored fields or matches (JSON needs at most 12 bytes a character). A larger value counts as a bad row."""

PAST_ROWS = 200_000
"""Rows looked at, newest first, for what is remembered of earlier bans (about half a second). Older ones are not
known."""

ROWS = 10_000
"""Rows that `history` and `last_bans` return at most, whatever was asked for."""

SOURCES = 10_000
"""Sources and counters taken from the ledger at start. The rest is left out and a notice says so."""

COUNT_MAX = 2**63 - 1
"""Whole numbers. A larger one is stored as this."""

TIME_MAX = 1e12
"""Seconds since 1970 that a stored time may be away from it (the year 33,658); beyond, the row is bad."""

NOTICES = 100
"""Notices kept until they are taken. Later ones are counted, not kept."""
