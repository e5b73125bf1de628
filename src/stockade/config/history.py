"""What several files say about the same options: every version, and the layer that wrote it.

In: parsed files, in merge order. Out: `Merged`, the sections of one configuration name. The full history makes
`%(known/x)s` mean "the value before this layer" however many layers there are. No files are opened here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stockade.config.ini import DEFAULT, Flaw, IniFile, Value
from stockade.config.trouble import Trouble

INCLUDES = "INCLUDES"
_CONDITIONAL = re.compile(r"(\w+)(\?.+)")


class Version(NamedTuple):
    """One raw value and the number of the layer (merged file) that wrote it."""

    layer: int
    value: Value


Options = dict[str, list[Version]]


@dataclass(slots=True)
class Merged:
    """All files of one configuration name. Versions stand oldest first; the last one counts."""

    name: str
    sections: dict[str, Options] = field(default_factory=dict)
    defaults: Options = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    warnings: list[Trouble] = field(default_factory=list)
    """What is odd without being wrong."""
    files: list[str] = field(default_factory=list)
    size: int = 0
    """Versions of options."""
    references: int = 0
    """`%(…)s` replaced so far, whoever asked."""

    def latest(self, section: str, option: str) -> Version | None:
        """The version that counts, from the section or from [DEFAULT]."""
        versions = self.sections.get(section, {}).get(option) or self.defaults.get(option)
        return versions[-1] if versions else None

    def place(self, section: str) -> tuple[str, int]:
        """File and line of the section's first option; the first file when it has none."""
        for versions in self.own(section).values():
            return versions[0].value.path, versions[0].value.line
        return (self.files[0], 0) if self.files else ("", 0)

    def own(self, section: str) -> Mapping[str, list[Version]]:
        """The options written in the section itself."""
        return self.sections.get(section, {})

    def add(self, file: IniFile) -> None:
        """Lays one more file over the rest."""
        layer = len(self.files)
        self.files.append(file.path)
        self.flaws += file.flaws
        for name, options in file.sections.items():
            conditional = _CONDITIONAL.fullmatch(name)
            base, suffix = conditional.groups() if conditional else (name, "")
            target = self.defaults if base == DEFAULT else self.sections.setdefault(base, {})
            self.size += len(options)
            for option, value in options.items():
                target.setdefault(option + suffix, []).append(Version(layer, value))
