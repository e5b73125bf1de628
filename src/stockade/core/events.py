"""What can happen to the core. A closed union: `Event`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stockade.model.ban import Ban, Past
from stockade.model.clock import Seconds
from stockade.model.failure import Found
from stockade.model.record import WindowState


@dataclass(frozen=True, slots=True)
class Failures:
    """The scanner found failures for one jail, in line order. `is_spoofable`: anybody could have sent the lines in
    another's name."""

    jail: str
    found: Found
    is_spoofable: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A deadline that the core asked for may have passed."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The ledger's active bans, open windows and remembered bans (oldest first), at start. The enforcer is told of all
    bans at once, not through commands."""

    bans: Sequence[Ban]
    windows: Sequence[WindowState]
    past: Sequence[Past] = ()


@dataclass(frozen=True, slots=True)
class BanAsked:
    """The operator bans by hand. `seconds` is None for the jail's own bantime, below zero for ever."""

    ids: tuple[str, ...]
    jail: str
    seconds: Seconds | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UnbanAsked:
    """The operator lifts bans: these identifiers (addresses inside a network given count), or all of them."""

    ids: tuple[str, ...] = ()
    is_all: bool = False


class Outcome(StrEnum):
    """What the enforcer says of a ban."""

    APPLIED = "applied"
    VERIFIED = "verified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Enforced:
    """The enforcer reports on bans, each named by (jail, id)."""

    outcome: Outcome
    bans: tuple[tuple[str, str], ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A host name was resolved (addresses empty: it has none)."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """This machine's addresses and names, for `ignoreself`; names are resolved like others."""

    addresses: frozenset[str]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """What a `file:` entry of `ignoreip` lists now; `entry` is the entry as it is written."""

    entry: str
    content: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IgnoreAnswered:
    """`ignorecommand` answered a question (`AskIgnore`) of a jail."""

    jail: str
    key: str
    is_ignored: bool


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """Somebody has set the wall clock by so many seconds; `now` is by the new time already."""

    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life passes through; its number comes back in `Beaten`."""

    number: int


Event = (
    Failures
    | Tick
    | Restored
    | BanAsked
    | UnbanAsked
    | Enforced
    | Resolved
    | OwnAddresses
    | IgnoreFile
    | IgnoreAnswered
    | ClockStepped
    | Beat
)
