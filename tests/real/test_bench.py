"""The benchmark's measuring processes: they run, and both sides count the same work."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES = 6000
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


@pytest.fixture(scope="module", params=["attack", "quiet"])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short corpus."""
    path: Path = tmp_path_factory.mktemp("bench") / f"{request.param}.log"
    generate = [sys.executable, "bench/generate.py", request.param, "--lines", str(LINES), "--output", str(path)]
    subprocess.run(generate, cwd=ROOT, check=True, capture_output=True)
    return path


def test_stockade_is_measured(log: Path) -> None:
    """One process gives cost, start-up, memory and what was decided."""
    said = result(sys.executable, "-m", "bench.measure", str(log), str(LINES), "sshd")
    assert said["failures"] > 0
    assert said["ns_per_line"] > 0
    assert said["startup_ms"] > 0
    assert said["peak_mib"] >= said["idle_mib"] > 0


@pytest.mark.skipif(not HAS_PEER, reason="fail2ban is not installed here")
def test_our_sshd_filter_counts_what_fail2bans_counts(log: Path) -> None:
    """The same failures from the same lines: the comparison is of equal work, and users' limits keep their meaning."""
    ours = result(sys.executable, "-m", "bench.measure", str(log), str(LINES), "sshd")
    theirs = result(PEER_PYTHON, "bench/peer.py", str(log), str(LINES), str(LINES), "sshd")
    assert ours["failures"] == theirs["failures"]
