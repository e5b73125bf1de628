"""Text that knows where it was written: each of its lines has the file and line an operator would look at.

In: pieces of an outer text and the texts that replace its references. Out: the whole, with a place for every line. A
line stands where its outermost visible characters stand: `^%(prefix)s wrong <HOST>` where it is written, though most of
it comes from another file; lines that only a reference gave, where that wrote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from stockade.config.ini import Place, Value

_BLANK, _INSERTED, _OWN = range(3)


class Text(NamedTuple):
    """A text and the place of each of its lines."""

    text: str
    places: tuple[Place, ...]


def of_value(value: Value) -> Text:
    """A raw value as it stands in its file."""
    return Text(value.text, value.places)


def at_place(text: str, place: Place) -> Text:
    """A text that comes from elsewhere and is used at `place`."""
    return Text(text, (place,) * (text.count("\n") + 1))


def joined(texts: Sequence[Text]) -> Text:
    """One text below the other."""
    return Text("\n".join(text.text for text in texts), tuple(place for text in texts for place in text.places))


class Weaver:
    """Puts a text together, piece by piece in order. `start` is the place of the outer text's first line."""

    def __init__(self, start: Place) -> None:
        self._parts: list[str] = []
        self._places: list[Place] = [start]
        self._rank = _BLANK
        self.chars = 0

    def own(self, piece: str, places: Sequence[Place]) -> None:
        """Adds a piece of the outer text; `places` begin with that of its first line."""
        self._add(piece, places, _OWN)

    def insert(self, text: Text) -> None:
        """Adds what replaces a reference."""
        self._add(text.text, text.places, _INSERTED)

    def _add(self, piece: str, places: Sequence[Place], rank: int) -> None:
        self._parts.append(piece)
        self.chars += len(piece)
        breaks = piece.count("\n")
        if not breaks:
            self._mark(piece, places[0], rank)
            return
        self._mark(piece[: piece.index("\n")], places[0], rank)
        self._places += places[1 : breaks + 1]
        self._rank = _BLANK
        self._mark(piece[piece.rindex("\n") + 1 :], places[breaks], rank)

    def _mark(self, line: str, place: Place, rank: int) -> None:
        """Gives the present line a place, if what is added to it is visible and stands further out than the rest."""
        if rank > self._rank and line and not line.isspace():
            self._rank = rank
            self._places[-1] = place

    def text(self) -> Text:
        """Everything that was added."""
        return Text("".join(self._parts), tuple(self._places))
