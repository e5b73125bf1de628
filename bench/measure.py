"""One measurement of Stockade in a process of its own: bytes in, bans decided.

In (arguments): a log, its number of lines, a filter, and the monotonic clock when the process was asked for. Out: one
JSON object on standard output. Runs the daemon's own path, `Intake` → `Core`, on one thread, in blocks as a live reader
would hand them over. Ledger and firewall have no part in it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def main() -> None:
    """Measures and prints."""
    path, lines, item, asked = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    from bench.stockade_path import Machinery  # noqa: PLC0415 - importing is part of the start-up that is measured

    machinery = Machinery(item)
    startup = time.monotonic() - asked
    from bench.corpus import blocks  # noqa: PLC0415 - belongs to the benchmark, not to the program

    cut = blocks(path, lines)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
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
                "idle_mib": before / 1024,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "failures": machinery.failures,
                "bans": machinery.bans,
            }
        )
    )


if __name__ == "__main__":
    main()
