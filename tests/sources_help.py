"""A reader of log files for tests: drives the source as the daemon does, and keeps what a restart needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stockade.model.chunk import Chunk
from stockade.model.clock import Monotonic
from stockade.model.cursor import Cursor
from stockade.model.settings import LogPath
from stockade.sources.files import LogFiles


class Reader:
    """Drives a source as the daemon does, and keeps what it needs to go on after a restart."""

    def __init__(self, *patterns: str | LogPath, cursors: dict[str, Cursor] | None = None, **options: object) -> None:
        paths = [p if isinstance(p, LogPath) else LogPath(str(p)) for p in patterns]
        self.now = Monotonic(1000.0)
        self.source = LogFiles(paths, cursors or {}, **options)  # type: ignore[arg-type]
        self.chunks: list[Chunk] = []
        self.pending: dict[str, bytes] = {}
        self.lines: dict[str, list[bytes]] = {}
        self.cursors = dict(cursors or {})

    def read(self) -> list[Chunk]:
        """Reads until nothing is left; returns the new chunks."""
        new: list[Chunk] = []
        while True:
            chunks = self.step()
            new += chunks
            if not chunks and (self.source.deadline(self.now) or self.now) > self.now:
                return new

    def step(self) -> list[Chunk]:
        """Calls `read` once."""
        chunks = [c for c in self.source.read(self.now) if isinstance(c, Chunk)]
        for chunk in chunks:
            self._take(chunk)
        return [c for c in chunks if c.data or c.is_end]

    def _take(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        *lines, rest = (self.pending.get(chunk.source, b"") + chunk.data).split(b"\n")
        if chunk.is_end and rest:
            lines, rest = [*lines, rest], b""
        self.lines.setdefault(chunk.source, []).extend(lines)
        self.pending[chunk.source] = rest
        position = chunk.position + len(chunk.data) - len(rest)
        self.cursors[chunk.source] = Cursor(chunk.source, chunk.identity, position, chunk.mark)

    def text(self, path: object) -> bytes:
        """Reads, and returns all lines of one file so far, joined by blanks."""
        self.read()
        return b" ".join(self.lines.get(f"file:{path}", []))

    def all_lines(self) -> list[bytes]:
        """All lines of all files so far."""
        return [line for lines in self.lines.values() for line in lines]

    def after(self, seconds: float) -> None:
        """Lets time pass."""
        self.now = Monotonic(self.now + seconds)
        self.read()

    def state(self, path: object) -> tuple[str, str]:
        """State and detail of one row of the status."""
        rows = [row for row in self.source.status() if row.source == f"file:{path}"]
        assert len(rows) == 1, rows
        return rows[0].state, rows[0].detail


def append(path: Path, data: bytes) -> None:
    """Writes as a log daemon does that opens its file anew each time."""
    with path.open("ab") as file:
        file.write(data)


@contextmanager
def closing() -> Iterator[type[Reader]]:
    """Gives the class of readers; those that were made are closed at the end, twice."""
    made: list[Reader] = []

    class Closing(Reader):
        def __init__(self, *patterns: str | LogPath, **options: object) -> None:
            super().__init__(*patterns, **options)  # type: ignore[arg-type]
            made.append(self)

    yield Closing
    for reader in made:
        reader.source.close()
        reader.source.close()
