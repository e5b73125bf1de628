"""A program of its own: commits in child processes, kills them at random moments, and says what was found each time.

Run as `python -m tests.faults.ledger_killed DIRECTORY ROUNDS SEED`; prints one JSON object. Single-threaded, so that
forking is safe, and without a fresh interpreter per round, so that many rounds are quick.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
from dataclasses import replace
from pathlib import Path

from stockade.ledger import Ledger
from stockade.model.ban import BanState
from stockade.model.clock import Wall
from stockade.model.record import BanEnd, Record, WindowState
from tests.ledger_help import NOW, ban, progress, window


def record(n: int) -> Record:
    """The n-th record: every part of it says n; the ban of record n - 3 ends."""
    ends = (BanEnd("sshd", f"ban-{n - 3}", Wall(NOW + n), BanState.LIFTED),) if n >= 3 else ()
    windows = (window(f"w-{n % 7}", times=(float(n),)), WindowState("sshd", f"w-{(n + 1) % 7}"))
    return Record((replace(ban(f"ban-{n}"), count=n),), ends, windows, (progress(n),), {"n": n})


def commit_for_ever(path: Path, out: int) -> None:
    """Commits record after record, going on where the ledger stands; acknowledges each by its number."""
    ledger = Ledger.open(path, now=NOW)
    n = ledger.counters().get("n", -1)
    while True:
        n += 1
        ledger.commit(record(n))
        os.write(out, n.to_bytes(4, "big"))
        if n % 16 == 0:
            ledger.checkpoint()


def run_and_kill(path: Path, chance: random.Random) -> int:
    """Lets a child commit and kills it: after some acknowledgements and a moment more. Returns the last one, or -1."""
    incoming, outgoing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(incoming)
        commit_for_ever(path, outgoing)
    os.close(outgoing)
    try:
        received = os.read(incoming, 4 * chance.randrange(1, 30)) if chance.random() < 0.9 else b""
        select.select([], [], [], chance.random() * 0.004)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    while more := os.read(incoming, 65536):
        received += more
    os.close(incoming)
    return int.from_bytes(received[-4:], "big") if received else -1


def faults_of(path: Path, acknowledged: int) -> list[str]:
    """Opens the ledger as the next daemon would and compares it with what was acknowledged and with itself."""
    ledger = Ledger.open(path, now=NOW)
    n = ledger.counters().get("n", -1)
    standing = {one.id: one.count for one in ledger.active_bans(NOW)}
    times = {one.id: one.times for one in ledger.windows()}
    positions = [one.cursor.position for one in ledger.progress()]
    found = list(ledger.notices)
    if n < acknowledged:
        found.append(f"record {acknowledged} was acknowledged, {n} is the last one there")
    if standing != {f"ban-{k}": k for k in range(max(0, n - 2), n + 1)}:
        found.append(f"after record {n} these bans stand: {standing}")
    if times != {f"w-{k % 7}": (float(k),) for k in range(max(0, n - 5), n + 1)}:
        found.append(f"after record {n} these windows are open: {times}")
    if positions != ([n] if n >= 0 else []):
        found.append(f"after record {n} the position is {positions}")
    ledger.close()
    return found


def main() -> None:
    """Runs the rounds and prints what came of them."""
    directory, rounds, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    path = directory / "ledger.sqlite3"
    faults: list[str] = []
    last = -1
    for _ in range(rounds):
        last = max(last, run_and_kill(path, chance))
        faults += faults_of(path, last)
    sys.stdout.write(json.dumps({"rounds": rounds, "acknowledged": last + 1, "faults": faults}))


if __name__ == "__main__":
    main()
