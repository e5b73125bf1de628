"""Owns the reading of one `logpath` pattern: its components, and which names each of them accepts.

In: `LogPath` (absolute path or shell glob: `*`, `?`, `[…]` within one component, no `**`; a leading dot must be written
out). Out: `Pattern`. Touches no file system.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from fnmatch import translate

from stockade.model.settings import LogPath

_COMPRESSED = (".gz", ".xz", ".bz2", ".zst", ".lz4", ".lzma", ".Z")


def is_compressed(name: str) -> bool:
    """Tells whether a name is that of a compressed rotation, which holds nothing that was not read before."""
    return name.endswith(_COMPRESSED)


@dataclass(frozen=True, slots=True)
class Part:
    """One component of a pattern; `regex` is None for a literal one."""

    text: str
    regex: re.Pattern[str] | None

    def accepts(self, name: str) -> bool:
        """Tells whether a directory entry is meant."""
        if self.regex is None:
            return name == self.text
        return name.startswith(".") == self.text.startswith(".") and self.regex.match(name) is not None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A `logpath`, split at its slashes."""

    log_path: LogPath
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, log_path: LogPath) -> Pattern:
        """Splits a pattern; a relative one is taken from the working directory."""
        names = os.path.join(os.getcwd(), log_path.pattern).split("/")
        return cls(log_path, tuple(_part(name) for name in names if name not in ("", ".")))

    def is_literal(self) -> bool:
        """Tells whether the pattern names one file."""
        return all(part.regex is None for part in self.parts)

    def path(self) -> str:
        """The pattern as an absolute path."""
        return "/" + "/".join(part.text for part in self.parts)

    def accepts(self, path: str) -> bool:
        """Tells whether an absolute path without `.` components is meant."""
        names = path.split("/")[1:]
        return len(names) == len(self.parts) and all(
            part.accepts(name) for part, name in zip(self.parts, names, strict=True)
        )


def _part(name: str) -> Part:
    is_glob = any(char in name for char in "*?[")
    return Part(name, re.compile(translate(name)) if is_glob else None)
