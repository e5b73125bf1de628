"""Rendering: a command's template and a ticket become the script that a shell runs.

In: a `Template`, a `Ticket`, the family. Out: a `Script`, or None where nothing would be run. Nothing is run here.
Every script fits the kernel's limits: its text below 128 KiB (MAX_COMMAND_BYTES, MAX_TAGS and MAX_PLAIN_TOTAL add up
to less), each argument and their sum by the bounds of `quoting`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from stockade.actions.quoting import Arguments, clean, reference
from stockade.actions.tags import Place, Template
from stockade.actions.ticket import Ticket, value_of

SHELL = "/bin/sh"


@dataclass(frozen=True, slots=True)
class Script:
    """What a shell runs: a text, and the values that its first line names (`f2bV_matches=$0 …`).

    `shortened` names the tags whose values were cut at a bound of `quoting`; whoever runs the script says so.
    """

    text: str
    arguments: tuple[str, ...] = ()
    shortened: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[bytes, ...]:
        """The process to start: UTF-8 whatever the locale, no NUL in it, within the kernel's limits."""
        return tuple(part.encode() for part in (SHELL, "-c", self.text, *self.arguments))


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str


def render(template: Template, ticket: Ticket, family: str) -> Script | None:
    """Puts a ticket's values into a command; None if nothing but blanks is left to run."""
    arguments = Arguments()
    values = _values(template, ticket, family, arguments)
    outputs = [values[piece.tag] if isinstance(piece, Place) else piece for piece in template.pieces]
    text = _join(outputs)
    if not text.strip():
        return None
    return Script(arguments.first_line() + text, tuple(arguments.values.values()), tuple(arguments.shortened))


def _values(template: Template, ticket: Ticket, family: str, arguments: Arguments) -> Mapping[str, str | _Variable]:
    """What stands for each tag: the value itself where that is harmless, else a variable."""
    counts = Counter(place.tag for place in template.places)
    documents = {(place.tag, place.position.last) for place in template.places if place.position.last}
    found: dict[str, str | _Variable] = {}
    for tag in template.tags:
        value = clean(value_of(tag, ticket, family))
        # a here-document ends at a line made of values only if each of them is a part of its last line
        is_ending = value != "" and any(tag == own and value in last for own, last in documents)
        is_text = not is_ending and arguments.take_plain(value, counts[tag])
        found[tag] = value if is_text else _Variable(arguments.add(tag, value))
    return found


def _join(outputs: list[str | _Variable]) -> str:
    """The script; from its end, because the text behind a reference decides how that is written."""
    following = ""
    texts: list[str] = []
    for output in reversed(outputs):
        text = reference(output.name, following) if isinstance(output, _Variable) else output
        texts.append(text)
        following = text or following
    return "".join(reversed(texts))
