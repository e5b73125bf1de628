"""Expressions that a wrong `mode` has emptied: a filter's `<mdre-<mode>>` with a mode that the file does not know.

In: a filter's definition and its final texts. Out: Trouble for every tag that is left though its file defines others of
the same family. The reference keeps such a tag as literal text, which no log ever contains, and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from stockade.config.definition import SECTION, Definition
from stockade.config.text import Text
from stockade.config.trouble import Trouble

_TAG = re.compile(r"<([a-z_][a-z0-9_]*-[\w-]*)>")
_EXPRESSIONS = ("prefregex", "failregex", "ignoreregex")
MAX_SHOWN = 12
"""Modes that a remedy lists."""


def unknown_modes(definition: Definition, texts: Mapping[str, Text]) -> Iterator[Trouble]:
    """Yields a warning for each line of an expression that holds such a tag."""
    known = {*definition.merged.own(SECTION), *definition.init}
    for option in _EXPRESSIONS:
        text = texts.get(option)
        if text is None or "<" not in text.text:
            continue
        for line, place in zip(text.text.split("\n"), text.places, strict=True):
            for found in _TAG.finditer(line):
                if _has_family(found[1], known):
                    yield _trouble(option, found[1], definition, known).at(*place)


def _has_family(tag: str, known: set[str]) -> bool:
    """Whether the file defines other options that begin as the tag does; else it may be text of the log."""
    stem = tag[: tag.index("-") + 1]
    return tag not in known and any(name.startswith(stem) for name in known)


def _trouble(option: str, tag: str, definition: Definition, known: set[str]) -> Trouble:
    message = f"{option}: the filter defines no such part, which so stands for itself and matches no log"
    for name, value in definition.variables.items():
        found = re.search(f"-{re.escape(value)}(?=-|$)", tag) if value else None
        if found is not None:
            choices = _choices(tag[: found.start() + 1], tag[found.end() :], known)
            if choices:
                remedy = f"{name} = {value} is unknown here: write one of {', '.join(choices[:MAX_SHOWN])}"
                return Trouble(message, f"<{tag}>", remedy)
    return Trouble(message, f"<{tag}>", f"define {tag}, or remove the tag")


def _choices(before: str, after: str, known: set[str]) -> list[str]:
    """The values for which the file has a part."""
    wanted = re.compile(f"{re.escape(before)}(\\w+){re.escape(after)}")
    return sorted(found[1] for name in known if (found := wanted.fullmatch(name)) is not None)
