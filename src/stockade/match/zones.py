"""Zones: what offset holds when, for dates that name none.

In: a filter's `logtimezone`, or the zone of this machine. Out: steps (first UTC second, offset east in seconds) over
all years that date templates can read. Source of the abbreviations: the dialect's table; fixed offsets, no
daylight saving, one meaning each.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stockade.match.abbreviations import offset_of
from stockade.match.directives import FIRST_YEAR
from stockade.match.problem import ExpressionError

Steps = tuple[tuple[int, int], ...]

_AS_WRITTEN = 1_767_225_600
"""2026-01-01: a clock that is behind this is wrong or that of a test, and logs may be ahead of it."""

_AHEAD = 15 * 366 * 86_400
"""How far the steps reach beyond the later of now and 2026, in seconds: further than any date template. Beyond, the
last offset holds."""

_STRIDE = 14 * 86_400
"""Distance of the looks at a zone, in seconds; no zone leaves an offset and returns to it sooner."""

_LOG_ZONE = re.compile(r"([A-Z]{3,5}|[A-Z])?(?:([+-])([01][0-9])(?::?([0-5][0-9]))?)?")
_POSIX_ZONE = re.compile(r"(?:[A-Za-z]{3,9}|<[A-Za-z0-9+-]{3,9}>)[+-]?[0-9][0-9A-Za-z:,./<>+-]{0,80}")


def zone_steps(zone: tzinfo, now: float, first_year: int = FIRST_YEAR) -> Steps:
    """Returns the offsets of a zone over the years that date templates can read at `now`, earliest first."""
    first = int(datetime(first_year, 1, 1, tzinfo=UTC).timestamp())
    last = max(int(now), _AS_WRITTEN) + _AHEAD
    steps = [(first, _offset(zone, first))]
    for begin in range(first, last, _STRIDE):
        end = min(begin + _STRIDE, last)
        if _offset(zone, end) != steps[-1][1]:
            steps.append(_change(zone, begin, end))
    return tuple(steps)


def log_zone_steps(text: str) -> Steps:
    """Returns the one offset of a `logtimezone`: an abbreviation, `±HH`, `±HHMM`, `±HH:MM`, or both; or raises."""
    found = _LOG_ZONE.fullmatch(text.strip())
    if found is None or not found[0]:
        raise _unknown(text)
    name, sign, hours, minutes = found.groups()
    offset = offset_of(name) if name else 0
    if offset is None:
        raise _unknown(text)
    if sign:
        numeric = int(hours) * 3600 + int(minutes or 0) * 60
        offset += -numeric if sign == "-" else numeric
    return ((0, offset),)


def local_zone(name: str = "", localtime: Path = Path("/etc/localtime")) -> tzinfo:
    """Returns the zone of this machine: `name` as in the variable TZ, else what /etc/localtime holds, else UTC."""
    if name.strip():
        return named_zone(name.strip().removeprefix(":"))
    try:
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file, "localtime")
    except (OSError, ValueError):
        return UTC


def named_zone(text: str) -> tzinfo:
    """Returns a zone by name (`Europe/Berlin`), as a POSIX rule (`CET-1CEST,M3.5.0,M10.5.0`) or in the grammar of
    `logtimezone` (`UTC+0200`); raises ExpressionError for anything else."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    if _LOG_ZONE.fullmatch(text):
        return _fixed(text)
    if _POSIX_ZONE.fullmatch(text):
        return _posix(text)
    raise _unknown(text)


def _offset(zone: tzinfo, second: int) -> int:
    found = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    return int((found or timedelta()).total_seconds())


def _change(zone: tzinfo, begin: int, end: int) -> tuple[int, int]:
    """The first second with the offset of `end`, by bisection; the offset changes once between the two."""
    after = _offset(zone, end)
    low, high = begin, end
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(zone, middle) == after else (middle, high)
    return high, after


def _fixed(text: str) -> tzinfo:
    return timezone(timedelta(seconds=log_zone_steps(text)[0][1]))


def _posix(text: str) -> tzinfo:
    """Reads a POSIX rule by way of an empty zone file that ends with it (RFC 8536, version 2 footer)."""
    counts = bytes(4 * 3) + (0).to_bytes(4, "big") + (1).to_bytes(4, "big") + (4).to_bytes(4, "big")
    block = b"TZif2" + bytes(15) + counts + bytes(6) + b"UTC\0"
    try:
        return ZoneInfo.from_file(BytesIO(block + block + b"\n" + text.encode() + b"\n"), text)
    except ValueError:
        raise _unknown(text) from None


def _unknown(text: str) -> ExpressionError:
    return ExpressionError(
        f"unknown or unsupported time zone: {text!r}", "use an abbreviation, an offset, or both: UTC+0200, CET, +0530"
    )
