"""Contexts: how a POSIX shell would read the place where a tag stands: bare, in quotes, in a here-document.

In: a script and the spans of its tags. Out: one position per span. It judges scripts the operator wrote; it is not a
parser and never fails: what it does not understand counts as bare.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto


class Context(Enum):
    """Where a tag stands."""

    BARE = auto()
    """Outside quotes: blanks in a value split it into several words."""
    DOUBLE = auto()
    """In double quotes: a value stays one word."""
    SINGLE = auto()
    """In single quotes, or a here-document whose last line was named in quotes: `$name` is only text there."""
    COMMENT = auto()
    """Behind `#`."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a tag stands; `last` is the last line of the here-document around it, which no value may imitate."""

    context: Context
    last: str = ""


@dataclass(frozen=True, slots=True)
class _Document:
    last: str
    is_indented: bool
    """Whether tabs may precede the last line (`<<-`)."""
    is_quoted: bool


_DOCUMENT = re.compile(r"""<<(-?)[ \t]*(?:(['"])([^'"\n]+)\2|(\\?)([\w.+-]+))""")


def positions_of(script: str, spans: Sequence[tuple[int, int]]) -> list[Position]:
    """The position of each span, which must be in order and apart from each other."""
    reader = _Reader(script)
    positions = []
    for start, end in spans:
        while reader.at < start:
            reader.step(start)
        positions.append(reader.position())
        reader.at = end
        reader.is_word_start = False
    return positions


@dataclass(slots=True)
class _Reader:
    """Walks over a script; `open` holds what is open, innermost last: `"`, `'`, `#`, `(`, a backquote."""

    script: str
    at: int = 0
    open: list[str] = field(default_factory=list)
    is_word_start: bool = True
    announced: list[_Document] = field(default_factory=list)
    """The here-documents that begin on the next line."""
    documents: list[_Document] = field(default_factory=list)

    def position(self) -> Position:
        if self.documents:
            document = self.documents[0]
            return Position(Context.SINGLE if document.is_quoted else Context.DOUBLE, document.last)
        innermost = self.open[-1] if self.open else ""
        by_opening = {"'": Context.SINGLE, '"': Context.DOUBLE, "#": Context.COMMENT}
        return Position(by_opening.get(innermost, Context.BARE))

    def step(self, limit: int) -> None:
        """Reads one character, or a whole line of a here-document; not beyond `limit`, where a tag begins."""
        if self.documents:
            self._read_document_line(limit)
            return
        char = self.script[self.at]
        match self.open[-1] if self.open else "":
            case "'":
                self._close_at(char, "'")
            case "#":
                self._close_at(char, "\n")
            case '"':
                self._in_double(char)
            case _:
                self._in_bare(char)
        self.at += 1

    def _close_at(self, char: str, closing: str) -> None:
        if char == closing:
            self.open.pop()
            if char == "\n":
                self._end_line()

    def _in_double(self, char: str) -> None:
        if char == '"':
            self.open.pop()
        elif char == "\\":
            self.at += 1
        else:
            self._open_substitution(char)

    def _in_bare(self, char: str) -> None:
        if char == "\\":
            self.at += 1
        elif char in "'\"" or (char == "#" and self.is_word_start):
            self.open.append(char)
        elif char == "(":
            self._open_parenthesis()
        elif char == ")":
            self._close_parenthesis()
        elif char == "\n":
            self._end_line()
        elif char == "<" and self.open[-1:] != ["(("]:
            self._announce_document()
        else:
            self._open_substitution(char)
        self.is_word_start = char in " \t\n;&|("

    def _open_substitution(self, char: str) -> None:
        if char == "`":
            if self.open and self.open[-1] == "`":
                self.open.pop()
            elif "`" in self.open:
                del self.open[self.open.index("`") :]
            else:
                self.open.append("`")
                self.is_word_start = True
        elif self.script.startswith("$(", self.at):
            self.at += 1
            self._open_parenthesis()
            self.is_word_start = True

    def _open_parenthesis(self) -> None:
        """A subshell, or arithmetic, in which `<<` shifts bits."""
        is_arithmetic = self.script.startswith("((", self.at)
        self.at += is_arithmetic
        self.open.append("((" if is_arithmetic else "(")

    def _close_parenthesis(self) -> None:
        if self.open[-1:] == ["(("]:
            self.open[-1] = "("
        elif self.open[-1:] == ["("]:
            self.open.pop()

    def _announce_document(self) -> None:
        if (match := _DOCUMENT.match(self.script, self.at)) is not None:
            self.announced.append(
                _Document(match[3] or match[5], is_indented=bool(match[1]), is_quoted=bool(match[2] or match[4]))
            )
            self.at = match.end() - 1

    def _end_line(self) -> None:
        self.documents, self.announced = self.announced, []

    def _read_document_line(self, limit: int) -> None:
        """Goes to the next line, and out of the document behind its last; a tag in the line stops it."""
        end = self.script.find("\n", self.at)
        end = len(self.script) if end < 0 else end
        if end >= limit:
            self.at = limit
            return
        begin = self.script.rfind("\n", 0, self.at) + 1
        line, document = self.script[begin:end], self.documents[0]
        if (line.lstrip("\t") if document.is_indented else line) == document.last:
            self.documents.pop(0)
        self.at = end + 1
        self.is_word_start = True
