"""Measures the enforcer on this kernel, in a network namespace of its own: `unshare -n python bench/enforcer.py [N]`.

Prints one JSON object: microseconds for one request, milliseconds for 1000, seconds for N blocks (half IPv4 addresses,
half IPv6 /64), and the enforcer's memory. Refuses to run where there is a network.
"""

from __future__ import annotations

import json
import os
import select
import socket
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from stockade.enforce.client import Enforcer
from stockade.enforce.protocol import (
    AddBlocks,
    Failed,
    Flush,
    LiftBlocks,
    Reply,
    Request,
    Verify,
    ensure_requests,
)
from stockade.model.block import Block

DAY = 86400.0


def exchange(enforcer: Enforcer, requests: Sequence[Request]) -> tuple[float, list[Reply]]:
    """Sends everything, as fast as the socket takes it, and waits for every reply; gives the seconds."""
    begin = time.perf_counter()
    for request in requests:
        enforcer.send(request)
    replies: list[Reply] = []
    while len(replies) < len(requests):
        select.select([enforcer], [enforcer] if enforcer.wants_write() else [], [])
        replies += enforcer.receive()
    failures = [reply for reply in replies if isinstance(reply, Failed)]
    if failures:
        raise SystemExit(f"failed: {failures[0]}")
    return time.perf_counter() - begin, replies


def percentiles(enforcer: Enforcer, make: Callable[[int], Request], count: int = 1000) -> dict[str, float]:
    """Times single requests, one after the other; microseconds."""
    times = [exchange(enforcer, [make(number)])[0] * 1e6 for number in range(count)]
    cuts = statistics.quantiles(times, n=100)
    return {"p50": round(cuts[49]), "p99": round(cuts[98])}


def address(number: int) -> IPv4Network:
    return IPv4Network((0xC6120000 + number, 32))  # 198.18.0.0/15, set aside for measurements


def singles_and_batches(enforcer: Enforcer) -> dict[str, object]:
    """Measures one and 1000 at a time, beside whatever is blocked already."""
    thousand = [address(number) for number in range(5000, 6000)]
    found: dict[str, object] = {
        "block_us": percentiles(enforcer, lambda number: AddBlocks((Block("bench", address(number), DAY),))),
        "verify_us": percentiles(enforcer, lambda number: Verify((address(number),))),
        "lift_us": percentiles(enforcer, lambda number: LiftBlocks((("bench", address(number)),))),
    }
    for name, request in {
        "block_1000_ms": AddBlocks(tuple(Block("bench", one, DAY) for one in thousand)),
        "verify_1000_ms": Verify(tuple(thousand)),
        "lift_1000_ms": LiftBlocks(tuple(("bench", one) for one in thousand)),
    }.items():
        found[name] = round(exchange(enforcer, [request])[0] * 1e3, 1)
    return found


def memory(enforcer: Enforcer) -> dict[str, int]:
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{enforcer.pid}/status").read_text().splitlines())
    return {"now_kib": int(rows["VmRSS"].split()[0]), "peak_kib": int(rows["VmHWM"].split()[0])}


def main(count: int) -> None:
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        raise SystemExit("run it in a namespace of its own: unshare -n python bench/enforcer.py")
    begin = time.perf_counter()
    enforcer = Enforcer.spawn()
    result: dict[str, object] = {"kernel": os.uname().release}
    result["spawn_ms"] = round((time.perf_counter() - begin) * 1e3, 1)
    result["memory_empty"] = memory(enforcer)
    exchange(enforcer, ensure_requests([]))
    result["empty"] = singles_and_batches(enforcer)
    networks = [
        IPv4Network((0x0A000000 + number, 32)) if number % 2 else IPv6Network(((0x20010DB8 << 96) + (number << 64), 64))
        for number in range(count)
    ]
    made = time.monotonic()
    blocks = [Block("bench", network, DAY) for network in networks]
    result[f"ensure_{count}_s"] = round(exchange(enforcer, ensure_requests(blocks))[0], 2)
    result["memory_full"] = memory(enforcer)
    result["full"] = singles_and_batches(enforcer)
    enforcer.close()
    enforcer = Enforcer.spawn()
    left = [Block("bench", network, DAY - (time.monotonic() - made)) for network in networks]
    seconds, replies = exchange(enforcer, ensure_requests(left))
    result[f"adopt_{count}_s"], result["adopt_changes"] = round(seconds, 2), getattr(replies[-1], "changed", None)
    result["memory_adopted"] = memory(enforcer)
    result[f"flush_{count}_s"] = round(exchange(enforcer, [Flush()])[0], 2)
    enforcer.close(is_keep=False)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
