"""What was answered lately. In: answers. Out: those that still hold, and the last good one of a name. Bounded."""

from __future__ import annotations

from collections import OrderedDict

from stockade.model.clock import Monotonic
from stockade.resolve.answer import Answer

ENTRIES = 1000
"""Names remembered. Beyond, the one that was answered longest ago is forgotten."""


class Cache:
    """The latest answer of each name, in the order in which they came."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def fresh(self, name: str, now: Monotonic) -> Answer | None:
        """The answer, if it still holds at `now`."""
        answer = self._answers.get(name)
        return answer if answer is not None and now < answer.ttl_until else None

    def last_good(self, name: str) -> tuple[str, ...]:
        """The addresses of the latest answer, however old."""
        answer = self._answers.get(name)
        return answer.addresses if answer is not None else ()

    def keep(self, answer: Answer) -> None:
        """Remembers an answer in place of the one before."""
        self._answers[answer.name] = answer
        self._answers.move_to_end(answer.name)
        while len(self._answers) > ENTRIES:
            self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything."""
        self._answers.clear()
