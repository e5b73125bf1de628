"""`python -m bench.journal`: what an entry of the systemd journal costs, beside fail2ban and `journalctl -o json`.

In: the command line. Out: a table, CPU time per entry (the median of the rounds) and entries per second of one core.
The corpus `attack` is written as a journal by systemd-journal-remote, with the fields that journald gives to sshd's
entries. Every measurement is a process of its own; those of a round take turns. Skipped where no journal can be made.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC
from pathlib import Path
from statistics import median

from bench.corpus import HOME, corpus, moment

ROOT = Path(__file__).resolve().parent.parent
REMOTE = "/lib/systemd/systemd-journal-remote"
PEER = ("/usr/bin/python3", str(ROOT / "bench/journal_peer.py"))
MATCHES = (("_SYSTEMD_UNIT=ssh.service",),)

FIELDS = {
    "_TRANSPORT": "syslog",
    "_BOOT_ID": "0123456789abcdef0123456789abcdef",
    "_MACHINE_ID": "0123456789abcdef0123456789abcdee",
    "_HOSTNAME": "srv1",
    "PRIORITY": "6",
    "SYSLOG_FACILITY": "4",
    "SYSLOG_IDENTIFIER": "sshd",
    "_UID": "0",
    "_GID": "0",
    "_COMM": "sshd",
    "_EXE": "/usr/sbin/sshd",
    "_CMDLINE": "sshd: unknown [priv]",
    "_CAP_EFFECTIVE": "1ffffffffff",
    "_SYSTEMD_CGROUP": "/system.slice/ssh.service",
    "_SYSTEMD_UNIT": "ssh.service",
    "_SYSTEMD_SLICE": "system.slice",
    "_SYSTEMD_INVOCATION_ID": "0123456789abcdef0123456789abcdea",
}
"""What journald writes beside the message; three more are each entry's own."""

READ, DECIDE = "read and made lines of", "read and filtered"
SIDES = {"stockade": "Stockade", "fail2ban": "fail2ban's systemd backend", "journalctl": "journalctl -o json"}


def make(entries: int) -> Path:
    """Gives the directory of the journal, writing it unless it is there."""
    directory = HOME / f"journal-{entries}"
    if directory.is_dir():
        return directory
    making = directory.with_suffix(".new")
    making.mkdir(parents=True, exist_ok=True)
    path = making / "bench.journal"
    path.unlink(missing_ok=True)
    log = corpus("attack", entries)
    with subprocess.Popen([REMOTE, "-o", str(path), "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
        assert writer.stdin is not None
        for number, line in enumerate(log.path.read_bytes().splitlines()):
            writer.stdin.write(_exported(line, moment(number, entries), number))
    if writer.returncode:
        raise SystemExit(f"{REMOTE} failed")
    making.rename(directory)
    return directory


def _exported(line: bytes, second: float, number: int) -> bytes:
    """A line of the corpus in the journal's export format."""
    name, _, message = line.partition(b"]: ")
    pid = name.rpartition(b"[")[2].decode()
    at = int(second * 1e6) + number % 1000
    own = {"_PID": pid, "SYSLOG_PID": pid, "_SOURCE_REALTIME_TIMESTAMP": at - 30}
    times = {"__REALTIME_TIMESTAMP": at, "__MONOTONIC_TIMESTAMP": number}
    text = "".join(f"{key}={value}\n" for key, value in {**times, **FIELDS, **own}.items())
    return text.encode() + b"MESSAGE=" + message + b"\n\n"


def measure_here(directory: Path, what: str) -> dict[str, float]:
    """Reads the journal with the daemon's own source, and with `DECIDE` gives it to the scanner of our sshd filter."""
    from stockade.config import SHIPPED, load_filter  # noqa: PLC0415 - not loaded by the other side
    from stockade.match.engine import FilterUse, open_scanner  # noqa: PLC0415
    from stockade.model.chunk import Entries  # noqa: PLC0415
    from stockade.model.clock import Monotonic, Wall  # noqa: PLC0415
    from stockade.model.settings import JournalSettings  # noqa: PLC0415
    from stockade.sources.journal import Journal  # noqa: PLC0415

    settings, _ = load_filter(SHIPPED, "sshd", is_journal=True)
    scanner = open_scanner([FilterUse(settings, 600.0)], now=Wall(moment(0, 1)), local_zone=UTC)
    journal = Journal(JournalSettings(matches=MATCHES, path=str(directory)), Wall(0.0))
    start, entries, failures = time.process_time(), 0, 0
    while items := journal.read(Monotonic(0.0)):
        for item in (item for item in items if isinstance(item, Entries)):
            entries += len(item.entries)
            if what == DECIDE:
                failures += len(scanner.feed_entries(item.entries, item.entries[-1][0], is_live=True).ids)
    return {"seconds": time.process_time() - start, "entries": entries, "failures": failures}


def measure_journalctl(directory: Path) -> dict[str, float]:
    """Has journalctl print all of it to nowhere."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["journalctl", "-D", str(directory), "-o", "json", "--no-pager", *MATCHES[0]]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def measure(side: str, directory: Path, what: str) -> dict[str, float] | None:
    """One measurement; None where there is no such side."""
    if side == "journalctl":
        return measure_journalctl(directory) if what == READ else None
    program = PEER if side == "fail2ban" else (sys.executable, "-m", "bench.journal", "--here")
    environment = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    command = [*program, str(directory), what]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    said: dict[str, float] = json.loads(done.stdout)
    return None if "skipped" in said else said


def table(directory: Path, entries: int, rounds: int) -> list[str]:
    """Measures, in turns, and gives the rows for docs/benchmarks.md. Ends the program when the sides found different
    things: then they have not done the same work."""
    kept: dict[tuple[str, str], list[dict[str, float]]] = {}
    for what in (READ, DECIDE) * rounds:
        for side in SIDES:
            if (result := measure(side, directory, what)) is not None:
                kept.setdefault((what, side), []).append(result)
    rows = ["| entries | by | µs/entry | entries/s of a core | times ours |", "|---|---|---|---|---|"]
    for (what, side), results in kept.items():
        cost = median(result["seconds"] for result in results)
        ratio = cost / median(result["seconds"] for result in kept[what, "stockade"])
        _check(results[0], kept[what, "stockade"][0], entries, side)
        rows.append(f"| {what} | {SIDES[side]} | {cost / entries * 1e6:.1f} | {entries / cost:,.0f} | {ratio:.1f} |")
    if (DECIDE, "fail2ban") not in kept:
        rows.append("\nfail2ban skipped: it or python3-systemd is not installed")
    return rows


def _check(result: dict[str, float], ours: dict[str, float], entries: int, side: str) -> None:
    for name, wanted in (("entries", entries), ("failures", ours["failures"])):
        if result.get(name, wanted) != wanted:
            raise SystemExit(f"{SIDES[side]}: {result[name]} {name}, not {wanted}")


def main() -> None:
    """Measures and prints; with `--here` one measurement of our side."""
    parser = argparse.ArgumentParser(prog="bench.journal", description="Measures reading of the systemd journal.")
    parser.add_argument("--entries", type=int, default=60_000, help="entries of the journal (60,000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; medians are shown (5)")
    parser.add_argument("--here", nargs=2, metavar=("DIRECTORY", "WHAT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure_here(Path(options.here[0]), options.here[1])))
    elif not os.access(REMOTE, os.X_OK):
        print("journal: skipped, systemd-journal-remote is not installed")
    else:
        print("\n".join(table(make(options.entries), options.entries, options.rounds)))


if __name__ == "__main__":
    main()
