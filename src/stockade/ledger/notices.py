"""What the operator should hear about the ledger: repairs, rows left out, text cut.

In: sentences. Out: the same, oldest first, until they are taken. Bounded, because a hostile database may cause many.
"""

from __future__ import annotations

from stockade.ledger import limits


class Notices:
    """A short list of sentences; beyond the bound they are only counted."""

    __slots__ = ("_missed", "_texts")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._missed = 0

    def say(self, text: str) -> None:
        """Adds a sentence, unless the same one still waits to be taken."""
        if text in self._texts:
            return
        if len(self._texts) >= limits.NOTICES:
            self._missed += 1
            return
        self._texts.append(text)

    def all(self) -> tuple[str, ...]:
        """The sentences that wait, oldest first."""
        more = (f"{self._missed} more notices about the ledger were not kept",) if self._missed else ()
        return (*self._texts, *more)

    def take(self) -> tuple[str, ...]:
        """Returns the sentences that wait, and forgets them."""
        taken = self.all()
        self._texts.clear()
        self._missed = 0
        return taken
