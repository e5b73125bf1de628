"""Resolving through the system's own resolver and a real name server, in namespaces of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="wants root and namespaces")
def test_a_real_name_server_is_asked_and_a_silent_one_does_not_hold_us_up(tmp_path: Path) -> None:
    """A and AAAA records arrive, a reply too long for one packet is cut to the bound, absence is an answer, and closing
    does not wait for look-ups that hang."""
    command = ["unshare", "--mount", "--net", sys.executable, "-m", "tests.real.name_server", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    answers = result["answers"]
    assert answers["host.example"] == [["192.0.2.7", "2001:db8::7"], ""]
    assert len(answers["many.example"][0]) == 64
    assert answers["none.example"][0] == []
    assert answers["none.example"][1]
    assert result["closing"] < 1
