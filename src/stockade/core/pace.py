"""Pace: how fast a source with a backlog is read, and whether it is read at all.

In: position and unread bytes at each look. Out: bytes a second, seconds to the end, and since when nothing moves.
Remembers nothing of a source that has no backlog.
"""

from __future__ import annotations

from stockade.core.looks import SourceLook
from stockade.model.clock import Monotonic, Seconds

SMOOTHING = 0.5
"""Weight of the newest look in the rate: what was four looks ago hardly counts."""


class Pace:
    """The progress of one source that has unread bytes or has failed."""

    __slots__ = ("_at", "_position", "_unread", "behind_since", "rate", "still_since", "unread")

    def __init__(self, look: SourceLook, now: Monotonic) -> None:
        self._at = self.still_since = now
        self._position, self._unread = look.position, look.unread or 0
        self.behind_since: Monotonic | None = None
        self.rate = 0.0
        self.unread = self._unread

    def take(self, look: SourceLook, now: Monotonic) -> None:
        """Takes the next look; one at the same moment says nothing new."""
        elapsed = now - self._at
        if elapsed <= 0:
            return
        unread, read = look.unread or 0, look.position - self._position
        if read < 0:  # the next incarnation has begun
            read = look.position
        if read > 0 or (unread == 0 and look.state != "failed"):
            self.still_since = now
        speed = read / elapsed
        self.rate = speed if not self.rate else (1 - SMOOTHING) * self.rate + SMOOTHING * speed
        if unread > self._unread:
            self.behind_since = self.behind_since if self.behind_since is not None else self._at
        elif unread < self._unread or unread == 0:
            self.behind_since = None
        self._at, self._position, self._unread, self.unread = now, look.position, unread, unread

    def eta(self) -> Seconds | None:
        """Seconds until the end is reached at the present rate; None while nothing is read."""
        return self.unread / self.rate if self.rate > 0 else None
