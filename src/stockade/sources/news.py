"""Owns what log files have to tell beside their bytes: counts, sentences for the daemon's log, chunks without bytes.

In: what happened. Out: each of them once, when it is taken. Writes nothing; sentences are fail2ban's where it has some.
"""

from __future__ import annotations

from stockade.errors import SourceError
from stockade.model.chunk import Chunk
from stockade.model.saying import Level, Saying

MAX_SAYINGS = 100
"""Sentences kept until they are taken; those beyond are counted, and one sentence tells how many there were."""


class News:
    """What there is to tell; `counts` and `chunks` are added to by whoever knows."""

    def __init__(self) -> None:
        self.counts = {"opened": 0, "rotations": 0, "truncations": 0, "lost_bytes": 0, "overflows": 0}
        self.chunks: list[Chunk] = []
        self._sayings: list[Saying] = []
        self._unsaid = 0

    def take_chunks(self) -> list[Chunk]:
        """The chunks that set cursors of paths whose files are read under other names."""
        chunks, self.chunks = self.chunks, []
        return chunks

    def take_sayings(self) -> list[Saying]:
        """What should stand in the log since the last call."""
        sayings, self._sayings = self._sayings, []
        unsaid, self._unsaid = self._unsaid, 0
        more = [Saying(Level.NOTICE, f"{unsaid} further changes of log files were not said")] if unsaid else []
        return sayings + more

    def _say(self, level: Level, text: str) -> None:
        if len(self._sayings) < MAX_SAYINGS:
            self._sayings.append(Saying(level, text))
        else:
            self._unsaid += 1

    def failed(self, problem: SourceError) -> None:
        """A log cannot be read."""
        self._say(Level.ERROR, f"{problem.message} → {problem.remedy}")

    def healed(self, path: str) -> None:
        """What kept a log from being read is over."""
        self._say(Level.NOTICE, f"{path} can be read again")

    def rotated(self, path: str) -> None:
        """A log was read to its end and its successor begun."""
        self.counts["rotations"] += 1
        self._say(Level.INFO, f"Log rotation detected for {path}")

    def truncated(self, path: str, lost: int) -> None:
        """A log was emptied or rewritten in place."""
        self.counts["truncations"] += 1
        self.counts["lost_bytes"] += lost
        if lost:
            remedy = "let logrotate rename (create) instead of copytruncate"
            self._say(
                Level.WARNING, f"{path} was truncated before {lost} bytes could be read, they are lost → {remedy}"
            )
        else:
            self._say(Level.INFO, f"Log rotation detected for {path}, it was truncated")

    def passed_over(self, path: str, position: int) -> None:
        """The beginning of a big log is too old to count."""
        self._say(Level.INFO, f"{path}: the first {position} bytes are older than findtime and are passed over")

    def unwatched(self, problem: SourceError) -> None:
        """A limit of inotify was reached."""
        self._say(Level.WARNING, f"{problem.message} → {problem.remedy}")
