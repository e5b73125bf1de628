"""Windows: the recent failures of every identifier one jail counts.

Owns the exact sliding windows; failures come in, "reached maxretry" goes out. Must not know about bans, rules or time
other than what it is given. A window is exact whatever the order of events: a ban is due when `maxretry` failures lie
within `findtime` of each other (fail2ban estimates a rate instead; docs/decisions say why exact is safe).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Iterator

from stockade.model.clock import Seconds, Wall
from stockade.model.failure import Failure
from stockade.model.record import WindowState

MAX_WINDOWS = 131_072
"""Identifiers counted at once per jail. At the bound the one longest without a failure is forgotten, and counted."""

LATENESS: Seconds = 60.0
"""How late a failure may arrive and still be counted exactly: the dialect's tolerance between log time and arrival."""


class Window:
    """Failures of one identifier: sorted times, and the evidence that goes with the latest of them."""

    __slots__ = ("evidence", "fields", "times", "touched")

    def __init__(self) -> None:
        self.times: list[float] = []
        self.evidence: list[Failure | str] = []
        self.fields: dict[str, str] | None = None
        self.touched: float = 0.0

    def matches(self) -> tuple[str, ...]:
        """The lines of the evidence, oldest first."""
        lines: list[str] = []
        for item in self.evidence:
            lines += [item] if isinstance(item, str) else item.matches
        return tuple(lines)

    def first_fields(self) -> dict[str, str]:
        """The captured fields of the first failure, as the dialect wants them on the ban."""
        if self.fields is None:
            first = self.evidence[0] if self.evidence else ""
            self.fields = {} if isinstance(first, str) else first.fields
        return self.fields


class Windows:
    """All windows of one jail, in order of their last failure."""

    def __init__(self, maxretry: int, findtime: Seconds, maxmatches: int, bound: int = MAX_WINDOWS) -> None:
        self._maxretry = maxretry
        self._findtime = findtime
        self._maxmatches = maxmatches
        self._bound = bound
        self._windows: OrderedDict[str, Window] = OrderedDict()
        self._changed: set[str] = set()
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._windows)

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._windows

    def find(self, identifier: str) -> Window | None:
        """The open window of an identifier, if it has one."""
        return self._windows.get(identifier)

    def add(self, identifier: str, failure: Failure, now: Wall, needed: int = 0) -> bool:
        """Counts one failure; tells whether `needed` of them (0: `maxretry`) now lie within `findtime`."""
        windows = self._windows
        window = windows.get(identifier)
        if window is None:
            window = windows[identifier] = Window()
            if len(windows) > self._bound:
                self._forget_oldest()
        else:
            windows.move_to_end(identifier)
        window.touched = now
        self._changed.add(identifier)
        window.evidence.append(failure)
        time, times = failure.time, window.times
        if times and time < times[-1]:
            insort(times, time)
        else:
            times.append(time)
        if len(times) < (needed or self._maxretry) and len(window.evidence) <= self._maxmatches:
            return False
        return self._judge(window, time, now, needed or self._maxretry)

    def _judge(self, window: Window, time: float, now: Wall, needed: int) -> bool:
        """Looks for `needed` failures within `findtime` among the runs with `time`, then drops what is old."""
        times, span = window.times, needed - 1
        after = bisect_right(times, time)
        for start in range(max(0, after - 1 - span), min(after, len(times) - span)):
            if times[start + span] - times[start] <= self._findtime:
                return True
        stale = bisect_right(times, self._horizon(now))
        del times[:stale]
        if len(window.evidence) > self._maxmatches:
            window.first_fields()
            del window.evidence[: len(window.evidence) - self._maxmatches]
        return False

    def _horizon(self, now: Wall) -> float:
        """No failure at or before this time can be in a window with one that still may arrive."""
        return now - self._findtime - LATENESS - 1.0

    def shift(self, seconds: Seconds) -> None:
        """Moves every failure in time: the clock was set by so much."""
        for identifier, window in self._windows.items():
            window.times = [time + seconds for time in window.times]
            window.touched += seconds
            self._changed.add(identifier)

    def close(self, identifier: str) -> Window | None:
        """Takes a window away (its identifier is banned, or no longer counted), in the ledger as well."""
        self._changed.add(identifier)
        return self._windows.pop(identifier, None)

    def sweep(self, now: Wall) -> None:
        """Drops windows in which nothing can come together any more."""
        if not self._windows:
            return
        horizon = self._horizon(now)
        stale = []
        for identifier, window in self._windows.items():
            if window.touched > horizon:
                break
            stale.append(identifier)
        for identifier in stale:
            del self._windows[identifier]
        self._changed.update(stale)

    def _forget_oldest(self) -> None:
        self.forgotten += 1
        identifier, _ = self._windows.popitem(last=False)
        self._changed.add(identifier)

    def take_changed(self, jail: str) -> Iterator[WindowState]:
        """Every window that changed since the last call, as the ledger wants it; gone ones without times."""
        changed, self._changed = self._changed, set()
        return (self._state(jail, identifier) for identifier in changed)

    def all_states(self, jail: str) -> Iterator[WindowState]:
        """Every open window, as the ledger wants it."""
        return (self._state(jail, identifier) for identifier in self._windows)

    def _state(self, jail: str, identifier: str) -> WindowState:
        window = self._windows.get(identifier)
        if window is None:
            return WindowState(jail, identifier)
        return WindowState(jail, identifier, tuple(window.times), window.first_fields(), window.matches())

    def restore(self, state: WindowState) -> None:
        """Opens a window as the ledger remembers it."""
        window = self._windows[state.id] = Window()
        window.times = sorted(state.times)
        window.touched = window.times[-1] if window.times else 0.0
        window.evidence = list(state.matches)
        window.fields = dict(state.fields)
        if len(self._windows) > self._bound:
            self._forget_oldest()
