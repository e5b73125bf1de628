"""What the daemon says in its log: fail2ban's own words where other programs read them, one line each.

In: levels and sentences; out: lines on standard error (with systemd's priority prefix when it listens there) or in a
file in fail2ban's line format. Text of attackers is made printable here, once. Must not decide anything.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from time import localtime, strftime
from typing import TextIO

from stockade.model.clock import Wall
from stockade.model.saying import Level

__all__ = ["MAX_LINE", "MAX_REPEATS", "Level", "Words", "printable"]

MAX_LINE = 4096
"""Characters of one log line; the rest is cut and marked."""

MAX_REPEATS = 100
"""Lines of one kind a minute; further ones are counted and said in one line. Bans and unbans are never left out."""


_PRIORITY = {Level.CRITICAL: 2, Level.ERROR: 3, Level.WARNING: 4, Level.NOTICE: 5, Level.INFO: 6, Level.DEBUG: 7}
"""syslog's numbers for them, which systemd reads as `<5>` at the start of a line."""


class Words:
    """Owns the log target. `wall` gives the time for the lines."""

    def __init__(self, wall: Callable[[], Wall], stream: TextIO = sys.stderr, level: Level = Level.INFO) -> None:
        self._wall = wall
        self._stream = stream
        self._level = level
        self._is_journal = "JOURNAL_STREAM" in os.environ
        self._minute = 0
        self._repeats: dict[str, int] = {}

    def configure(self, level: str) -> None:
        """Takes the configured `loglevel`; an unknown one means INFO."""
        self._level = Level.__members__.get(level.strip().upper(), Level.INFO)

    def say(self, level: Level, logger: str, message: str) -> None:
        """Writes one line. Problems of the log target never stop the daemon."""
        if level < self._level:
            return
        text = printable(message)[:MAX_LINE]
        if self._is_journal:
            line = f"<{_PRIORITY[level]}>{text}\n"
        else:
            line = f"{self._stamp()} {'fail2ban.' + logger:<24}[{os.getpid()}]: {level.name:<7} {text}\n"
        try:
            self._stream.write(line)
            self._stream.flush()
        except (OSError, ValueError):
            return

    def left(self, kind: str) -> int:
        """How many lines of a kind may still be said this minute."""
        is_new_minute = int(self._wall() // 60) != self._minute
        return MAX_REPEATS if is_new_minute else max(0, MAX_REPEATS - self._repeats.get(kind, 0))

    def leave_out(self, kind: str, count: int) -> None:
        """Counts lines of a kind that were not even made."""
        self._repeats[kind] = self._repeats.get(kind, 0) + count

    def say_seldom(self, kind: str, level: Level, logger: str, message: str) -> None:
        """Writes a line of a kind that an attacker can cause, at most MAX_REPEATS times a minute."""
        minute = int(self._wall() // 60)
        if minute != self._minute:
            left_out, self._minute, self._repeats = self._repeats, minute, {}
            for name, count in left_out.items():
                if count > MAX_REPEATS:
                    self.say(Level.INFO, logger, f"{count - MAX_REPEATS} further lines of kind {name!r} were left out")
        self._repeats[kind] = self._repeats.get(kind, 0) + 1
        if self._repeats[kind] <= MAX_REPEATS:
            self.say(level, logger, message)

    def _stamp(self) -> str:
        now = self._wall()
        return f"{strftime('%Y-%m-%d %H:%M:%S', localtime(now))},{int(now * 1000) % 1000:03d}"


def printable(text: str) -> str:
    """The text with control characters and other unprintables shown as escapes: nothing in it can end a line early or
    steer a terminal. Needs no codec, which could not be imported any more once rights are dropped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _NAMED.get(c) or f"\\u{ord(c):04x}" for c in text)


_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
