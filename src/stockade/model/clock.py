"""Two kinds of time that do not mix: wall clock for log times and expiry, monotonic for waiting."""

from __future__ import annotations

from typing import NewType

Wall = NewType("Wall", float)
"""Seconds since 1970-01-01 00:00 UTC, leap seconds not counted."""

Monotonic = NewType("Monotonic", float)
"""Seconds of a clock that never steps; only differences mean anything."""

Seconds = float
"""A duration."""
