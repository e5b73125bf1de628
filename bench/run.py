"""`make bench`: Stockade and fail2ban's own engine on the same lines in the same run.

In: the command line. Out: a table, and the same figures with machine, commit, versions and input hashes in
`build/bench/latest.json`. Every measurement is a process of its own; those of one row take turns, so that a busy
moment of the machine hits all of them. Must not touch the firewall.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.agree import Agreement, compared
from bench.corpus import HOME, Corpus, corpus
from bench.works import ROOT, WORKS, Work

SYSTEM_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured: rounds, and how many first lines fail2ban reads."""

    rounds: int
    peer_lines: int


@dataclass(slots=True)
class Row:
    """What was measured for one work; each figure is the median of the rounds."""

    name: str
    lines: int
    sha256: str
    stockade: dict[str, float] = field(default_factory=dict)
    peer: dict[str, float] = field(default_factory=dict)
    peer_lines: int = 0
    agreements: list[Agreement] = field(default_factory=list)
    skipped: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times fail2ban's time per line is ours."""
        return self.peer["ns_per_line"] / self.stockade["ns_per_line"] if self.peer else None


def measure(command: list[str]) -> dict[str, Any]:
    """Runs one measuring process with the time as its last argument and reads its JSON."""
    environment = {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, repr(time.monotonic())], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure_row(work: Work, log: Corpus, tree: Path, options: Options, console: Console) -> Row:
    """Measures one row, ours and theirs in turn, after making sure that both do the same work."""
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    items = ",".join(work.filters)
    count = min(options.peer_lines, log.lines)
    first = [str(log.path), str(count), str(log.lines)]
    stock = [str(tree) if work.is_stock else "", items]
    row = Row(work.name, log.lines, log.sha256)
    who = _peer([*first, *stock, "who"])
    row.skipped = str(who.get("skipped", ""))
    if not row.skipped:
        row.agreements = compared(measure([sys.executable, "-m", "bench.agree", *first, str(tree), items]), who)
        insist(work, row.agreements)
    for number in range(options.rounds):
        console.print(f"[dim]· {work.name}: round {number + 1} of {options.rounds}[/]")
        ours.append(measure([sys.executable, "-m", "bench.measure", str(log.path), str(log.lines), str(tree), items]))
        if not row.skipped:
            theirs.append(_peer([*first, *stock, "time"]))
    row.stockade = _medians(ours)
    row.peer = _medians(theirs)
    row.peer_lines = int(row.peer.get("lines", 0))
    return row


def insist(work: Work, agreements: list[Agreement]) -> None:
    """A comparison of speed means nothing where the results differ: ends the run, unless a reason is known."""
    for each in agreements:
        if each.differs_at and each.jail not in work.differences:
            raise SystemExit(
                f"{work.name}: jail {each.jail} counts {each.ours} failures, fail2ban {each.theirs}; "
                f"they differ about {each.differs_at}"
            )


def _peer(arguments: list[str]) -> dict[str, Any]:
    if not Path(SYSTEM_PYTHON).exists():
        return {"skipped": f"{SYSTEM_PYTHON} is missing"}
    return measure([SYSTEM_PYTHON, str(ROOT / "bench" / "peer.py"), *arguments])


def _medians(results: list[dict[str, Any]]) -> dict[str, float]:
    names = [name for name, value in results[0].items() if isinstance(value, int | float)] if results else []
    return {name: median(result[name] for result in results) for name in names}


def circumstances() -> dict[str, str]:
    """Says where and with what the figures were made."""
    cpu = next((line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")), "")
    version = _peer_version()
    git = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": cpu.partition(":")[2].strip() or platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip(),
        "fail2ban": version or "not installed",
    }


def _peer_version() -> str:
    packages = ROOT / "build/peers/fail2ban/usr/lib/python3/dist-packages"
    where = packages if packages.is_dir() else Path("/usr/lib/python3/dist-packages")
    program = f"import sys; sys.path.append({str(where)!r}); from fail2ban.version import version; print(version)"
    done = subprocess.run([SYSTEM_PYTHON, "-c", program], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


SPEED = ("log", "lines", "ns/line", "fail2ban's", "times faster", "failures", "bans")
COST = ("log", "start-up ms", "fail2ban's", "idle MiB", "peak MiB", "fail2ban's")


def speed(row: Row) -> list[str]:
    """The row's throughput as text, in the order of SPEED."""
    ours, theirs = row.stockade, row.peer
    other = [f"{theirs['ns_per_line']:,.0f}", f"{row.ratio or 0:,.0f}"] if theirs else ["skipped", "-"]
    counts = [f"{ours['failures']:,.0f}", f"{ours['bans']:,.0f}"]
    return [row.name, f"{row.lines:,}", f"{ours['ns_per_line']:,.0f}", *other, *counts]


def cost(row: Row) -> list[str]:
    """The row's start-up and memory as text, in the order of COST."""
    ours, theirs = row.stockade, row.peer
    start, peak = (f"{theirs['startup_ms']:,.0f}", f"{theirs['peak_mib']:,.1f}") if theirs else ("-", "-")
    return [row.name, f"{ours['startup_ms']:,.0f}", start, f"{ours['idle_mib']:,.1f}", f"{ours['peak_mib']:,.1f}", peak]


def remarks(rows: list[Row], facts: dict[str, str]) -> list[str]:
    """What has to be known to read the tables."""
    lines = [f"{name}: {value}" for name, value in facts.items()]
    lines += [f"{row.name}: input SHA-256 {row.sha256}" for row in rows]
    for row in rows:
        if row.peer:
            lines.append(
                f"{row.name}: fail2ban read the first {row.peer_lines:,} lines; who failed there: {_said(row)}"
            )
        if row.skipped:
            lines.append(f"{row.name}: fail2ban skipped: {row.skipped}")
    return lines


def _said(row: Row) -> str:
    """The jails that found something, and whether both sides agree."""
    active = [each for each in row.agreements if each.ours or each.theirs]
    found = ", ".join(f"{each.jail} {each.ours:,} by {each.identifiers:,}" for each in active)
    disputed = [each.jail for each in active if each.differs_at]
    return f"{found or 'nobody'} ({'the same on both sides' if not disputed else 'differing: ' + ', '.join(disputed)})"


def show(rows: list[Row], facts: dict[str, str], console: Console) -> None:
    """Prints the tables."""
    for title, head, cells in (
        ("Bytes to bans decided, one thread", SPEED, speed),
        ("Start-up and memory", COST, cost),
    ):
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for number, name in enumerate(head):
            table.add_column(name, justify="right" if number else "left")
        for row in rows:
            table.add_row(*cells(row))
        console.print(table)
    for line in remarks(rows, facts):
        console.print(line, style="dim", soft_wrap=True)


def markdown(rows: list[Row], facts: dict[str, str]) -> str:
    """The tables for docs/benchmarks.md."""
    lines: list[str] = []
    for head, cells in ((SPEED, speed), (COST, cost)):
        lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        lines += [f"| {' | '.join(cells(row))} |" for row in rows] + [""]
    return "\n".join([*lines, *(f"* {line}" for line in remarks(rows, facts))])


def main() -> None:
    """Measures every row, prints the table and keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.run", description="Measures Stockade beside fail2ban's own engine.")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of each log (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; medians are shown (default 5)")
    parser.add_argument("--peer-lines", type=int, default=30_000, help="fail2ban reads so many first lines (30,000)")
    parser.add_argument("--only", choices=sorted({work.kind for work in WORKS}), help="one row only")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/benchmarks.md as well")
    options = parser.parse_args()
    console = Console()
    facts = circumstances()
    rows = []
    for work in (work for work in WORKS if options.only in (None, work.kind)):
        tree = work.tree()
        if tree is None:
            console.print(f"· {work.name}: skipped, fail2ban's stock filters are not here", style="dim")
            continue
        console.print(f"[dim]· {work.name}: {options.lines:,} lines[/]")
        log = corpus(work.kind, options.lines)
        rows.append(measure_row(work, log, tree, Options(options.rounds, options.peer_lines), console))
    show(rows, facts, console)
    kept = {"circumstances": facts, "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]}
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "latest.json").write_text(json.dumps(kept, indent=1) + "\n")
    console.print(f"kept in {(HOME / 'latest.json').relative_to(ROOT)}", style="dim")
    if options.markdown:
        print(markdown(rows, facts))
    for part in ("bench.hostile", "bench.journal"):
        if importlib.util.find_spec(part):
            subprocess.run([sys.executable, "-m", part], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
