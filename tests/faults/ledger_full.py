"""A program of its own: fills a ledger until the host refuses, makes room, goes on, and says what it found.

Run as `python -m tests.faults.ledger_full DIRECTORY tmpfs|limit`. `tmpfs` mounts a tiny file system on DIRECTORY, so it
wants a mount namespace of its own; `limit` bounds the size of every file instead and needs no rights.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from stockade.errors import LedgerError
from stockade.ledger import Ledger
from stockade.model.record import Record
from tests.ledger_help import NOW, ban, open_at, progress

LINES = ("x" * 8000,) * 4


def fill(ledger: Ledger, start: int) -> tuple[int, str]:
    """Commits until it is refused; returns how many records are in and what was said."""
    n = start
    while True:
        try:
            ledger.commit(Record((replace(ban(f"ban-{n}"), matches=LINES),), (), (), (progress(n),), {"n": n}))
        except LedgerError as error:
            return n, str(error)
        n += 1


def agrees(ledger: Ledger, count: int) -> bool:
    """Tells whether exactly the first `count` records are there."""
    banned = [one.id for one in ledger.active_bans(NOW)]
    position = [one.cursor.position for one in ledger.progress()]
    return banned == [f"ban-{n}" for n in range(count)] and position == [count - 1]


def tiny(directory: Path) -> Callable[[], None]:
    """Mounts a file system of 3 MB with a ballast; returns what makes room."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(directory)]
    subprocess.run(mount, check=True, capture_output=True)
    ballast = directory / "ballast"
    ballast.write_bytes(b"\0" * (1 << 20))
    return ballast.unlink


def limited() -> Callable[[], None]:
    """Bounds files to 2 MB; returns what lifts the bound."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, resource.RLIM_INFINITY))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def main() -> None:
    """Fills, is refused twice, restarts while full, makes room, goes on."""
    directory = Path(sys.argv[1])
    make_room = tiny(directory) if sys.argv[2] == "tmpfs" else limited()
    ledger = open_at(directory)
    first, said = fill(ledger, 0)
    again, _ = fill(ledger, first)
    checks = {"whole when refused": agrees(ledger, again)}
    ledger.close()
    ledger = open_at(directory)
    checks["whole after a restart while full"] = agrees(ledger, again)
    make_room()
    ledger.commit(Record((replace(ban(f"ban-{again}"), matches=LINES),), (), (), (progress(again),), {"n": again}))
    checks["goes on when there is room"] = agrees(ledger, again + 1)
    ledger.close()
    ledger = open_at(directory)
    checks["whole at the end"] = agrees(ledger, again + 1) and ledger.notices == ()
    ledger.close()
    sys.stdout.write(json.dumps({"said": said, "records": again, "checks": checks}))


if __name__ == "__main__":
    main()
