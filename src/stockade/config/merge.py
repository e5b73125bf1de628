"""Reads the files of a configuration name, with their includes, and merges them in order.

In: a search path and a name. Out: `Merged`, with the syntax errors. One reader serves one load and parses each file
once; a new load makes a new reader. Nothing is interpolated here but the include lists.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stockade.config.history import Merged
from stockade.config.includes import Inclusion
from stockade.config.ini import Flaw, IniFile, parse
from stockade.config.limits import MAX_FILE_BYTES, MAX_OPTIONS, MAX_TREE_BYTES
from stockade.config.paths import candidates, names_in
from stockade.config.trouble import SHOWN_CHARS, Trouble, suggest

_NULL_DEVICE: Final = os.makedev(1, 3)


class TreeReader:
    """Reads configuration names from one search path; caches parsed files for its own lifetime."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self._parsed: dict[Path, IniFile] = {}
        self._merged: dict[str, Merged] = {}
        self._bytes = 0

    def known(self) -> list[Merged]:
        """Everything that was read by name so far."""
        return list(self._merged.values())

    def read(self, name: str) -> Merged:
        """Merges all files of a name; raises Trouble when there is none."""
        if name not in self._merged:
            paths = candidates(self.roots, name)
            if not paths:
                folder, _, word = name.rpartition("/")
                remedy = suggest(word, names_in(self.roots, folder)) if folder else ""
                shown = name if len(name) <= SHOWN_CHARS else name[:SHOWN_CHARS] + "…"
                raise Trouble(f"there is no {shown}.conf", word, remedy or f"create it in {self.roots[-1]}")
            self._merged[name] = self._merge(name, paths)
        return self._merged[name]

    def read_file(self, path: Path) -> Merged:
        """Merges one file given by its path, with its includes."""
        return self._merge(str(path), [path])

    def _merge(self, name: str, paths: list[Path]) -> Merged:
        merged = Merged(name)
        inclusion = Inclusion(self.roots, self._parse)
        inclusion.add(paths)
        for path in inclusion.files:
            if merged.size > MAX_OPTIONS:
                message = f"more than {MAX_OPTIONS} options; this file and those behind it are left out"
                merged.flaws.append(Flaw("", Trouble(message, "", "look for files that are included often", str(path))))
                break
            merged.add(self._parse(path))
        merged.flaws += [Flaw("", trouble) for trouble in inclusion.troubles]
        merged.warnings += inclusion.warnings
        return merged

    def _parse(self, path: Path) -> IniFile:
        if path not in self._parsed:
            try:
                data = _read_bytes(path, min(MAX_FILE_BYTES, MAX_TREE_BYTES - self._bytes))
                self._bytes += len(data)
                self._parsed[path] = parse(data.decode("utf-8", "surrogateescape"), str(path))
            except Trouble as trouble:
                self._parsed[path] = IniFile(str(path), {}, (Flaw("", trouble),))
        return self._parsed[path]


def _read_bytes(path: Path, limit: int) -> bytes:
    """What a file holds; raises Trouble for what is no file, or holds more than `limit` bytes.

    Never waits: a pipe is not read, and of a device only /dev/null, with which a file is masked.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) and status.st_rdev != _NULL_DEVICE:
                raise Trouble("not a regular file", "", "put a regular file there, or do not name it", str(path))
            data = file.read(limit + 1)
    except OSError as error:
        raise Trouble(f"cannot be read ({error.strerror})", "", "check owner, mode and links", str(path)) from None
    if len(data) > limit:
        is_tree = limit < MAX_FILE_BYTES
        message = f"all files together exceed {MAX_TREE_BYTES} bytes" if is_tree else f"larger than {limit} bytes"
        raise Trouble(message, "", "is this a configuration file?", str(path))
    return data
