"""Tags: a command of one family, taken apart into its own text and the places that each ban fills.

In: a text whose properties are replaced. Out: a `Template`: pieces, and the tags in the order in which their values
are numbered. It is made once; rendering walks over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stockade.actions.contexts import Position, positions_of
from stockade.actions.properties import TAG, Unresolvable
from stockade.actions.ticket import is_field, is_ticket_tag

MAX_TAGS: Final = 500
"""Ticket tags of one command; more is Unresolvable. With MAX_COMMAND_BYTES it bounds every rendered script."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ticket's value goes."""

    tag: str
    position: Position


@dataclass(frozen=True, slots=True)
class Template:
    """A command's own text and its places, alternating; `tags` are the different ones, captured fields last."""

    pieces: tuple[str | Place, ...]
    tags: tuple[str, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """Every place, in order."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Place))


def parse(text: str) -> Template | Unresolvable:
    """Takes a command apart; `<…>` that is no ticket tag is text, as in `mail <file`."""
    spans = [match.span() for match in TAG.finditer(text) if is_ticket_tag(match[1])]
    if len(spans) > MAX_TAGS:
        return Unresolvable(text[slice(*spans[-1])].strip("<>"), f"has more than {MAX_TAGS} tags")
    pieces: list[str | Place] = []
    at = 0
    for (start, end), position in zip(spans, positions_of(text, spans), strict=True):
        pieces += [text[at:start], Place(text[start + 1 : end - 1], position)]
        at = end
    pieces.append(text[at:])
    tags = dict.fromkeys(piece.tag for piece in pieces if isinstance(piece, Place))
    return Template(tuple(piece for piece in pieces if piece != ""), tuple(sorted(tags, key=is_field)))
