"""`%(…)s` interpolation: the text of an option with every reference replaced.

In: merged files, the section whose options are read, and texts supplied by the caller. Out: the final text, each line
with its place. References are replaced late, in the context of the section being read. Tags are not touched.

Where `%(name)s` is looked up
    `name`          the caller's variables, the section, [DEFAULT]; `__name__` is the section's name
    `sect/name`     that section (its exact name first, then without regard to case), else [DEFAULT]
    `default/name`  [DEFAULT], in any case
    `known/name`    what the caller knows (a filter's effective options), else the section's value before the layer in
                    which the reference was written, else the one before the last, else [DEFAULT]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stockade.config.history import Merged, Options, Version
from stockade.config.ini import DEFAULT
from stockade.config.limits import (
    MAX_NAME_CHARS,
    MAX_REFERENCE_DEPTH,
    MAX_REFERENCES,
    MAX_TREE_REFERENCES,
    MAX_VALUE_CHARS,
)
from stockade.config.text import Text, Weaver, at_place, of_value
from stockade.config.trouble import Trouble, suggest

_REFERENCE = re.compile(rf"%\(([^)]{{1,{MAX_NAME_CHARS}}})\)s")

_DOUBLED = "look for values that double"


class _Source(NamedTuple):
    """A raw text on its way, the layer that wrote it, and whether a lone `%` in it is meant literally."""

    raw: Text
    layer: int
    is_default: bool = False
    is_literal: bool = False


@dataclass(slots=True)
class _Budget:
    """What one option may still cost."""

    references: int = MAX_REFERENCES
    chars: int = MAX_VALUE_CHARS

    def spend(self, chars: int) -> bool:
        """Counts one reference with its text; tells whether that was within the budget."""
        self.references -= 1
        self.chars -= chars
        return self.references >= 0 and self.chars >= 0


@dataclass(slots=True)
class Scope:
    """One section of merged files, as its references see it."""

    merged: Merged
    section: str
    variables: Mapping[str, str] = field(default_factory=dict)
    known: Callable[[str], Text | None] | None = None

    def text(self, option: str) -> str | None:
        """The final text of an option of the section or [DEFAULT]; None when it is nowhere. Raises Trouble."""
        found = self.find(option)
        return found.text if found else None

    def find(self, option: str) -> Text | None:
        """The same with the places of its lines."""
        source = self._plain(option)
        return None if source is None else self._expand(source, 0, _Budget())

    def versions(self, option: str) -> list[Text]:
        """Every version of an option of the section itself, oldest first."""
        sources = (_source(version) for version in self.merged.own(self.section).get(option, []))
        return [self._expand(source, 0, _Budget()) for source in sources]

    def _plain(self, name: str) -> _Source | None:
        for options, is_default in ((self.merged.own(self.section), False), (self.merged.defaults, True)):
            if name in options:
                return _source(options[name][-1], is_default)
        return None

    def _expand(self, source: _Source, depth: int, budget: _Budget) -> Text:
        raw, places = source.raw
        if "%" not in raw:
            return source.raw
        if depth > MAX_REFERENCE_DEPTH:
            message = f"references nested more than {MAX_REFERENCE_DEPTH} deep"
            raise self._trouble(source, 0, message, raw, "look for options that refer to each other")
        whole = Weaver(places[0])
        at = line = 0
        while (percent := raw.find("%", at)) >= 0:
            whole.own(raw[at:percent], places[line:])
            piece, end = self._replace(source, percent, depth, budget)
            line += raw.count("\n", at, percent)
            if isinstance(piece, str):
                whole.own(piece, places[line:])
            else:
                whole.insert(piece)
            line += raw.count("\n", percent, end)
            at = end
        whole.own(raw[at:], places[line:])
        if whole.chars > MAX_VALUE_CHARS:
            raise self._trouble(source, 0, f"longer than {MAX_VALUE_CHARS} characters when replaced", "", _DOUBLED)
        return whole.text()

    def _replace(self, source: _Source, at: int, depth: int, budget: _Budget) -> tuple[Text | str, int]:
        """What the `%` at `at` stands for, and where that ends: a text of its own, or a plain `%`."""
        raw = source.raw.text
        if raw.startswith("%%", at):
            return "%", at + 2
        match = _REFERENCE.match(raw, at)
        target = self._lookup(match[1], source) if match else None
        if match is None or target is None:
            if source.is_literal:
                return "%", at + 1
            raise self._unknown(source, at, match[0] if match else "")
        piece = self._expand(target, depth + 1, budget)
        self.merged.references += 1
        if not budget.spend(len(piece.text)):
            raise self._trouble(source, at, "too many references in one value", match[0], _DOUBLED)
        if self.merged.references > MAX_TREE_REFERENCES:
            raise self._trouble(source, at, "too many references in all", match[0], _DOUBLED)
        return piece, match.end()

    def _lookup(self, reference: str, source: _Source) -> _Source | None:
        name = reference.lower()
        if name == "__name__":
            return _literal(at_place(self.section, source.raw.places[0]), source)
        if name in self.variables:
            return _literal(at_place(self.variables[name], source.raw.places[0]), source)
        found = self._plain(name)
        if found or "/" not in name:
            return found
        section, option = reference.rsplit("/", 1) if not name.startswith("known/") else ("known", name[6:])
        if section == "known":
            return self._lookup_known(option, source)
        if section.upper() == DEFAULT:
            return _last(self.merged.defaults, option.lower())
        return self._lookup_section(section, option.lower())

    def _lookup_section(self, section: str, option: str) -> _Source | None:
        options = self.merged.sections.get(section)
        if options is None:
            alike = [found for name, found in self.merged.sections.items() if name.lower() == section.lower()]
            options = alike[0] if alike else None
        if options is None:
            return None
        if option in options:
            return _source(options[option][-1])
        return _last(self.merged.defaults, option)

    def _lookup_known(self, option: str, source: _Source) -> _Source | None:
        if self.known is not None and (text := self.known(option)) is not None:
            return _literal(text, source)
        layer = source.layer
        versions = self.merged.own(self.section).get(option, [])
        older = [version for version in versions if version.layer < layer]
        if older:
            return _source(older[-1])
        if len(versions) > 1 and not source.is_default:
            return _source(versions[-2])
        defaults = self.merged.defaults.get(option, [])
        older = [version for version in defaults if version.layer < layer] if source.is_default else []
        return _source((older or defaults)[-1], is_default=True) if defaults else None

    def _unknown(self, source: _Source, at: int, reference: str) -> Trouble:
        if not reference:
            shown = source.raw.text[at : at + 20].split("\n")[0]
            return self._trouble(source, at, "a lone % is not permitted", shown, "write %% for a percent sign")
        name = reference[2:-2].lower()
        options = {**self.merged.defaults, **self.merged.own(self.section), **self.variables}
        remedy = suggest(name, options, f"define {name} in [{self.section}] or [DEFAULT]")
        message = f"reference to an unknown option, read for [{self.section}]"
        return self._trouble(source, at, message, reference, remedy)

    def _trouble(self, source: _Source, at: int, message: str, value: str, remedy: str) -> Trouble:
        path, line = source.raw.places[source.raw.text.count("\n", 0, at)]
        return Trouble(message, value, remedy, path, line)


def _source(version: Version, is_default: bool = False) -> _Source:
    return _Source(of_value(version.value), version.layer, is_default)


def _literal(text: Text, source: _Source) -> _Source:
    """A text that is final already: only what still is a valid reference in it is replaced."""
    return _Source(text, source.layer, is_literal=True)


def _last(options: Options, name: str) -> _Source | None:
    return _source(options[name][-1], is_default=True) if name in options else None
