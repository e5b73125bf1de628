"""The benchmark's measuring processes: they run, and both sides count the same work."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from bench.agree import compared
from bench.run import insist
from bench.works import WORKS, Work

ROOT = Path(__file__).resolve().parents[2]
LINES = 6000
PEER_LINES = 2000
PEER_PYTHON = "/usr/bin/python3"
HAS_PEER = (
    Path("/usr/lib/python3/dist-packages/fail2ban").is_dir() and Path("/etc/fail2ban/filter.d/sshd.conf").exists()
)


def result(*command: str) -> dict[str, Any]:
    """What a measuring process says; the time it was asked for is its last argument."""
    done = subprocess.run(
        [*command, repr(time.monotonic())], cwd=ROOT, env={"TZ": "UTC"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module", params=WORKS, ids=lambda work: work.name)
def work(request: pytest.FixtureRequest) -> Work:
    """A row of the table."""
    found: Work = request.param
    return found


@pytest.fixture(scope="module")
def tree(work: Work) -> str:
    """The configuration of our side."""
    found = work.tree()
    if found is None:
        pytest.skip("fail2ban's stock filters are not here")
    return str(found)


@pytest.fixture(scope="module")
def log(work: Work, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A short corpus."""
    path: Path = tmp_path_factory.mktemp("bench") / f"{work.kind}.log"
    generate = [sys.executable, "bench/generate.py", work.kind, "--lines", str(LINES), "--output", str(path)]
    subprocess.run(generate, cwd=ROOT, check=True, capture_output=True)
    return str(path)


def test_stockade_is_measured(work: Work, tree: str, log: str) -> None:
    """One process gives cost, start-up, memory and what was decided."""
    said = result(sys.executable, "-m", "bench.measure", log, str(LINES), tree, ",".join(work.filters))
    assert said["failures"] > 0
    assert said["ns_per_line"] > 0
    assert said["startup_ms"] > 0
    assert said["peak_mib"] >= said["idle_mib"] > 0


@pytest.mark.skipif(not HAS_PEER, reason="fail2ban is not installed here")
def test_fail2ban_is_measured(work: Work, tree: str, log: str) -> None:
    """The other side gives the same figures, and says how many lines it read."""
    first, stock = [log, "200", str(LINES)], [tree if work.is_stock else "", ",".join(work.filters)]
    said = result(PEER_PYTHON, "bench/peer.py", *first, *stock, "time")
    assert said["lines"] == 200
    assert said["ns_per_line"] > 0


@pytest.mark.skipif(not HAS_PEER, reason="fail2ban is not installed here")
def test_both_sides_count_the_same_failures(work: Work, tree: str, log: str) -> None:
    """The same identifiers fail equally often in every jail: the comparison is of equal work, and users' limits keep
    their meaning."""
    items = ",".join(work.filters)
    first = [log, str(PEER_LINES), str(LINES)]
    ours = result(sys.executable, "-m", "bench.agree", *first, tree, items)
    theirs = result(PEER_PYTHON, "bench/peer.py", *first, tree if work.is_stock else "", items, "who")
    agreements = compared(ours, theirs)
    insist(work, agreements)
    assert [each.jail for each in agreements] == list(work.filters)
    assert sum(each.ours for each in agreements) > 0


def test_a_difference_ends_the_run() -> None:
    """Figures for unequal work are not published, unless the reason for the difference is known."""
    ours, theirs = {"a": {"192.0.2.1": 2}, "b": {}}, {"a": {"192.0.2.1": 2}, "b": {"192.0.2.9": 1}}
    agreements = compared(ours, theirs)
    assert [(each.jail, each.ours, each.theirs, each.differs_at) for each in agreements] == [
        ("a", 2, 2, ""),
        ("b", 0, 1, "192.0.2.9"),
    ]
    with pytest.raises(SystemExit, match=r"jail b counts 0 failures, fail2ban 1; they differ about 192\.0\.2\.9"):
        insist(Work("row", "nginx", ("a", "b")), agreements)
    insist(Work("row", "nginx", ("a", "b"), differences={"b": "a reason"}), agreements)
