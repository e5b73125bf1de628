"""The requests the enforcer obeys and the replies it gives: the whole of what crosses the socket between the processes.

In and out: frozen values. Their bytes are `codec`'s business. No request carries text except jail names, and none can
name a file, a command or a rule. Adding a request here widens what a broken-into daemon can do: think first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from stockade.model.block import Block, JailCounter, Network

BATCH: Final = 1000
"""Items in one message; a longer message is refused and ends the enforcer. Split with `in_batches`."""

MESSAGE_BYTES: Final = 160 * 1024
"""Bytes of one message. 1000 items with the longest jail names and addresses fit, so an encoded message never exceeds
it; a longer one ends the enforcer. It fits into the socket buffer every kernel grants (net.core.wmem_max ≥ 208 KiB)."""

CAPACITY: Final = 1_048_576
"""Networks blocked at the same time. At the bound new blocks are refused with a `Failed` that names it; nothing that is
blocked is let go. The kernel's hash maps have no bound of their own and grow with use."""

JAILS: Final = 1000
"""Jails with a counter; blocks of further jails are refused with a `Failed`."""

LONGEST: Final = 3_155_760_000.0
"""Seconds (100 years). A longer timeout is permanent: the kernel's own limit is near 584 years."""

SHORTEST: Final = 0.001
"""Seconds. A shorter timeout is rounded up to the kernel's resolution."""


@dataclass(frozen=True, slots=True)
class Ensure:
    """Makes the table exist and hold exactly these blocks, adopting what the kernel already has, without a gap.

    More than `BATCH` blocks come as consecutive requests; the one with `is_last` carries it out, in one transaction.
    Any other request in between ends the enforcer. A part beyond `CAPACITY` fails by itself, the others stand.
    """

    blocks: tuple[Block, ...]
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class AddBlocks:
    """Blocks these networks, in one transaction. A block that stands gets the new timeout, shorter or longer."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class LiftBlocks:
    """Ends these jails' hold on these networks; one that no jail holds gets through. Missing ones are no error."""

    blocks: tuple[tuple[str, Network], ...]


@dataclass(frozen=True, slots=True)
class Flush:
    """Lifts every block of one jail; of all jails when `jail` is None."""

    jail: str | None = None


@dataclass(frozen=True, slots=True)
class ListBlocks:
    """Asks for up to `BATCH` blocks, from the `start`-th network on. Changes between pages may hide or repeat some."""

    start: int = 0


@dataclass(frozen=True, slots=True)
class Verify:
    """Reads networks back from the kernel, after checking that the rules which look them up are in place."""

    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class ReadCounters:
    """Asks for the packets and bytes every jail has dropped."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks whether the enforcer answers and the kernel holds the table."""


@dataclass(frozen=True, slots=True)
class Close:
    """Ends the enforcer; without `is_keep` the table goes, and with it every block."""

    is_keep: bool = True


Request = Ensure | AddBlocks | LiftBlocks | Flush | ListBlocks | Verify | ReadCounters | Probe | Close


@dataclass(frozen=True, slots=True)
class Done:
    """The request is carried out. `changed` counts kernel elements written or removed."""

    serial: int
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """What the kernel holds: indexes into the request's networks of those that are *not* blocked.

    `is_repaired` says that the rules were gone and have been put back, with every block, before reading.
    """

    serial: int
    missing: tuple[int, ...] = ()
    is_repaired: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """Blocks with the time that is left to each, and the `start` of the next page (None: that was the last)."""

    serial: int
    blocks: tuple[Block, ...]
    next_start: int | None


@dataclass(frozen=True, slots=True)
class Counted:
    """The counters of every jail that ever blocked since the table was made."""

    serial: int
    counters: tuple[JailCounter, ...]


@dataclass(frozen=True, slots=True)
class Probed:
    """How the enforcer is doing. `is_intact`: table, chain and rules are in the kernel as we made them."""

    serial: int
    backend: str
    is_intact: bool
    networks: int
    repairs: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """The request was not carried out; nothing of it took effect. `code` is that of the error class."""

    serial: int
    code: str
    message: str
    remedy: str = ""


Reply = Done | Verified | Listed | Counted | Probed | Failed

_T = TypeVar("_T")


def in_batches(items: Sequence[_T]) -> Iterator[tuple[_T, ...]]:
    """Splits a sequence into tuples that fit one request."""
    for start in range(0, len(items), BATCH):
        yield tuple(items[start : start + BATCH])


def ensure_requests(blocks: Sequence[Block]) -> list[Ensure]:
    """Makes the consecutive requests that ensure any number of blocks."""
    batches = list(in_batches(blocks)) or [()]
    return [Ensure(batch, is_last=index == len(batches) - 1) for index, batch in enumerate(batches)]
