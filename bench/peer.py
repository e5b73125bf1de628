"""One measurement of fail2ban's own engine, in a process of its own and under the system's Python.

In (arguments): a log, how many of its lines to read, how many it has, a filter's name. Out: one JSON object on standard
output. Reads the stock filter of /etc/fail2ban through fail2ban's FilterReader and gives every line to
Filter.processLineAndAdd, which is what its daemon does. Uses only the standard library and fail2ban's package,
installed or unpacked into build/peers/fail2ban (`make bench` does that).
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

UNPACKED = Path(__file__).parent.parent / "build" / "peers" / "fail2ban"
ROOT = UNPACKED if UNPACKED.is_dir() else Path("/")
ASKED = float(sys.argv[5])
SPAN, END = 21600, 1795302000


class Jail:
    """The part of fail2ban's jail that its filter talks to."""

    name = "bench"
    database = None
    idle = False

    def __init__(self) -> None:
        self.bans = 0

    def putFailTicket(self, ticket: object) -> None:  # noqa: N802 - fail2ban's name
        """Counts a ban decision."""
        self.bans += 1


def engine(name: str) -> tuple[Any, Jail]:
    """Builds fail2ban's filter as its configuration says, with the limits of our jail."""
    stock = str(ROOT / "etc/fail2ban")
    reader = import_module("fail2ban.client.filterreader").FilterReader(name, "bench", {}, basedir=stock)
    reader.read()
    reader.getOptions({})
    jail = Jail()
    made = import_module("fail2ban.server.filter").Filter(jail)
    made.setUseDns("no")
    made.setMaxRetry(5)
    made.setFindTime("10m")
    setters = {
        "prefregex": lambda v: setattr(made, "prefRegex", v),
        "maxlines": lambda v: made.setMaxLines(int(v)),
        "datepattern": made.setDatePattern,
        "addfailregex": made.addFailRegex,
        "addignoreregex": made.addIgnoreRegex,
    }
    for command in reader.convert():
        values = command[3] if command[0] == "multi-set" else [command[3]]
        for value in values:
            if command[2] in setters:
                setters[command[2]](value)
    return made, jail


def main() -> None:
    """Measures and prints; a missing fail2ban is said in the field `skipped`."""
    path, count, lines, name = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    logging.disable(logging.CRITICAL)
    sys.path.append(str(ROOT / "usr/lib/python3/dist-packages"))
    try:
        clock = import_module("fail2ban.server.mytime").MyTime
        version = import_module("fail2ban.version").version
        made, jail = engine(name)
    except Exception as error:
        print(json.dumps({"skipped": f"{type(error).__name__}: {error}"}))
        return
    startup = time.monotonic() - ASKED
    with open(path, encoding="utf-8") as log:
        texts = [text.rstrip("\n") for _, text in zip(range(count), log, strict=False)]
    start = time.process_time()
    for number, text in enumerate(texts):
        if number % 100 == 0:
            clock.setTime(END - SPAN + SPAN * (number + 99) // lines)
        made.processLineAndAdd(text)
    seconds = time.process_time() - start
    print(
        json.dumps(
            {
                "ns_per_line": seconds / len(texts) * 1e9,
                "startup_ms": startup * 1e3,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "failures": made.failManager.getFailTotal(),
                "bans": jail.bans,
                "lines": len(texts),
                "version": version,
            }
        )
    )


if __name__ == "__main__":
    main()
