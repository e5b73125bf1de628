"""One measurement of Stockade in a process of its own: bytes in, bans decided.

In (arguments): a log, its number of lines, a configuration tree, its filters (joined by commas), and the monotonic
clock when the process was asked for. Out: one JSON object on standard output. Runs the daemon's own path, `Intake` →
`Core`, on one thread, in blocks as a live reader would hand them over. Ledger and firewall have no part in it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def peak_mib() -> float:
    """The most memory that this program has had. Not `getrusage`, which counts what its parent had at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Measures and prints."""
    path, lines, tree, items = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4].split(",")
    asked = float(sys.argv[5])
    from bench.stockade_path import Machinery  # noqa: PLC0415 - importing is part of the start-up that is measured

    machinery = Machinery(items, tree)
    startup = time.monotonic() - asked
    from bench.corpus import blocks  # noqa: PLC0415 - belongs to the benchmark, not to the program

    cut = blocks(path, lines)
    before = peak_mib()
    with path.open("rb", buffering=0) as log:
        start = time.process_time()
        for size, now in cut:
            machinery.take(log.read(size), now)
        seconds = time.process_time() - start
    print(
        json.dumps(
            {
                "ns_per_line": seconds / lines * 1e9,
                "startup_ms": startup * 1e3,
                "idle_mib": before,
                "peak_mib": peak_mib(),
                "failures": machinery.failures,
                "bans": machinery.bans,
            }
        )
    )


if __name__ == "__main__":
    main()
