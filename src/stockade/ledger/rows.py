"""Values to rows and back. Writing cuts to the bounds of `limits`; reading trusts nothing: a row that is not exactly
what writing makes gives None. Must not touch a database.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from stockade.ledger import limits
from stockade.model.ban import Ban, BanOrigin, BanState, Past
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.record import Progress, WindowState

Row = tuple[Any, ...]

BAN_COLUMNS = "jail, id, since, until, count, failures, origin, reason, fields, matches"
PAST_COLUMNS = f"{BAN_COLUMNS}, ended, state"
WINDOW_COLUMNS = "jail, id, times, fields, matches"
PROGRESS_COLUMNS = "source, identity, position, mark, scanner"
COUNTER_COLUMNS = "name, value"

_ORIGINS = {origin.value: origin for origin in BanOrigin}
_ENDS = {BanState.EXPIRED.value: BanState.EXPIRED, BanState.LIFTED.value: BanState.LIFTED}
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_DECODER = json.JSONDecoder()
_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PastBan:
    """A ban of the history: `ended` and `state` (expired or lifted) are None while it stands."""

    ban: Ban
    ended: Wall | None = None
    state: BanState | None = None


def is_key(*texts: str) -> bool:
    """Tells whether these may name a row: neither empty nor longer than the bound."""
    return all(0 < len(text) <= limits.KEY_CHARS for text in texts)


def text(value: str, bound: int = limits.TEXT_CHARS) -> str:
    """Cuts to the bound; what UTF-8 cannot hold becomes a question mark."""
    cut = value[:bound]
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")


def number(value: int) -> int:
    """Keeps a whole number within what SQLite stores."""
    return max(-limits.COUNT_MAX, min(limits.COUNT_MAX, int(value)))


def of_ban(ban: Ban, maxmatches: int) -> Row:
    """Makes the values of BAN_COLUMNS."""
    return (
        text(ban.jail),
        text(ban.id),
        float(ban.since),
        None if ban.until is None else float(ban.until),
        number(ban.count),
        number(ban.failures),
        ban.origin.value,
        text(ban.reason),
        _of_both_fields(ban),
        _of_matches(ban.matches, maxmatches),
    )


def of_window(window: WindowState, maxmatches: int) -> Row:
    """Makes the values of WINDOW_COLUMNS."""
    times = window.times[-limits.TIMES :]
    return (
        text(window.jail),
        text(window.id),
        struct.pack(f"<{len(times)}d", *times),
        _of_fields(window.fields),
        _of_matches(window.matches, maxmatches),
    )


def of_progress(progress: Progress) -> Row:
    """Makes the values of PROGRESS_COLUMNS; a scanner's state beyond the bound is left out."""
    cursor = progress.cursor
    scanner = progress.scanner if len(progress.scanner) <= limits.STATE_BYTES else b""
    return (text(cursor.source), text(cursor.identity), number(cursor.position), text(cursor.mark), scanner)


def to_ban(row: Row) -> Ban | None:
    """Reads BAN_COLUMNS (fields and matches may be NULL: none)."""
    jail, identifier, since, until, count, failures, origin, reason, fields, matches = row
    if not (_is_key_text(jail) and _is_key_text(identifier) and _is_time(since)):
        return None
    if not ((until is None or _is_time(until)) and _is_count(count) and _is_count(failures)):
        return None
    known, kept, lines = _ORIGINS.get(origin), _to_both_fields(fields), _to_matches(matches)
    if known is None or kept is None or lines is None or not isinstance(reason, str):
        return None
    first, last = kept
    return Ban(jail, identifier, since, until, count, failures, known, text(reason), first, lines, last)


def to_past(row: Row) -> Past | None:
    """Reads PAST_COLUMNS of a ban that ran out: what is remembered of it."""
    past = to_past_ban(row)
    return Past.of(past.ban) if past is not None and past.state is BanState.EXPIRED else None


def to_past_ban(row: Row) -> PastBan | None:
    """Reads PAST_COLUMNS."""
    *columns, ended, state = row
    ban = to_ban(tuple(columns))
    if ban is None:
        return None
    if ended is None and state is None:
        return PastBan(ban)
    return PastBan(ban, ended, _ENDS[state]) if _is_time(ended) and state in _ENDS else None


def to_window(row: Row) -> WindowState | None:
    """Reads WINDOW_COLUMNS."""
    jail, identifier, packed, fields, matches = row
    times, kept, lines = _to_times(packed), _to_fields(fields), _to_matches(matches)
    if not (_is_key_text(jail) and _is_key_text(identifier)) or times is None or kept is None or lines is None:
        return None
    return WindowState(jail, identifier, times, kept, lines)


def to_progress(row: Row) -> Progress | None:
    """Reads PROGRESS_COLUMNS."""
    source, identity, position, mark, scanner = row
    if not (_is_key_text(source) and isinstance(identity, str) and isinstance(mark, str) and _is_count(position)):
        return None
    if len(identity) > limits.TEXT_CHARS or len(mark) > limits.TEXT_CHARS or not isinstance(scanner, bytes):
        return None
    return Progress(Cursor(source, identity, position, mark), scanner)


def to_counter(row: Row) -> tuple[str, int] | None:
    """Reads COUNTER_COLUMNS."""
    name, value = row
    return (name, value) if _is_key_text(name) and isinstance(value, int) else None


def _of_fields(fields: Mapping[str, str]) -> bytes | None:
    return _json(_cut_fields(fields)) if fields else None


def _of_both_fields(ban: Ban) -> bytes | None:
    """The fields of the first failure; where those of the last one differ, an array of both."""
    if not ban.last_fields:
        return _of_fields(ban.fields)
    return _json([_cut_fields(ban.fields), _cut_fields(ban.last_fields)])


def _cut_fields(fields: Mapping[str, str]) -> dict[str, str]:
    pairs = list(fields.items())[: limits.FIELDS]
    return {text(name, limits.NAME_CHARS): text(value) for name, value in pairs}


def _of_matches(matches: Sequence[str], maxmatches: int) -> bytes | None:
    kept = matches[-maxmatches:] if maxmatches > 0 else ()
    return _json([text(line, limits.MATCH_CHARS) for line in kept]) if kept else None


def _json(value: object) -> bytes:
    return _ENCODER.encode(value).encode()


def _to_fields(stored: object) -> Mapping[str, str] | None:
    return _NO_FIELDS if stored is None else _checked_fields(_from_json(stored))


def _to_both_fields(stored: object) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
    if stored is None:
        return _NO_FIELDS, _NO_FIELDS
    value = _from_json(stored)
    first, last = value if isinstance(value, list) and len(value) == 2 else (value, {})
    kept, latest = _checked_fields(first), _checked_fields(last)
    return None if kept is None or latest is None else (kept, latest)


def _checked_fields(value: object) -> Mapping[str, str] | None:
    if not isinstance(value, dict) or len(value) > limits.FIELDS:
        return None
    return value if all(isinstance(item, str) for item in value.values()) else None


def _to_matches(stored: object) -> tuple[str, ...] | None:
    if stored is None:
        return ()
    value = _from_json(stored)
    if not isinstance(value, list) or len(value) > limits.MATCHES_CEILING:
        return None
    return tuple(value) if all(isinstance(line, str) for line in value) else None


def _from_json(stored: object) -> object:
    """None for anything that is no JSON; deep nesting ends in RecursionError, which the bound on size keeps cheap."""
    if not isinstance(stored, bytes) or len(stored) > limits.EVIDENCE_BYTES:
        return None
    try:
        return _DECODER.decode(stored.decode())
    except (ValueError, RecursionError):
        return None


def _to_times(packed: object) -> tuple[float, ...] | None:
    if not isinstance(packed, bytes) or not packed or len(packed) % 8 or len(packed) > 8 * limits.TIMES:
        return None
    times = struct.unpack(f"<{len(packed) // 8}d", packed)
    return times if all(map(_is_time, times)) else None


def _is_key_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= limits.KEY_CHARS


def _is_time(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value) and abs(value) <= limits.TIME_MAX


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 0
