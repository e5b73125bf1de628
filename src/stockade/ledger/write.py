"""Writes one record inside the transaction its caller has opened.

In: a connection and a Record. Out: changed rows, and notices about what did not fit. Must not begin, commit or read
back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from stockade.ledger import limits, rows
from stockade.ledger.notices import Notices
from stockade.model.ban import STALE_FACTOR, Ban, BanState
from stockade.model.record import BanEnd, Forgiven, Progress, Record, WindowState

# A ban that stands under the same names but began at another time is over: the new one takes its place.
_SUPERSEDE = """UPDATE bans SET ended = min(coalesce(until, :since), :since), state = 'expired',
 stale = max(:since, since + :factor * (coalesce(until, :since) - since))
 WHERE jail = :jail AND id = :id AND ended IS NULL AND since <> :since"""

# The same ban once more (prolonged, say) replaces what is stored; evidence is only replaced by evidence, and a restored
# one keeps its first origin.
_BAN = """INSERT INTO bans (jail, id, since, until, count, failures, origin, reason, fields, matches)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
 ON CONFLICT (jail, id) WHERE ended IS NULL DO UPDATE SET until = excluded.until, count = excluded.count,
 failures = excluded.failures, reason = excluded.reason, fields = coalesce(excluded.fields, fields),
 matches = coalesce(excluded.matches, matches),
 origin = CASE excluded.origin WHEN 'restored' THEN origin ELSE excluded.origin END"""

_END = """UPDATE bans SET ended = :at, state = :state,
 stale = CASE :state WHEN 'lifted' THEN :at ELSE max(:at, since + :factor * (coalesce(until, :at) - since)) END
 WHERE jail = :jail AND id = :id AND ended IS NULL"""

# Stale from its beginning: an expired ban that no longer counts. A lift does that to everything before it, lest the
# older ban count again once the lifted one is purged.
_FORGIVE = "UPDATE bans SET stale = since WHERE jail = ? AND id = ? AND ended IS NOT NULL AND state = 'expired'"

_FORGIVE_JAIL = "UPDATE bans SET stale = since WHERE jail = ? AND ended IS NOT NULL AND state = 'expired'"

_WINDOW = """INSERT INTO windows (jail, id, times, fields, matches) VALUES (?, ?, ?, ?, ?)
 ON CONFLICT (jail, id) DO UPDATE SET times = excluded.times, fields = excluded.fields, matches = excluded.matches"""

_WINDOW_GONE = "DELETE FROM windows WHERE jail = ? AND id = ?"

_PROGRESS = """INSERT INTO progress (source, identity, position, mark, scanner) VALUES (?, ?, ?, ?, ?)
 ON CONFLICT (source) DO UPDATE SET identity = excluded.identity, position = excluded.position,
 mark = excluded.mark, scanner = excluded.scanner"""

_COUNTER = """INSERT INTO counters (name, value) VALUES (?, ?)
 ON CONFLICT (name) DO UPDATE SET value = excluded.value"""


class Writer:
    """Writes records; `maxmatches` is how many lines of evidence a ban or window may keep."""

    __slots__ = ("_connection", "_maxmatches", "_notices")

    def __init__(self, connection: sqlite3.Connection, maxmatches: int, notices: Notices) -> None:
        self._connection = connection
        self._notices = notices
        self.keep_matches(maxmatches)

    def keep_matches(self, maxmatches: int) -> None:
        """Sets how many lines of evidence are kept from now on."""
        self._maxmatches = max(0, min(maxmatches, limits.MATCHES_CEILING))

    def write(self, record: Record) -> None:
        """Writes bans, ends, what is forgiven, windows, progress and counters, in this order. Raises what sqlite3
        raises."""
        self._bans(record.bans)
        self._ends(record)
        self._forgiven(record.forgiven)
        self._windows(record.windows)
        self._progress(record.progress)
        self._counters(record.counters.items())

    def _bans(self, bans: Iterable[Ban]) -> None:
        """One by one: a record may hold two bans of the same names."""
        for ban in bans:
            if self._may_name(ban.jail, ban.id):
                row = rows.of_ban(ban, self._maxmatches)
                begun = {"jail": row[0], "id": row[1], "since": row[2], "factor": STALE_FACTOR}
                self._connection.execute(_SUPERSEDE, begun)
                self._connection.execute(_BAN, row)

    def _ends(self, record: Record) -> None:
        fresh = {(ban.jail, ban.id): ban for ban in record.bans} if record.ends else {}
        ended = [
            {
                "jail": rows.text(end.jail),
                "id": rows.text(end.id),
                "at": float(end.at),
                "state": end.state.value,
                "factor": STALE_FACTOR,
            }
            for end in record.ends
            if not _is_about_an_earlier_ban(end, fresh.get((end.jail, end.id)))
        ]
        if ended:
            self._connection.executemany(_END, ended)
        self._forgiven([Forgiven(end.jail, end.id) for end in record.ends if end.state is BanState.LIFTED])

    def _forgiven(self, forgiven: Iterable[Forgiven]) -> None:
        for one in forgiven:
            if one.id:
                self._connection.execute(_FORGIVE, (rows.text(one.jail), rows.text(one.id)))
            else:
                self._connection.execute(_FORGIVE_JAIL, (rows.text(one.jail),))

    def _windows(self, windows: Iterable[WindowState]) -> None:
        named = [window for window in windows if self._may_name(window.jail, window.id)]
        gone = [(rows.text(window.jail), rows.text(window.id)) for window in named if not window.times]
        if gone:
            self._connection.executemany(_WINDOW_GONE, gone)
        if len(gone) < len(named):
            kept = (rows.of_window(window, self._maxmatches) for window in named if window.times)
            self._connection.executemany(_WINDOW, kept)

    def _progress(self, progress: Iterable[Progress]) -> None:
        for one in progress:
            if len(one.scanner) > limits.STATE_BYTES:
                self._notices.say(f"the scanner's state of {one.cursor.source[:200]!r} is too large for the ledger")
            if self._may_name(one.cursor.source):
                self._connection.execute(_PROGRESS, rows.of_progress(one))

    def _counters(self, counters: Iterable[tuple[str, int]]) -> None:
        written = [(rows.text(name), rows.number(value)) for name, value in counters if self._may_name(name)]
        if written:
            self._connection.executemany(_COUNTER, written)

    def _may_name(self, *names: str) -> bool:
        if rows.is_key(*names):
            return True
        shown = names[-1][:80]
        self._notices.say(f"not kept in the ledger: a name that is empty or over {limits.KEY_CHARS} long ({shown!r}…)")
        return False


def _is_about_an_earlier_ban(end: BanEnd, fresh: Ban | None) -> bool:
    """An expiry that comes with a new ban of the same names means the ban before, which the new one has replaced."""
    return fresh is not None and end.state is BanState.EXPIRED and not fresh.is_over(end.at)
