"""Includes: which files a list of files stands for, each with its `before` in front of it and its `after` behind.

In: the search path, files, and a function that parses one. Out: the files in the order in which they are merged, and
what is wrong with their include lists. Whatever is wrong with one include, all other files are still listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from stockade.config.history import INCLUDES, Merged
from stockade.config.ini import IniFile, Place
from stockade.config.interpolate import Scope
from stockade.config.limits import MAX_FLAWS, MAX_INCLUDE_DEPTH, MAX_MERGED_FILES
from stockade.config.paths import included, siblings
from stockade.config.trouble import Trouble


class Inclusion:
    """The files of one configuration name. `troubles` make it wrong, `warnings` do not."""

    def __init__(self, roots: Sequence[Path], parse: Callable[[Path], IniFile]) -> None:
        self.files: list[Path] = []
        self.troubles: list[Trouble] = []
        self.warnings: list[Trouble] = []
        self._roots = roots
        self._parse = parse
        self._is_full = False

    def add(self, paths: Sequence[Path], ancestors: tuple[Path, ...] = ()) -> None:
        """Lists files with their includes; `ancestors` are the files through which these are included."""
        for path in self._with_siblings(paths):
            if path in ancestors:  # x.local includes x.conf, whose sibling it is
                continue
            self._include(path, "before", (*ancestors, path))
            if len(self.files) >= MAX_MERGED_FILES:
                self._note_full(path)
                return
            self.files.append(path)
            self._include(path, "after", (*ancestors, path))

    def _note_full(self, path: Path) -> None:
        if not self._is_full:
            message = f"more than {MAX_MERGED_FILES} files; this one and those behind it are left out"
            self._note(self.troubles, Trouble(message, "", "look for includes that repeat", str(path)))
        self._is_full = True

    def _with_siblings(self, paths: Sequence[Path]) -> list[Path]:
        """Puts the `.local` of each file directly behind it, unless it is listed itself."""
        members = set(paths)
        listed: list[Path] = []
        for path in paths:
            new = [local for local in siblings(self._roots, path) if local not in members]
            members.update(new)
            listed += [path, *new]
        return listed

    def _include(self, path: Path, option: str, chain: tuple[Path, ...]) -> None:
        if self._is_full or option not in self._parse(path).sections.get(INCLUDES, {}):
            return
        found: list[Path] = []
        for name, place in self._names(path, option):
            for file in included(self._roots, path, name):
                if file in chain:
                    self._note_loop(name, place, chain[chain.index(file) :])
                else:
                    found.append(file)
        if found and len(chain) > MAX_INCLUDE_DEPTH:
            message = f"includes nested more than {MAX_INCLUDE_DEPTH} deep are not followed"
            self._note(self.troubles, Trouble(message, found[0].name, "flatten them", *place))
        elif found:
            self.add(found, chain)

    def _names(self, path: Path, option: str) -> list[tuple[str, Place]]:
        """The names in an include list and where each stands; only the file's own options are known to them."""
        alone = Merged(str(path))
        alone.add(self._parse(path))
        try:
            text = Scope(alone, INCLUDES).find(option)
        except Trouble as trouble:
            self._note(self.troubles, trouble)
            return []
        lines = zip(text.text.split("\n"), text.places, strict=True) if text else ()
        return [(line.strip(), place) for line, place in lines if line.strip()]

    def _note_loop(self, name: str, place: Place, loop: tuple[Path, ...]) -> None:
        through = " includes ".join([file.name for file in (*loop, loop[0])])
        message = f"an endless include, skipped here: {through}"
        self._note(self.warnings, Trouble(message, name, "remove one of these includes", *place))

    @staticmethod
    def _note(where: list[Trouble], trouble: Trouble) -> None:
        if len(where) < MAX_FLAWS:
            where.append(trouble)
