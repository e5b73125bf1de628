"""Holds results to `stockade.control.schema`: canned ones here, and real ones wherever a daemon runs in a test."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict

from stockade.control import schema

RESULTS: dict[str, type] = {
    "ping": schema.PingResult,
    "version": schema.VersionResult,
    "status": schema.StatusResult,
    "bans": schema.BansResult,
    "ban": schema.BanResult,
    "unban": schema.UnbanResult,
    "why": schema.WhyResult,
    "reload": schema.ReloadResult,
}
"""The result of each command of the protocol's table."""


def faults(value: object, expected: Any, place: str = "result") -> list[str]:
    """Lists where a value (as JSON gives it) differs from a typed dictionary; empty when it fits exactly."""
    if is_typeddict(expected):
        return _dictionary_faults(value, get_type_hints(expected), place)
    origin, arguments = get_origin(expected), get_args(expected)
    if origin is list:
        items = value if isinstance(value, list) else []
        wrong = [] if isinstance(value, list) else [f"{place}: not a list"]
        return wrong + [fault for n, item in enumerate(items) for fault in faults(item, arguments[0], f"{place}[{n}]")]
    if origin is dict:
        fits = isinstance(value, dict) and all(not faults(item, arguments[1]) for item in value.values())
        return [] if fits else [f"{place}: not {expected}"]
    if origin is UnionType:
        return [] if any(not faults(value, each) for each in arguments) else [f"{place}: {value!r} is not {expected}"]
    if origin is Literal:
        return [] if value in arguments else [f"{place}: {value!r} is not one of {arguments}"]
    accepted = {float: (int, float), None: (NoneType,)}.get(expected, (expected,))
    fits = isinstance(value, accepted) and not (isinstance(value, bool) and expected is not bool)
    return [] if fits else [f"{place}: {value!r} is not {expected}"]


def _dictionary_faults(value: object, hints: dict[str, Any], place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place}: not an object"]
    missing = [f"{place}.{name}: missing" for name in hints if name not in value]
    unknown = [f"{place}.{name}: not in the schema" for name in value if name not in hints]
    wrong = [fault for name in hints if name in value for fault in faults(value[name], hints[name], f"{place}.{name}")]
    return missing + unknown + wrong
