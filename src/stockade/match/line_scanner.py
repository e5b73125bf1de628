"""LineScanner: what the daemon, the tester and the tools use of a scanner, whatever reads the bytes of the log.

The native `Scanner` is one; `transcoding.Transcoder`, for encodings that the native one cannot search, and
`json_lines.JsonLines`, for logs of JSON objects, are others. What a scan gives is a `Batch`, native or not.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Protocol

from stockade._scanner import Failure, Note


class Odd(Protocol):
    """A line that hit a limit; see `_scanner.pyi`."""

    @property
    def filter(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def line(self) -> str: ...


class Verdict(Protocol):
    """What became of one line; see `_scanner.pyi`."""

    @property
    def n(self) -> int: ...
    @property
    def filter(self) -> int: ...
    @property
    def verdict(self) -> str: ...
    @property
    def rule(self) -> int | None: ...
    @property
    def time(self) -> float | None: ...
    @property
    def fields(self) -> dict[str, str]: ...
    @property
    def line(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def failures(self) -> Sequence[Failure]: ...


class Batch(Protocol):
    """The yield of one call; see `_scanner.pyi`."""

    def __len__(self) -> int: ...
    @property
    def ids(self) -> list[str]: ...
    @property
    def filters(self) -> list[int]: ...
    def others(self, known: Container[str], /) -> list[int]: ...
    def failure(self, index: int, /) -> Failure: ...
    @property
    def failures(self) -> list[Failure]: ...
    @property
    def odd(self) -> Sequence[Odd]: ...
    @property
    def notes(self) -> list[Note]: ...
    @property
    def verdicts(self) -> Sequence[Verdict]: ...


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
