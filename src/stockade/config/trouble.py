"""Trouble: how a part of the reader says that a text is wrong, before it is known which jail that disables.

In: place, message, value, remedy. Out: a `Problem`. Trouble never leaves the package: `load` turns every one into a
Problem. `suggest` finds the word that was probably meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

from stockade.config.limits import MAX_NAME_CHARS, MAX_WORDS
from stockade.errors import Problem

SHOWN_CHARS = 200
"""A longer value is cut in messages."""


class Trouble(Exception):
    """One wrong text and where it stands; `path` may be empty while the place is not known yet."""

    def __init__(self, message: str, value: str = "", remedy: str = "", path: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.value = value
        self.remedy = remedy
        self.path = path
        self.line = line

    def at(self, path: str, line: int) -> Trouble:
        """Fills in the place, unless a more exact one is known already."""
        if not self.path:
            self.path, self.line = path, line
        return self

    def about(self, option: str) -> Trouble:
        """The same for an option's value; a copy, as the same file may be in the way of many jails."""
        remedy = (
            f"a comment behind a value begins with ;, not with #; {self.remedy}" if " #" in self.value else self.remedy
        )
        return Trouble(f"{option}: {self.message}", self.value, remedy, self.path, self.line)

    def problem(self, jail: str = "", *, is_fatal: bool = True) -> Problem:
        """The same as a value; `jail` is the one it disables."""
        value = self.value if len(self.value) <= SHOWN_CHARS else self.value[:SHOWN_CHARS] + "…"
        return Problem(self.path, self.line, self.message, value, self.remedy, jail, is_fatal)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    """The known word that looks most like `word`, or "" when none comes near."""
    words = list(islice(known, MAX_WORDS))
    found = difflib.get_close_matches(word, words, n=1, cutoff=cutoff) if len(word) <= MAX_NAME_CHARS else []
    return found[0] if found else ""


def suggest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A remedy: "did you mean 'x'?", or `otherwise`."""
    found = nearest(word, known)
    return f"did you mean {found!r}?" if found else otherwise
