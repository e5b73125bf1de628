"""Follows one container: its log file, through the reader of log files, or its entries in the journal.

In: a container, and the mark where the last run left it. Out: `Entries` named after the container, each line as the
container wrote it, with the engine's time. Must not block.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from stockade.model.chunk import Chunk, Entries, Source, SourceStatus
from stockade.model.clock import Monotonic, Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import JournalSettings, LogPath
from stockade.sources.containers.container import Container
from stockade.sources.containers.joining import Joiner, ReadPiece, cursor_of
from stockade.sources.containers.records import json_file_piece, k8s_file_piece
from stockade.sources.files import LogFiles
from stockade.sources.journal import Journal

_RECORDS: dict[str, ReadPiece] = {"docker": json_file_piece, "podman": k8s_file_piece}

OpenJournal = Callable[[JournalSettings, Wall, Cursor | None], Source]


class Follower(Protocol):
    """What the source of containers uses of either kind."""

    @property
    def source(self) -> Source:
        """What is read underneath, with its descriptor and deadline."""

    def read(self, now: Monotonic) -> list[Entries]:
        """Takes what is there without blocking."""

    def status(self) -> SourceStatus:
        """One row."""


def follow(engine: str, container: Container, name: str, since: Wall, mark: str) -> Follower:
    """Begins to follow a container, as the source `name`, after `mark` or at `since`; raises SourceError."""
    if container.log_path:
        return FileFollower(container.log_path, name, since, mark, _RECORDS[engine])
    return JournalFollower(container.id, name, since, mark)


class FileFollower:
    """A container whose engine writes a file, rotated or not."""

    def __init__(self, path: str, name: str, since: Wall, mark: str, read_piece: ReadPiece) -> None:
        self._name = name
        self._since = since
        self._read_piece = read_piece
        self._joiner = Joiner(name, read_piece)
        cursor = cursor_of(mark, path)
        self.source = LogFiles(
            [LogPath(glob.escape(path))], {cursor.source: cursor} if cursor else {}, is_old=self._is_old
        )

    def read(self, now: Monotonic) -> list[Entries]:
        """See `Follower`."""
        chunks = (item for item in self.source.read(now) if isinstance(item, Chunk))
        return [entries for chunk in chunks if (entries := self._joiner.entries(chunk)) is not None]

    def status(self) -> SourceStatus:
        """See `Follower`."""
        rows = self.source.status()
        row = rows[0] if rows else SourceStatus(self._name, "waiting")
        damaged = f"{self._joiner.damaged} records could not be read" if self._joiner.damaged else ""
        detail = "; ".join(filter(None, (row.detail, damaged)))
        return SourceStatus(self._name, row.state, detail, row.position, row.unread)

    def _is_old(self, paths: Sequence[LogPath], lines: bytes) -> bool | None:
        """Whether the first of these records is older than what counts; None when none of them has a time."""
        pieces = (self._read_piece(line) for line in lines.split(b"\n"))
        return next((piece.time < self._since for piece in pieces if piece is not None), None)


class JournalFollower:
    """A container whose engine writes to the journal, with the container's number in a field. Lines beyond 16 KiB stay
    in the pieces that the engine made of them."""

    def __init__(self, id_: str, name: str, since: Wall, mark: str, open_journal: OpenJournal = Journal) -> None:
        self._name = name
        settings = JournalSettings(matches=((f"CONTAINER_ID_FULL={id_}",),))
        self.source = open_journal(settings, since, Cursor(name, mark=mark) if mark else None)

    def read(self, now: Monotonic) -> list[Entries]:
        """See `Follower`."""
        return list(self._renamed(self.source.read(now)))

    def _renamed(self, items: Sequence[Chunk | Entries]) -> Iterator[Entries]:
        for item in items:
            if isinstance(item, Entries):
                entries = tuple((time, _message(line)) for time, line in item.entries)
                yield Entries(self._name, entries, item.mark, item.is_live)

    def status(self) -> SourceStatus:
        """See `Follower`."""
        row = self.source.status()[0]
        return SourceStatus(self._name, row.state, row.detail, row.position, row.unread)


def _message(line: bytes) -> bytes:
    """What the container wrote, of `host tag[pid]: message`."""
    head, colon, message = line.partition(b": ")
    return message if colon else head
