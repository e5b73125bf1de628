"""One measurement of fail2ban's systemd backend, in a process of its own and under the system's Python.

In (arguments): the directory of a journal, what to do. Out: one JSON object on standard output: CPU seconds, entries
and failures, or why it was skipped. Reads as its FilterSystemd does, by python3-systemd, and gives the lines to its
stock sshd filter. Uses only the standard library, fail2ban's package and python3-systemd.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    """Measures and prints."""
    directory, what = sys.argv[1:3]
    logging.disable(logging.CRITICAL)
    peer = import_module("bench.peer")
    sys.path.append(str(peer.ROOT / "usr/lib/python3/dist-packages"))
    try:
        clock = import_module("fail2ban.server.mytime").MyTime
        reader = import_module("fail2ban.server.filtersystemd").FilterSystemd(peer.Jail(), journalpath=directory)
        made, _ = peer.engine("sshd", str(peer.ROOT / "etc/fail2ban"))
    except Exception as error:
        print(json.dumps({"skipped": f"{type(error).__name__}: {error}"}))
        return
    reader.addJournalMatch(["_SYSTEMD_UNIT=ssh.service"])
    journal = vars(reader)["_FilterSystemd__journal"]
    journal.seek_head()
    start, entries = time.process_time(), 0
    while entry := journal.get_next():
        line, at = reader.formatJournalEntry(entry)
        if what == "read and filtered":
            if entries % peer.BLOCK_LINES == 0:
                clock.setTime(at)
            made.processLineAndAdd(line, at)
        entries += 1
    seconds = time.process_time() - start
    print(json.dumps({"seconds": seconds, "entries": entries, "failures": made.failManager.getFailTotal()}))


if __name__ == "__main__":
    main()
