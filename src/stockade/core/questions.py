"""Questions to `ignorecommand`: failures that wait for an answer, and the answers that still hold.

In: failures that no other rule exempts, and answers; out: the question to ask now, and the failures that an answer
frees. Nothing waits for a command but the failures it is about. Whoever answers must answer every question.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from stockade.model.clock import Wall
from stockade.model.failure import Failure
from stockade.model.settings import IgnoreCache

MAX_WAITING = 256
"""Questions of one jail that wait for an answer. Beyond, a failure counts as if the answer were no, and that is
counted: under a flood the jail goes on banning."""

MAX_KEY = 1024
"""Characters of a cache key; of a longer one the digest is kept instead."""

_TAG = re.compile(r"<([A-Za-z0-9_.-]{1,64})>")

Waiting = tuple[str, Failure]
"""An identifier (widened, perhaps) and its failure."""


class Verdict(Enum):
    """What is known at once about a failure."""

    IGNORED = "ignored"
    COUNTED = "counted"
    ASK = "ask"
    WAITS = "waits"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class _Answer:
    is_ignored: bool
    until: Wall


class Questions:
    """Asks once, remembers; see the module's docstring."""

    def __init__(self, jail: str, cache: IgnoreCache | None, maxretry: int) -> None:
        self._jail = jail
        self._cache = cache
        self._maxretry = maxretry
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._waiting: dict[str, deque[Waiting]] = {}

    def key_of(self, identifier: str, failure: Failure) -> str:
        """What the answer depends on: the cache's own key, or everything that a command may say of a failure."""
        if self._cache is None:
            facts = (f"{name}={value}" for name, value in sorted(failure.fields.items()))
            return _bounded("\0".join((identifier, failure.ip, str(failure.time), *facts)))
        return _bounded(_TAG.sub(lambda tag: self._value(tag[1], identifier, failure), self._cache.key))

    def consider(self, key: str, identifier: str, failure: Failure, now: Wall) -> Verdict:
        """Tells what is known; unless that settles it, the failure waits here."""
        answer = self._answers.get(key)
        if answer is not None and now < answer.until:
            return Verdict.IGNORED if answer.is_ignored else Verdict.COUNTED
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append((identifier, failure))
            return Verdict.WAITS
        if len(self._waiting) >= MAX_WAITING:
            return Verdict.UNASKED
        # More failures than ban need not wait: the latest of them decide.
        self._waiting[key] = deque(((identifier, failure),), maxlen=self._maxretry)
        return Verdict.ASK

    def answered(self, key: str, is_ignored: bool, now: Wall) -> list[Waiting]:
        """Takes an answer; gives the failures that waited for it."""
        if self._cache is not None:
            self._answers[key] = _Answer(is_ignored, Wall(now + self._cache.max_time))
            self._answers.move_to_end(key)
            while len(self._answers) > self._cache.max_count:
                self._answers.popitem(last=False)
        return list(self._waiting.pop(key, ()))

    def take_over(self, before: Questions) -> None:
        """Goes on waiting for what was asked before a reload; answers of another command do not count."""
        self._waiting = before._waiting

    def _value(self, tag: str, identifier: str, failure: Failure) -> str:
        """A tag of the key. `<ip-host>` stands for the address itself: as telling, and nobody has to be asked."""
        address = failure.ip or identifier
        known = {
            "ip": address,
            "ip-host": address,
            "fid": identifier,
            "family": "inet6" if ":" in address else "inet4",
            "jail.name": self._jail,
        }
        if tag in known:
            return known[tag]
        return failure.fields.get(tag.removeprefix("F-").lower(), "") if tag.startswith("F-") else ""


def _bounded(key: str) -> str:
    return key if len(key) <= MAX_KEY else sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
