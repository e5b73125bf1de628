"""Tokenizer of fail2ban's INI dialect: text of one file in, sections of raw values with their line numbers out.

The standard library's configparser reads the same dialect but forgets on which line a value stood, gives up at the
first error, and cannot be bounded; messages with file and line are the point of this reader, so it has its own. No
interpolation, no merging, no I/O here. `tests/unit/test_config_ini.py` holds it to configparser on valid files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from stockade.config.limits import MAX_FLAWS, MAX_LINES, MAX_NAME_CHARS, MAX_VALUE_CHARS
from stockade.config.trouble import Trouble

DEFAULT = "DEFAULT"
"""The section whose options all others fall back to; this spelling only."""

Place = tuple[str, int]
"""A file and a line of it."""

_UNDECODED = re.compile("[\udc80-\udcff]")
"""What is left of bytes that are no UTF-8 (Python's surrogateescape)."""


@dataclass(frozen=True, slots=True)
class Value:
    """A raw value as written: its text lines joined by newline, and the file line of each of them."""

    text: str
    path: str
    lines: tuple[int, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """The file and line of each line of the text."""
        return tuple((self.path, line) for line in self.lines)

    @property
    def line(self) -> int:
        """The line on which the option is named."""
        return self.lines[0]


@dataclass(frozen=True, slots=True)
class Flaw:
    """A syntax error and the section it stands in ("" before the first header)."""

    section: str
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class IniFile:
    """One file: sections in order, each with its raw options by lower-case name, and what was wrong."""

    path: str
    sections: dict[str, dict[str, Value]] = field(default_factory=dict)
    flaws: tuple[Flaw, ...] = ()


def parse(text: str, path: str) -> IniFile:
    """Reads one file completely; wrong lines become flaws and the rest is read on.

    Bytes that were no UTF-8 are expected as surrogates (`errors="surrogateescape"`); a line with one is a flaw.
    """
    reader = _Reader(path)
    for number, line in enumerate(_split_lines(text), 1):
        if number > MAX_LINES:
            reader.refuse_file(number, f"more than {MAX_LINES} lines; the rest is left out")
        if len(reader.flaws) >= MAX_FLAWS or number > MAX_LINES:
            break
        reader.take(number, line)
    reader.end_value()
    return IniFile(path, reader.sections, tuple(reader.flaws))


def _split_lines(text: str) -> Iterator[str]:
    """Lines as Python's text files give them; str.splitlines would also split at form feeds and U+2028."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    at = 0
    while (end := text.find("\n", at)) >= 0:
        yield text[at:end]
        at = end + 1
    yield text[at:]


def strip_comment(line: str) -> tuple[str, bool]:
    """The line without its comment, and whether it had one. `;` counts behind white space only, `#` never inline."""
    bare = line.lstrip()
    if bare[:1] in ("#", ";"):
        return "", True
    found = line.find(";")
    while found > 0:
        if line[found - 1].isspace():
            return line[:found], True
        found = line.find(";", found + 1)
    return line, False


class _Reader:
    """State between lines: the open section, the open value and its indent."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.sections: dict[str, dict[str, Value]] = {}
        self.flaws: list[Flaw] = []
        self.section: str | None = None
        self.option = ""
        self.indent = 0
        self.parts: list[tuple[int, str]] = []
        self.is_open = False
        """Whether deeper lines belong to what came before, be it a value or a line that was refused."""

    def take(self, number: int, line: str) -> None:
        """Takes the next line of the file."""
        body, has_comment = strip_comment(line)
        content = body.strip()
        if not content:
            if not has_comment and self.option:
                self.parts.append((number, ""))
            return
        is_damaged = not content.isascii() and _UNDECODED.search(content) is not None
        if is_damaged:
            content = _legible(content)
        indent = len(line) - len(line.lstrip())
        if self.is_open and indent > self.indent:
            if is_damaged:
                self._refuse_bytes(number, content)
            elif self.option:
                self.parts.append((number, content))
            return
        self.end_value()
        self.indent = indent
        if content.startswith("[") and content.rfind("]") > 1:
            self._open_section(number, content[1 : content.rfind("]")])
        elif not is_damaged:
            self._open_option(number, content)
        if is_damaged:
            self._refuse_bytes(number, content)
            self.is_open = True

    def _open_section(self, number: int, name: str) -> None:
        self.is_open = False
        is_long = len(name) > MAX_NAME_CHARS
        name = name[:MAX_NAME_CHARS]
        if is_long:
            message = f"a section's name of more than {MAX_NAME_CHARS} characters"
            self._refuse(number, message, name, "is a line break missing?", section=name)
        if name in self.sections and name != DEFAULT:
            self._refuse(number, f"section [{name}] stands twice in this file", name, "merge the two", section=name)
        self.section = name
        self.sections.setdefault(name, {})

    def _open_option(self, number: int, content: str) -> None:
        self.is_open = True
        if self.section is None:
            self._refuse(number, "text before the first section", content, "begin the file with [DEFAULT] or [a-jail]")
            return
        places = [place for place in (content.find("="), content.find(":")) if place >= 0]
        name = content[: min(places)].strip().lower() if places else ""
        if len(name) > MAX_NAME_CHARS:
            self._refuse(
                number, f"a name of more than {MAX_NAME_CHARS} characters", content, "is a line break missing?"
            )
        elif not name:
            self._refuse(number, "neither an option nor a section", content, "write name = value, or indent the line")
        elif name in self.sections[self.section]:
            first = self.sections[self.section][name].line
            message = f"option {name!r} stands twice in section [{self.section}], first on line {first}"
            self._refuse(number, message, content, "keep one of the two")
        else:
            self.option = name
            self.parts.append((number, content[min(places) + 1 :].strip()))

    def end_value(self) -> None:
        """Stores the open value; a name that is reserved for it is set even when the value is refused."""
        if self.option and self.section is not None:
            while len(self.parts) > 1 and not self.parts[-1][1]:
                self.parts.pop()
            text = "\n".join(part for _, part in self.parts)
            if len(text) > MAX_VALUE_CHARS or "\0" in text:
                what = "contains a NUL byte" if "\0" in text else f"is longer than {MAX_VALUE_CHARS} characters"
                self._refuse(self.parts[0][0], f"value of {self.option!r} {what}", "", "shorten or repair it")
                text, self.parts = "", self.parts[:1]
            self.sections[self.section][self.option] = Value(text, self.path, tuple(n for n, _ in self.parts))
        self.option, self.parts = "", []

    def refuse_file(self, number: int, message: str) -> None:
        """Notes a flaw that concerns everything, whatever section stands here."""
        self._refuse(number, message, "", "is this a configuration file?", section="")

    def _refuse_bytes(self, number: int, content: str) -> None:
        self._refuse(number, "not valid UTF-8", content, "save the file as UTF-8")

    def _refuse(self, number: int, message: str, value: str, remedy: str, section: str | None = None) -> None:
        trouble = Trouble(message, value, remedy, self.path, number)
        self.flaws.append(Flaw(self.section or "" if section is None else section, trouble))


def _legible(content: str) -> str:
    """The line with its undecodable bytes as `\\xff`."""
    return content.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
