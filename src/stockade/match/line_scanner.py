"""LineScanner: what the daemon, the tester and the tools use of a scanner, whatever reads the bytes of the log.

The native `Scanner` is one; `transcoding.Transcoder` is another, for encodings that the native one cannot search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from stockade._scanner import Batch


class LineScanner(Protocol):
    """See `_scanner.pyi` for what each member promises."""

    @property
    def pending(self) -> int:
        """Bytes of the unfinished last line, as they stand in the log."""

    def feed(self, data: bytes, now: float, *, is_live: bool = True) -> Batch:
        """Scans a chunk that may begin and end within a line."""

    def feed_entries(self, entries: Sequence[tuple[float, bytes]], now: float, *, is_live: bool = True) -> Batch:
        """Scans whole lines whose times are known."""

    def finish(self, now: float, *, is_live: bool = True) -> Batch:
        """Treats the unfinished last line as whole."""

    def statistics(self) -> dict[str, int]:
        """Counts since the start."""

    def dump(self) -> bytes:
        """State for the ledger."""

    def load(self, state: bytes) -> bool:
        """Takes up a dump; False for one that does not fit."""
