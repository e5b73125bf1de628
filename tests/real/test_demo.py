"""`make demo` keeps its promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.machines import missing_ssh

pytestmark = pytest.mark.real


def test_the_demo_tells_its_whole_story(has_namespaces: None) -> None:
    """Every claim that the demo makes comes true, and it ends with status 0."""
    if missing_ssh():
        pytest.skip(missing_ssh())
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo"], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✔ ") >= 4
    assert "NOT SO" not in done.stdout
