"""Hosts that refuse: full disks, read-only directories. Clear errors, nothing half, and it goes on when it can."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRIVATE_MOUNTS = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
NO_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
OPEN = """
import sys
from pathlib import Path
from stockade.errors import LedgerError
from tests.ledger_help import open_at
try:
    open_at(Path(sys.argv[1]))
except LedgerError as error:
    sys.stdout.write(str(error))
"""


def run(*command: str) -> str:
    """Runs a program from the root of the repository and returns what it prints."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def can(command: list[str]) -> bool:
    """Tells whether this host lets us run such a command."""
    return bool(shutil.which(command[0])) and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("kind", ["tmpfs", "limit"])
def test_a_full_disk_costs_nothing_that_was_committed(tmp_path: Path, kind: str) -> None:
    """Without room a record is refused whole with a remedy; everything before it stays through a restart on the full
    disk; and once there is room the same ledger takes records again."""
    if kind == "tmpfs" and not can([*PRIVATE_MOUNTS, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]):
        pytest.skip("this host gives no mount namespace")
    before = PRIVATE_MOUNTS if kind == "tmpfs" else []
    result = json.loads(run(*before, sys.executable, "-m", "tests.faults.ledger_full", str(tmp_path), kind))
    assert [name for name, is_true in result["checks"].items() if not is_true] == []
    assert result["records"] > 5
    assert "→" in result["said"]
    if kind == "tmpfs":
        assert "no room" in result["said"]


@pytest.mark.parametrize("exists", [False, True])
def test_a_read_only_directory_is_a_clear_error(tmp_path: Path, exists: bool) -> None:
    """Where the daemon may not write, opening says so and what to do, whether or not there is a ledger already."""
    if NO_RIGHTS and not can([*NO_RIGHTS, "true"]):
        pytest.skip("setpriv is not here")
    state = tmp_path / "state"
    state.mkdir()
    if exists:
        assert run(sys.executable, "-c", OPEN, str(state)) == ""
        for entry in state.iterdir():
            entry.chmod(0o400)
    state.chmod(0o500)
    said = run(*NO_RIGHTS, sys.executable, "-c", OPEN, str(state))
    state.chmod(0o700)
    assert said.startswith(f"ledger {state}/ledger.sqlite3: permission denied")
    assert "→ give the daemon's user the directory" in said
