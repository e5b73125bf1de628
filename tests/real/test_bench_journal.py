"""The benchmark of the journal: it runs, and ends when the sides did not find the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.journals import is_missing

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.real
@pytest.mark.skipif(bool(is_missing()), reason=is_missing() or "-")
def test_the_journal_is_measured() -> None:
    """Both of our rows are there, and journalctl's; fail2ban's, where it is installed, found as many failures."""
    command = [sys.executable, "-m", "bench.journal", "--entries", "600", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| Stockade |") == 2
    assert "journalctl -o json" in done.stdout
    assert "fail2ban" in done.stdout
