"""Owns what comes round by the clock for log files: which tracks are polled, retried or tidied, and when everything is
audited.

In: tracks whose state may have changed, and the time. Out: which rounds are due. Does none of the work itself.
"""

from __future__ import annotations

from enum import Enum

from stockade.model.clock import Monotonic
from stockade.sources.mounts import present_polled_devices
from stockade.sources.openlog import OpenLog
from stockade.sources.timer import Timer
from stockade.sources.track import Track

POLL_SECONDS, RETRY_SECONDS, TIDY_SECONDS, AUDIT_SECONDS = 1.0, 5.0, 5.0, 60.0


class Round(Enum):
    """What can be due."""

    POLL = "files that inotify does not tell of"
    RETRY = "paths that could not be opened"
    TIDY = "rotated-away files that may be closed"
    AUDIT = "everything, in case a change was not noticed"


class Rounds:
    """The timers, and the tracks that each of them cares for."""

    def __init__(self) -> None:
        self.polled: set[Track] = set()
        self.troubled: set[Track] = set()
        self.lingering: set[Track] = set()
        self._polled_devices = present_polled_devices()
        self._timers = {
            Round.POLL: Timer(POLL_SECONDS),
            Round.RETRY: Timer(RETRY_SECONDS),
            Round.TIDY: Timer(TIDY_SECONDS),
            Round.AUDIT: Timer(AUDIT_SECONDS),
        }

    def note(self, track: Track, *, is_known: bool) -> None:
        """Enters a track among those that the timers care for, or strikes it out. Its status may have changed."""
        track.row = None
        for tracks, is_member in (
            (self.troubled, track.problem is not None),
            (self.lingering, track.is_lingering()),
            (self.polled, any(self._is_unseen(log) for log in track.logs())),
        ):
            (tracks.add if is_member and is_known else tracks.discard)(track)

    def _is_unseen(self, log: OpenLog) -> bool:
        return log.watch is None or log.key[0] in self._polled_devices

    def learn_mounts(self) -> None:
        """Looks which file systems there are that do not tell inotify of changes."""
        self._polled_devices = present_polled_devices()

    @property
    def deadline(self) -> Monotonic | None:
        """When the next round is due; None before the first call of `arm`."""
        if self._timers[Round.AUDIT].due is None:
            return None
        return min(timer.due for timer in self._timers.values() if timer.due is not None)

    def due(self, now: Monotonic, *, is_retrying: bool) -> list[Round]:
        """The rounds that are due now, each of which is then due again after its period."""
        wanted = self._wanted(is_retrying)
        return [what for what, timer in self._timers.items() if timer.is_due(now, is_wanted=wanted[what])]

    def arm(self, now: Monotonic, *, is_retrying: bool) -> None:
        """Starts the timers that became wanted, and stops those that are not any more."""
        for what, is_wanted in self._wanted(is_retrying).items():
            timer = self._timers[what]
            if timer.due is None or not is_wanted:
                timer.is_due(now, is_wanted=is_wanted)

    def _wanted(self, is_retrying: bool) -> dict[Round, bool]:
        return {
            Round.POLL: bool(self.polled),
            Round.RETRY: is_retrying or bool(self.troubled),
            Round.TIDY: bool(self.lingering),
            Round.AUDIT: True,
        }
