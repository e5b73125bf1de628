"""What the core wants done. A closed union, `Command`; `daemon.runner` executes it in one `match`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stockade.model.ban import NO_FIELDS, Ban, BanState, Past
from stockade.model.clock import Seconds, Wall
from stockade.model.failure import Failure


@dataclass(frozen=True, slots=True)
class StartBan:
    """Block it, and write it to the ledger, with its evidence, before anyone is told.

    The core keeps the ban without the evidence: the ledger has it. `last_fields` is empty where the last failure says
    the same as the first. `previous` is what the ban's length was computed from, and `usual` the length it would have
    without; None when it did not matter.
    """

    ban: Ban
    fields: Mapping[str, str] = field(default_factory=lambda: NO_FIELDS)
    matches: tuple[str, ...] = ()
    last_fields: Mapping[str, str] = field(default_factory=lambda: NO_FIELDS)
    previous: Past | None = None
    usual: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class ChangeBan:
    """A ban that stands has another end: block it anew and write it. The evidence that the ledger has stays."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class RedateBan:
    """Write another end of a ban that stands: the clock was set, and it lasts as long as before. The kernel, which
    counts seconds, needs nothing."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class RetryBan:
    """Block it again: the last try failed. The ledger knows it already."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class EndBan:
    """Unblock it (unless it expired, which the kernel does by itself) and close it in the ledger."""

    ban: Ban
    at: Wall
    state: BanState


@dataclass(frozen=True, slots=True)
class Forgive:
    """The past of an identifier that is not banned no longer counts; without `id` that of all the jail's."""

    jail: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class NotBegun:
    """A ban would be over already (a backlog was read, or the lines of an earlier ban once more)."""

    jail: str
    id: str


@dataclass(frozen=True, slots=True)
class AlreadyBanned:
    """Somebody who is banned was seen again, or banned again, `late` seconds after the ban began."""

    ban: Ban
    late: Seconds


@dataclass(frozen=True, slots=True)
class FoundBad:
    """A failure of somebody who was banned `earlier` times before stands for `weight` failures."""

    jail: str
    id: str
    time: Wall
    earlier: int
    weight: int
    is_ban: bool


@dataclass(frozen=True, slots=True)
class Withheld:
    """So many failures would have been a ban, but anybody could have sent their lines in another's name."""

    jail: str
    id: str
    failures: int


@dataclass(frozen=True, slots=True)
class AskIgnore:
    """Run the jail's `ignorecommand` for a failure, away from the loop; the answer comes as `IgnoreAnswered`, in any
    case: no answer within a minute is the answer no."""

    jail: str
    key: str
    id: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Ignored:
    """A failure was not counted because of a rule; said once per identifier while the rule stands."""

    jail: str
    id: str
    rule: str


@dataclass(frozen=True, slots=True)
class Resolve:
    """Find the addresses of a name, away from the loop; the answer comes as `Resolved`."""

    name: str


@dataclass(frozen=True, slots=True)
class Beaten:
    """Write to the ledger that this sign of life has come so far."""

    number: int


Command = (
    StartBan
    | ChangeBan
    | RedateBan
    | RetryBan
    | EndBan
    | Forgive
    | NotBegun
    | AlreadyBanned
    | FoundBad
    | Withheld
    | AskIgnore
    | Ignored
    | Resolve
    | Beaten
)
