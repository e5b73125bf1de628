"""`ignorecache`: how long and by what answers of `ignorecommand` are kept.

In: the option's text, arguments of the bracket grammar without a name. Out: IgnoreCache, or None where it is off.
Raises Trouble.
"""

from __future__ import annotations

from stockade.config.brackets import parse_item
from stockade.config.options import whole_number
from stockade.config.times import parse_seconds
from stockade.config.trouble import Trouble, suggest
from stockade.model.settings import IgnoreCache

MAX_COUNT = 100_000
"""Answers that one jail may keep; more is a Problem."""

_REMEDY = 'write key="<ip>", max-count=100, max-time=5m, or nothing at all'
_ARGUMENTS = ("key", "max-count", "max-time")


def parse_ignorecache(text: str) -> IgnoreCache | None:
    """Reads the option; blank text switches the cache off."""
    if not text.strip():
        return None
    _, arguments = parse_item(f"ignorecache[{text}]")
    for name in arguments:
        if name not in _ARGUMENTS:
            raise Trouble(f"no argument of ignorecache: {name}", text, suggest(name, _ARGUMENTS, _REMEDY))
    key = arguments.get("key", "")
    if not key:
        raise Trouble("ignorecache needs a key", text, _REMEDY)
    count = whole_number(100, 1, MAX_COUNT)(arguments.get("max-count", "100"))
    seconds = parse_seconds(arguments.get("max-time", "5m"))
    if seconds < 0:
        raise Trouble("time out of range", arguments["max-time"], _REMEDY)
    return IgnoreCache(key, count, seconds)
