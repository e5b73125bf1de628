"""One measurement of fail2ban's own engine, in a process of its own and under the system's Python.

In (arguments): a log, how many of its lines to read, how many it has, a stock tree ("": the engine's own), its filters
(joined by commas), `time` or `who`, and the monotonic clock when the process was asked for. Out: one JSON object on
standard output: the cost, or who failed how often in each jail. Reads the filters through fail2ban's FilterReader and
gives every line to Filter.processLineAndAdd of each of them, which is what the jails of its daemon do. Uses only the
standard library and fail2ban's package, installed or unpacked into build/peers/fail2ban (`make bench` does that).
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

UNPACKED = Path(__file__).parent.parent / "build" / "peers" / "fail2ban"
ROOT = UNPACKED if UNPACKED.is_dir() else Path("/")
SPAN, END = 21600, 1795302000
BLOCK_LINES = 100
"""Lines between two settings of the clock."""


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


def engine(name: str, tree: str) -> tuple[Any, Jail]:
    """Builds fail2ban's filter as its configuration says, with the limits of our jail."""
    reader = import_module("fail2ban.client.filterreader").FilterReader(name, "bench", {}, basedir=tree)
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


def feed(engines: list[Any], texts: list[str], lines: int) -> None:
    """Gives every line to every filter, at the time when it was written."""
    clock = import_module("fail2ban.server.mytime").MyTime
    for number, text in enumerate(texts):
        if number % BLOCK_LINES == 0:
            clock.setTime(END - SPAN + SPAN * (number + BLOCK_LINES - 1) // lines)
        for each in engines:
            each.processLineAndAdd(text)


def count_failures(made: Any) -> Counter[str]:
    """Counts by identifier what a filter hands on from now on."""
    failed: Counter[str] = Counter()
    add = made.failManager.addFailure

    def counted(ticket: Any, *arguments: Any, **options: Any) -> Any:
        failed[str(ticket.getID())] += 1
        return add(ticket, *arguments, **options)

    made.failManager.addFailure = counted
    return failed


def peak_mib() -> float:
    """The most memory that this program has had, as `measure.py` has it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Measures and prints; a missing fail2ban is said in the field `skipped`."""
    path, count, lines, tree, items, what = sys.argv[1:7]
    logging.disable(logging.CRITICAL)
    sys.path.append(str(ROOT / "usr/lib/python3/dist-packages"))
    try:
        version = import_module("fail2ban.version").version
        names = items.split(",")
        engines = [engine(name, tree or str(ROOT / "etc/fail2ban")) for name in names]
    except Exception as error:
        print(json.dumps({"skipped": f"{type(error).__name__}: {error}"}))
        return
    startup = time.monotonic() - float(sys.argv[7])
    with open(path, encoding="utf-8") as log:
        texts = [text.rstrip("\n") for _, text in zip(range(int(count)), log, strict=False)]
    filters = [made for made, _ in engines]
    if what == "who":
        failed = {name: count_failures(made) for name, made in zip(names, filters, strict=True)}
        feed(filters, texts, int(lines))
        print(json.dumps(failed))
        return
    start = time.process_time()
    feed(filters, texts, int(lines))
    seconds = time.process_time() - start
    print(
        json.dumps(
            {
                "ns_per_line": seconds / len(texts) * 1e9,
                "startup_ms": startup * 1e3,
                "peak_mib": peak_mib(),
                "failures": sum(made.failManager.getFailTotal() for made in filters),
                "bans": sum(jail.bans for _, jail in engines),
                "lines": len(texts),
                "version": version,
            }
        )
    )


if __name__ == "__main__":
    main()
