"""From the write of the deciding log line to the dropped packet."""

from __future__ import annotations

import os
import statistics
from pathlib import Path

import pytest

from tests.real.latency import measure
from tests.real.machines import Daemon, jail_local
from tests.real.namespaces import Pair

pytestmark = [pytest.mark.real]


def test_every_ban_takes_effect(netns: Pair, place: Path) -> None:
    """Each of several attackers is shut out by its own deciding line, one after the other."""
    assert len(_measured(netns, place, 10)) == 10


@pytest.mark.soak
def test_line_to_drop(netns: Pair, place: Path, request: pytest.FixtureRequest) -> None:
    """200 bans, one after the other: p50 at most 2 ms, p99 at most 10 ms. Timed, so only in `make soak`."""
    if not os.environ.get("STOCKADE_SOAK"):
        pytest.skip("timed: run `make soak`")
    seconds = _measured(netns, place, 200)
    cuts = statistics.quantiles(seconds, n=100)
    print(
        f"\nline to drop, {len(seconds)} bans: p50 {cuts[49] * 1e3:.2f} ms, p90 {cuts[89] * 1e3:.2f} ms, "
        f"p99 {cuts[98] * 1e3:.2f} ms, max {max(seconds) * 1e3:.2f} ms"
    )
    assert cuts[49] <= 0.002
    assert cuts[98] <= 0.010


def _measured(pair: Pair, place: Path, count: int) -> list[float]:
    log = place / "auth.log"
    log.touch(mode=0o644)
    with Daemon(place / "s", pair.server, jail_local=jail_local(log, ["maxretry = 3"])) as daemon:
        return measure(pair, daemon, log, count)
