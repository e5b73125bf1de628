"""`python -m bench.idle`: what the daemon costs while nothing happens, with one log file and with ten thousand.

In: the command line. Out: a table, for the daemon and its enforcer: per cent of one CPU, resident memory, wake-ups a
second, and how long it took to come to rest. Runs the real daemon in a network namespace of its own; needs root.
"""

from __future__ import annotations

import argparse
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from stockade.control.client import Client
from stockade.daemon.options import Options
from stockade.errors import StockadeError

LINE = "2026-01-05T01:00:00+00:00 srv sshd[1]: Failed password for root from 192.0.2.1 port 1 ssh2\n"
REST_SHARE = 0.05
"""The daemon has come to rest when it used no more of a CPU than this for two seconds."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used since its start: CPU seconds and voluntary context switches; and its memory in MiB."""

    seconds: float
    switches: int
    resident: float

    @classmethod
    def of(cls, pid: int) -> Use:
        """Reads /proc (schedstat and status of every thread; proc(5))."""
        nanoseconds = switches = 0
        for task in Path(f"/proc/{pid}/task").iterdir():
            nanoseconds += int((task / "schedstat").read_text().split()[0])
            switches += int(_field(task / "status", "voluntary_ctxt_switches"))
        resident = int(_field(Path(f"/proc/{pid}/status"), "VmRSS").split()[0])
        return cls(nanoseconds / 1e9, switches, resident / 1024)


def _field(path: Path, name: str) -> str:
    return next(line.split(":", 1)[1] for line in path.read_text().splitlines() if line.startswith(name + ":"))


def pause(seconds: float) -> None:
    """Lets time pass."""
    select.select([], [], [], seconds)


@contextmanager
def daemon(place: Path, files: int) -> Iterator[tuple[int, Path]]:
    """The daemon with so many logs of one line each, in a namespace; gives its process and its socket."""
    logs, etc = place / "logs", place / "etc"
    for directory in (logs, etc):
        directory.mkdir()
    for number in range(files):
        (logs / f"{number:05d}.log").write_text(LINE)
    jail = f"[sshd]\nenabled = true\nbackend = auto\nlogpath = {logs}/*.log\n"
    (etc / "jail.local").write_text(jail)
    control = place / "run" / "control.sock"
    options = Options(config=str(etc), state=str(place / "state"), socket=str(control), bans_at_exit="remove")
    argv = ["unshare", "--net", sys.executable, "-P", "-m", "stockade.daemon", options.to_json()]
    with (place / "log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            wait_answer(process, control)
            yield process.pid, control
        except StockadeError as error:
            raise SystemExit(f"{error}\n{(place / 'log').read_text()}") from None
        finally:
            process.terminate()


def wait_answer(process: subprocess.Popen[bytes], control: Path) -> None:
    """Waits for the first answer; ends with the daemon's log when it ends instead."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit("the daemon ended; as root, in a namespace, it should not have")
        try:
            with Client(control, timeout=60) as client:
                client.call("ping")
                return
        except StockadeError:
            pause(0.05)
    raise SystemExit("the daemon does not answer")


def wait_rest(pid: int) -> None:
    """Waits until the daemon does next to nothing."""
    while True:
        before = Use.of(pid)
        pause(2.0)
        if Use.of(pid).seconds - before.seconds < 2.0 * REST_SHARE:
            return


def enforcer_of(pid: int) -> int:
    """The daemon's other process."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def measure(files: int, seconds: float) -> list[list[str]]:
    """The rows for one number of files."""
    # Every directory on the way to a log is watched: in /tmp the files of others would wake the daemon.
    with tempfile.TemporaryDirectory(prefix="stockade-", dir="/var/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        begin = time.monotonic()
        with daemon(place, files) as (pid, _):
            wait_rest(pid)
            rested = time.monotonic() - begin - 2.0
            processes = {"daemon": pid, "enforcer": enforcer_of(pid)}
            before = {who: Use.of(number) for who, number in processes.items()}
            pause(seconds)
            after = {who: Use.of(number) for who, number in processes.items()}
    return [_row(files, who, before[who], after[who], seconds, rested) for who in processes]


def _row(files: int, who: str, before: Use, after: Use, seconds: float, rested: float) -> list[str]:
    share = (after.seconds - before.seconds) / seconds * 100
    wakes = (after.switches - before.switches) / seconds
    return [f"{files:,}", who, f"{share:.2f}", f"{after.resident:.1f}", f"{wakes:.2f}", f"{rested:.1f}"]


HEAD = ("files", "process", "CPU %", "resident MiB", "wake-ups/s", "at rest after s")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="bench.idle", description="Measures what the daemon costs while idle.")
    parser.add_argument("--files", type=int, nargs="+", default=[1, 10_000], help="numbers of log files (1 10000)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each is measured (60)")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/benchmarks.md as well")
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("run it as root: it makes a network namespace of its own")
    rows = [row for files in options.files for row in measure(files, options.seconds)]
    table = Table(title="Idle", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(HEAD):
        table.add_column(name, justify="left" if number == 1 else "right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if options.markdown:
        print("\n".join([f"| {' | '.join(cells)} |" for cells in (HEAD, ["---"] * len(HEAD), *rows)]))


if __name__ == "__main__":
    main()
