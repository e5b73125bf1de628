"""kill -9 at any moment: everything acknowledged is there, and every record is there whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROUNDS = int(os.environ.get("STOCKADE_KILL_ROUNDS", "60"))
ROOT = Path(__file__).parents[2]


def test_nothing_acknowledged_is_lost_and_nothing_is_half(tmp_path: Path) -> None:
    """A process that commits in a loop is killed at random moments, again and again on the same ledger; after each
    time all acknowledged records are there, and all parts of the ledger agree on which record was the last."""
    command = [sys.executable, "-m", "tests.faults.ledger_killed", str(tmp_path), str(ROUNDS), "20260105"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60 + ROUNDS, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["faults"] == []
    assert result["acknowledged"] > ROUNDS
