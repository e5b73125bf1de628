"""`%(…)s` interpolation: the text of an option with every reference replaced.

In: merged files, the section whose options are read, and texts supplied by the caller. Out: `Found`: the final text and
the version it came from. References are replaced late, in the context of the section being read. Tags are not touched.

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
from stockade.config.ini import DEFAULT, Value
from stockade.config.limits import MAX_REFERENCE_DEPTH, MAX_REFERENCES, MAX_VALUE_CHARS
from stockade.config.trouble import Trouble, suggest

_REFERENCE = re.compile(r"%\(([^)]+)\)s")


class Found(NamedTuple):
    """The final text of an option and where it is written."""

    text: str
    value: Value


class _Source(NamedTuple):
    """A raw text on its way: where it is written, and whether a lone `%` in it is meant literally."""

    version: Version
    is_default: bool = False
    is_literal: bool = False


@dataclass(slots=True)
class _Budget:
    """What one option may still cost."""

    references: int = MAX_REFERENCES
    chars: int = MAX_VALUE_CHARS


@dataclass(slots=True)
class Scope:
    """One section of merged files, as its references see it."""

    merged: Merged
    section: str
    variables: Mapping[str, str] = field(default_factory=dict)
    known: Callable[[str], str | None] | None = None

    def text(self, option: str) -> str | None:
        """The final text of an option of the section or [DEFAULT]; None when it is nowhere. Raises Trouble."""
        found = self.find(option)
        return found.text if found else None

    def find(self, option: str) -> Found | None:
        """The same with the place where it is written."""
        source = self._plain(option)
        if source is None:
            return None
        return Found(self._expand(source, 0, _Budget()), source.version.value)

    def _plain(self, name: str) -> _Source | None:
        for options, is_default in ((self.merged.own(self.section), False), (self.merged.defaults, True)):
            if name in options:
                return _Source(options[name][-1], is_default)
        return None

    def _expand(self, source: _Source, depth: int, budget: _Budget) -> str:
        raw = source.version.value.text
        if "%" not in raw:
            return raw
        if depth > MAX_REFERENCE_DEPTH:
            raise self._trouble(source, 0, f"references nested more than {MAX_REFERENCE_DEPTH} deep", raw, "")
        parts: list[str] = []
        at = 0
        while (percent := raw.find("%", at)) >= 0:
            parts.append(raw[at:percent])
            piece, at = self._replace(source, percent, depth, budget)
            parts.append(piece)
        parts.append(raw[at:])
        text = "".join(parts)
        if len(text) > MAX_VALUE_CHARS:
            raise self._trouble(source, 0, f"longer than {MAX_VALUE_CHARS} characters after substitution", "", "")
        return text

    def _replace(self, source: _Source, at: int, depth: int, budget: _Budget) -> tuple[str, int]:
        """The text for what begins with the `%` at `at`, and where it ends."""
        raw = source.version.value.text
        if raw.startswith("%%", at):
            return "%", at + 2
        match = _REFERENCE.match(raw, at)
        target = self._lookup(match[1], source) if match else None
        if match is None or target is None:
            if source.is_literal:
                return "%", at + 1
            raise self._unknown(source, at, match[0] if match else "")
        budget.references -= 1
        piece = self._expand(target, depth + 1, budget)
        budget.chars -= len(piece)
        if budget.references < 0 or budget.chars < 0:
            raise self._trouble(source, at, "too many references in one value", match[0], "look for values that double")
        return piece, match.end()

    def _lookup(self, reference: str, source: _Source) -> _Source | None:
        name = reference.lower()
        if name == "__name__":
            return _literal(self.section, source)
        if name in self.variables:
            return _literal(self.variables[name], source)
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
            return _Source(options[option][-1])
        return _last(self.merged.defaults, option)

    def _lookup_known(self, option: str, source: _Source) -> _Source | None:
        if self.known is not None and (text := self.known(option)) is not None:
            return _literal(text, source)
        layer = source.version.layer
        versions = self.merged.own(self.section).get(option, [])
        older = [version for version in versions if version.layer < layer]
        if older:
            return _Source(older[-1])
        if len(versions) > 1 and not source.is_default:
            return _Source(versions[-2])
        defaults = self.merged.defaults.get(option, [])
        older = [version for version in defaults if version.layer < layer] if source.is_default else []
        return _Source((older or defaults)[-1], is_default=True) if defaults else None

    def _unknown(self, source: _Source, at: int, reference: str) -> Trouble:
        if not reference:
            shown = source.version.value.text[at : at + 20].split("\n")[0]
            return self._trouble(source, at, "a lone % is not permitted", shown, "write %% for a percent sign")
        name = reference[2:-2].lower()
        options = {**self.merged.defaults, **self.merged.own(self.section), **self.variables}
        remedy = suggest(name, options, f"define {name} in [{self.section}] or [DEFAULT]")
        message = f"reference to an unknown option, read for [{self.section}]"
        return self._trouble(source, at, message, reference, remedy)

    def _trouble(self, source: _Source, at: int, message: str, value: str, remedy: str) -> Trouble:
        written = source.version.value
        return Trouble(message, value, remedy, written.path, written.line_at(at))


def _literal(text: str, source: _Source) -> _Source:
    """A text that is final already: only what still is a valid reference in it is replaced."""
    written = source.version.value
    return _Source(Version(source.version.layer, Value(text, written.path, written.lines)), is_literal=True)


def _last(options: Options, name: str) -> _Source | None:
    return _Source(options[name][-1], is_default=True) if name in options else None
