"""`python -m bench.idle`, in small: an idle daemon costs next to nothing."""

from __future__ import annotations

import pytest
from bench.idle import HEAD, measure

pytestmark = pytest.mark.real


def test_an_idle_daemon_rests(has_namespaces: None) -> None:
    """With a handful of logs and nothing written to them the daemon sleeps nearly all the time: no busy loop, no short
    poll. The bounds leave room for a busy machine; the real figures are in docs/benchmarks.md."""
    rows = [dict(zip(HEAD, row, strict=True)) for row in measure(5, 3.0)]
    assert [row["process"] for row in rows] == ["daemon", "enforcer"]
    for row in rows:
        assert float(row["wake-ups/s"]) < 5
        assert float(row["CPU %"]) < 10
        assert float(row["resident MiB"]) < 100
