"""Turn: one enforcer at a time for one ledger.

An enforcer outlives a daemon that was killed until it has done what it was asked for last. A new one that began at once
would share the table with it, and the old one could take away what the new one has just put there. So every enforcer
holds a lock for as long as it lives, and the next one waits for it. In: the state directory; out: a descriptor to hand
to `Enforcer.spawn`.
"""

from __future__ import annotations

import fcntl
import os
import select
from pathlib import Path
from typing import Final

from stockade.errors import HostError

NAME: Final = "enforcer.lock"

SECONDS: Final = 30.0
"""How long the last enforcer may take to end (a million blocks take ten seconds); then the start fails."""

_PAUSE_MILLISECONDS: Final = 2


def wait_for_turn(state: Path, seconds: float = SECONDS) -> int:
    """Takes the lock and gives its descriptor; whoever holds a copy of it holds the lock. Raises HostError."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(state / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise HostError(
            f"cannot use the state directory {state}: {error.strerror}", "make it writable, or choose another: --state"
        ) from error
    for _ in range(int(seconds * 1000 / _PAUSE_MILLISECONDS)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            select.select([], [], [], _PAUSE_MILLISECONDS / 1000)
        else:
            return lock
    os.close(lock)
    raise HostError(
        f"another enforcer is at work for {state}",
        "stop the other Stockade, or give this one a state directory of its own: --state",
    )
