"""Properties: the tags of a command that are the same for every ban (arguments, `[Init]`, other commands).

In: a command's text and the action's properties. Out: the text with ticket tags left, or what is wrong with it as a
value. Done once, when the action is made; tickets are not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stockade.actions.families import look_up

TAG = re.compile(r"<([^ <>]+)>")
"""A tag: the innermost of nested ones is found first, so `<set-<kind>>` is composed."""

MAX_ROUNDS: Final = 25
"""How often one tag may be replaced within one command; more is taken for a definition without end: Unresolvable."""

MAX_COMMAND_BYTES: Final = 48 << 10
"""A command that grows longer is Unresolvable; twice as much, as variables need, still fits an argument of Linux."""

_LATER = frozenset({"matches", "ipmatches", "ipjailmatches", "bantime"})
"""Never properties: the ticket's value is meant, whatever an option is called."""

_ALWAYS: Mapping[str, str] = {"br": "\n", "sp": " "}


@dataclass(frozen=True, slots=True)
class Unresolvable:
    """Why a command's properties cannot be put in: the tag at fault and a sentence."""

    tag: str
    message: str


def expand(option: str, properties: Mapping[str, str], family: str) -> str | Unresolvable:
    """The text of a command for one family, every property in it replaced, and those in the replacements."""
    text = look_up(properties, option, family) or ""
    rounds: dict[str, int] = {}
    at = 0
    while (match := TAG.search(text, at)) is not None:
        tag = match[1]
        replacement = _property(tag, properties, family)
        if replacement is None:
            at = match.end()
            continue
        rounds[tag] = rounds.get(tag, 0) + 1
        if tag == option or rounds[tag] > MAX_ROUNDS:
            return Unresolvable(tag, f"contains itself through tag <{tag}>")
        if len(text) + text.count(match[0]) * len(replacement) > 2 * MAX_COMMAND_BYTES:
            return _too_long(tag)
        text = text[: match.start()] + text[match.start() :].replace(match[0], replacement)
        at = max(text.rfind("<", 0, match.start()), 0)
    return text if len(text.encode("utf-8", "replace")) <= MAX_COMMAND_BYTES else _too_long(option)


def _property(tag: str, properties: Mapping[str, str], family: str) -> str | None:
    """What a tag stands for, if it is a property; those that begin with `_` end with the configuration's reading."""
    if tag.startswith("_") or tag in _LATER:
        return None
    found = look_up(properties, tag, family)
    return _ALWAYS.get(tag) if found is None else found


def _too_long(tag: str) -> Unresolvable:
    return Unresolvable(tag, f"is longer than {MAX_COMMAND_BYTES} bytes once its tags are replaced")
