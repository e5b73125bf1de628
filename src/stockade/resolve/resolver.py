"""Resolves names in two threads of its own, so that neither matching nor banning ever waits for the network.

In: names, from any hostile log. Out: one answer for each, through `take`, announced by `fileno` becoming readable. At
once where the text is no name, the answer is remembered, or too many names wait. Must not decide anything.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from stockade.model.clock import Monotonic, Seconds
from stockade.resolve import names
from stockade.resolve.answer import Answer
from stockade.resolve.cache import Cache
from stockade.resolve.lookup import Lookup, canonical, is_absent, system_lookup

THREADS = 2
"""Look-ups at the same time; threads start with the first question."""

WAITING = 256
"""Names that wait for a thread. One more is answered at once, without addresses, and counted as dropped."""

READY = 2048
"""Answers that wait to be taken. One more is thrown away and counted as lost; a loop that takes them never sees it."""

ADDRESSES = 64
"""Addresses of one name. The first 64 in order are kept."""

KEEP: Seconds = 290.0
"""How long an answer holds, a negative one too: a little under the dialect's five minutes (§2.6), so that whoever asks
again every five minutes gets a fresh answer each time."""

KEEP_FAILED: Seconds = 30.0
"""How long a failure to get any answer holds; after it the name is asked again."""


class Resolver:
    """Owned by the daemon's loop, which calls everything here; only the look-ups run elsewhere."""

    def __init__(
        self, clock: Callable[[], Monotonic], *, with_ipv6: bool = True, lookup: Lookup = system_lookup
    ) -> None:
        self._clock = clock
        self._with_ipv6 = with_ipv6
        self._lookup = lookup
        self._changed = threading.Condition()
        self._cache = Cache()
        self._queue: deque[str] = deque()
        self._open: set[str] = set()
        self._ready: dict[str, Answer] = {}
        self._threads: list[threading.Thread] = []
        self._counts = dict.fromkeys(("asked", "remembered", "found", "failed", "dropped", "refused", "lost"), 0)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """A descriptor that is readable while answers wait to be taken; -1 once closed."""
        return self._wake

    def ask(self, name: str) -> None:
        """Asks for the addresses of `name`; returns at once. A name already on its way is not asked twice."""
        refusal = names.refusal(name)
        with self._changed:
            if self._wake < 0:
                return
            self._counts["asked"] += 1
            if refusal:
                self._answer_now("refused", Answer(name, (), self._clock(), refusal))
            elif name not in self._open:
                self._begin(name)

    def take(self) -> list[Answer]:
        """Everything answered since the last call, in the order in which it was."""
        with self._changed:
            if self._wake >= 0:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._wake)
            taken = list(self._ready.values())
            self._ready.clear()
            return taken

    def forget(self) -> None:
        """Drops what is remembered, so that a reload asks anew."""
        with self._changed:
            self._cache.clear()

    def statistics(self) -> dict[str, int]:
        """Counts since the start, and how many names wait or are remembered now."""
        with self._changed:
            return {**self._counts, "waiting": len(self._open), "kept": len(self._cache)}

    def close(self) -> None:
        """Lets go of the descriptor; idempotent. A look-up that hangs is left to its thread, which ends unheard."""
        with self._changed:
            self._queue.clear()
            self._ready.clear()
            if self._wake >= 0:
                os.close(self._wake)
                self._wake = -1
            self._changed.notify_all()

    def _begin(self, name: str) -> None:
        remembered = self._cache.fresh(name, self._clock())
        if remembered is not None:
            self._answer_now("remembered", remembered)
        elif len(self._queue) >= WAITING:
            self._answer_now("dropped", Answer(name, (), self._clock(), "too many names wait to be resolved"))
        else:
            self._open.add(name)
            self._queue.append(name)
            self._start_thread()
            self._changed.notify()
            if not self._threads:
                self._give_up()

    def _start_thread(self) -> None:
        """Daemon threads: the interpreter ends without waiting for a look-up."""
        if len(self._threads) >= min(THREADS, len(self._open)):
            return
        thread = threading.Thread(target=self._work, name=f"resolver-{len(self._threads)}", daemon=True)
        with contextlib.suppress(RuntimeError):  # the system has no thread for us now; the next question tries again
            thread.start()
            self._threads.append(thread)

    def _give_up(self) -> None:
        """Nobody will look these names up; whoever asked must not wait for ever."""
        while self._queue:
            name = self._queue.popleft()
            self._open.discard(name)
            self._answer_now("dropped", Answer(name, (), self._clock(), "the system has no thread to spare"))

    def _answer_now(self, count: str, answer: Answer) -> None:
        """Puts an answer where `take` finds it; the lock is held."""
        self._counts[count] += 1
        if len(self._ready) >= READY and answer.name not in self._ready:
            self._counts["lost"] += 1
            return
        self._ready[answer.name] = answer
        with contextlib.suppress(BlockingIOError):  # the counter is full: it is readable all the same
            os.eventfd_write(self._wake, 1)

    def _work(self) -> None:
        while (name := self._next()) is not None:
            addresses: tuple[str, ...] = ()
            error, is_answered = "the look-up broke off", False
            try:
                addresses = tuple(canonical(self._lookup(name, self._with_ipv6))[:ADDRESSES])
                error, is_answered = "" if addresses else "no address", True
            except OSError as problem:
                error, is_answered = problem.strerror or str(problem), is_absent(problem)
            finally:
                self._finish(name, addresses, error, is_answered=is_answered)

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._wake < 0)
            return self._queue.popleft() if self._queue else None

    def _finish(self, name: str, addresses: tuple[str, ...], error: str, *, is_answered: bool) -> None:
        """Without any answer the last good one goes on holding, for a short while at a time."""
        with self._changed:
            self._open.discard(name)
            if self._wake < 0:
                return
            now = self._clock()
            answer = Answer(name, addresses, Monotonic(now + (KEEP if is_answered else KEEP_FAILED)), error)
            if not is_answered and (last := self._cache.last_good(name)):
                answer = replace(answer, addresses=last, is_last_good=True)
            self._cache.keep(answer)
            self._answer_now("failed" if error else "found", answer)
