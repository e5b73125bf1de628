"""Doubts: failures of one jail whose lines anybody could have sent in another's name (syslog over UDP).

Owns them: failures come in, "this would have been a ban" goes out, and nobody is banned for it. A stranger can make as
many as he likes, so they never touch the windows that count. Kept in memory only. Must not know about rules or bans.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from stockade.model.clock import Seconds

MAX_DOUBTS = 4096
"""Identifiers remembered per jail. At the bound the one longest without a failure is forgotten."""

MAX_TIMES = 1024
"""Failures remembered of one identifier; a greater `maxretry` counts as this here."""


class Doubt:
    """What was seen of one identifier: recent times, failures in all, and how often they would have been a ban."""

    __slots__ = ("failures", "times", "withheld")

    def __init__(self, most: int) -> None:
        self.times: deque[float] = deque(maxlen=most)
        self.failures = 0
        self.withheld = 0


class Doubts:
    """The doubts of one jail, in order of their last failure."""

    def __init__(self, maxretry: int, findtime: Seconds) -> None:
        self._needed = min(maxretry, MAX_TIMES)
        self._findtime = findtime
        self._doubts: OrderedDict[str, Doubt] = OrderedDict()

    def __len__(self) -> int:
        return len(self._doubts)

    def find(self, identifier: str) -> Doubt | None:
        """What is known of an identifier."""
        return self._doubts.get(identifier)

    def add(self, identifier: str, time: float) -> bool:
        """Takes one failure; tells whether it would have led to a ban. Then counting begins anew."""
        doubt = self._doubts.get(identifier)
        if doubt is None:
            if len(self._doubts) >= MAX_DOUBTS:
                self._doubts.popitem(last=False)
            doubt = self._doubts[identifier] = Doubt(self._needed)
        else:
            self._doubts.move_to_end(identifier)
        doubt.failures += 1
        doubt.times.append(time)
        if len(doubt.times) < self._needed or doubt.times[-1] - doubt.times[0] > self._findtime:
            return False
        doubt.times.clear()
        doubt.withheld += 1
        return True
