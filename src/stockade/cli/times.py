"""Times on the command line: durations in the dialect's grammar (`90`, `10m`, `1d12h`), moments and zones, with a usage
error for anything else."""

from __future__ import annotations

import os
from datetime import datetime, tzinfo

from stockade.errors import UsageError

FOR_EVER = ("forever", "permanent", "-1")

LATEST = 2**33
"""Seconds since 1970 (the year 2242) beyond which a number is taken for a mistake."""

AN_EPOCH = 100_000_000
"""A bare number from here on (1973) is a moment, a smaller one a duration."""


def read_time(option: str, text: str, *, may_be_for_ever: bool = False) -> float:
    """Gives the seconds of an option's value, at least 1; -1 is for ever where that is allowed."""
    from stockade.config.times import parse_seconds
    from stockade.config.trouble import Trouble

    if may_be_for_ever and text.strip().lower() in FOR_EVER:
        return -1.0
    try:
        seconds = parse_seconds(text)
    except Trouble:
        seconds = 0.0
    if seconds < 1:
        raise UsageError(f"{option} {text!r} is no time", f"write 90, 10m, 1d12h{' or forever' * may_be_for_ever}")
    return seconds


def read_epoch(option: str, epoch: float) -> float:
    """Checks a number of seconds since 1970."""
    if not 0 <= epoch < LATEST:
        raise UsageError(
            f"{option} {epoch:g} is no time", "give seconds since 1970, for example the output of `date +%s`"
        )
    return epoch


def read_moment(option: str, text: str, *, now: float, zone: tzinfo) -> float:
    """Gives the seconds since 1970 of `2026-01-05`, `2026-01-05 01:31`, `1767573101`, or `2d` (that long ago).

    A moment without a zone of its own is one of `zone`.
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and int(text[:12]) >= AN_EPOCH:
        return read_epoch(option, float(text[:12]))
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    try:
        return now - read_time(option, text)
    except UsageError:
        remedy = "write 2026-01-05, '2026-01-05 01:31', seconds since 1970, or how long ago: 2d"
        raise UsageError(f"{option} {text!r} is no time", remedy) from None


def read_zone(name: str | None) -> tzinfo:
    """Gives the zone of that name, or this machine's."""
    from stockade.match.problem import ExpressionError
    from stockade.match.zones import local_zone, named_zone

    try:
        return local_zone(os.environ.get("TZ", "")) if name is None else named_zone(name)
    except ExpressionError as error:
        raise UsageError(error.message, error.remedy) from None
