"""The cyclic garbage collector, set for a long-running process whose objects mostly die by themselves."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 50_000, 20, 50
"""Allocations between collections of each generation. Cycles are rare here (tracebacks, mostly); with Python's defaults
every burst of failures walks through all modules again and again, about 5 % of the work."""


def settle_collector() -> None:
    """Takes what the start has made out of the collector's sight and lets it look less often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
