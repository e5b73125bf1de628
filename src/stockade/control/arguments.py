"""Arguments of control commands: bytes of a client become checked, canonical values.

In: whatever JSON held; out: `str`, `float`, `bool`, tuples of `str`; or RequestError with what to send instead. Must
not know any command, nor touch the network or the clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from stockade.errors import RequestError
from stockade.model.identifier import MAX_LENGTH, canonical

MAX_IDS = 1000
"""Identifiers in one request; more are refused, the client sends several requests."""
MAX_NAME = 256
"""Characters of a jail's name; longer is refused."""
MAX_TEXT = 1024
"""Characters of a free text (a reason); longer is refused."""
MAX_SECONDS = 3_155_760_000.0
"""100 years; a longer ban is refused with the advice to make it permanent."""

Value = str | float | bool | tuple[str, ...]


class Kind(StrEnum):
    """What an argument may be."""

    ID = "id"
    IDS = "ids"
    JAIL = "jail"
    SECONDS = "seconds"
    TEXT = "text"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of one command. An optional one may be left out or be null."""

    name: str
    kind: Kind
    help: str
    is_required: bool = False


def read_argument(argument: Argument, raw: object) -> Value:
    """Converts one argument; raises RequestError that names it."""
    try:
        return _READERS[argument.kind](raw)
    except ValueError as error:
        raise RequestError(f"argument {argument.name!r} {error}", f"{argument.name}: {argument.help}") from None


def _read_text(raw: object, longest: int) -> str:
    if not isinstance(raw, str):
        raise ValueError("must be a string")
    if len(raw) > longest:
        raise ValueError(f"is longer than {longest} characters")
    if any("\ud800" <= char <= "\udfff" for char in raw):
        raise ValueError("is not valid Unicode")
    return raw


def _read_id(raw: object) -> str:
    text = _read_text(raw, MAX_LENGTH).strip()
    if not text or "\0" in text:
        raise ValueError("must not be empty or contain NUL")
    return canonical(text)


def _read_ids(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise ValueError("must be a list of at least one string")
    if len(raw) > MAX_IDS:
        raise ValueError(f"has more than {MAX_IDS} entries")
    return tuple(dict.fromkeys(_read_id(item) for item in raw))


def _read_jail(raw: object) -> str:
    name = _read_text(raw, MAX_NAME)
    if not name or not name.isprintable():
        raise ValueError("must be the name of a jail")
    return name


def _read_seconds(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise ValueError("must be a number")
    if isinstance(raw, float) and not math.isfinite(raw):
        raise ValueError("must be finite")
    if raw == -1:
        return -1.0
    if not 1 <= raw <= MAX_SECONDS:
        raise ValueError(f"must be -1 (permanent) or between 1 and {MAX_SECONDS:.0f}")
    return float(raw)


def _read_reason(raw: object) -> str:
    return _read_text(raw, MAX_TEXT)


def _read_flag(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError("must be true or false")
    return raw


_READERS: dict[Kind, Callable[[object], Value]] = {
    Kind.ID: _read_id,
    Kind.IDS: _read_ids,
    Kind.JAIL: _read_jail,
    Kind.SECONDS: _read_seconds,
    Kind.TEXT: _read_reason,
    Kind.FLAG: _read_flag,
}
