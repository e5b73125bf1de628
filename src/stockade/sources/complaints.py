"""Owns what a program says beside its output: lines of its standard error, and what is to be said about its runs.

In: the pipe. Out: sayings, bounded in number, and its last words for `status`. Every byte may be anybody's: whoever
writes a saying out makes it printable. Must not block.
"""

from __future__ import annotations

from typing import IO

from stockade.model.saying import Level, Saying

MAX_READ = 64 * 1024
"""Bytes that are read at once; the program waits with the rest."""

MAX_LINE = 500
"""Bytes of a line that are kept; the rest of it is dropped."""

MAX_SAYINGS = 20
"""Sayings kept until they are taken; those beyond are counted, and one tells how many there were."""


class Complaints:
    """What one program complains of."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._begun = b""
        self._last = ""
        self._sayings: list[Saying] = []
        self._unsaid = 0

    def take(self, pipe: IO[bytes]) -> bool:
        """Reads what is in the pipe; False at its end."""
        data = pipe.read(MAX_READ)
        if not data:
            return data is None
        *lines, rest = (self._begun + data).split(b"\n")
        self._begun = rest[:MAX_LINE]
        for line in lines:
            self._hear(line)
        return True

    def _hear(self, line: bytes) -> None:
        text = line[:MAX_LINE].decode("utf-8", "replace").strip()
        if text:
            self._last = text
            self.say(Level.WARNING, f"{self._name} says: {text}")

    def last_words(self) -> str:
        """What it said last, as the end of a sentence; "" for nothing. It is forgotten then."""
        if self._begun:
            self._hear(self._begun)
        words, self._begun, self._last = self._last, b"", ""
        return f", saying: {words}" if words else ""

    def say(self, level: Level, text: str) -> None:
        """Adds a saying."""
        if len(self._sayings) < MAX_SAYINGS:
            self._sayings.append(Saying(level, text))
        else:
            self._unsaid += 1

    def take_sayings(self) -> list[Saying]:
        """What should stand in the log since the last call."""
        sayings, self._sayings = self._sayings, []
        unsaid, self._unsaid = self._unsaid, 0
        more = [Saying(Level.NOTICE, f"{unsaid} further lines of {self._name} were not said")] if unsaid else []
        return sayings + more
