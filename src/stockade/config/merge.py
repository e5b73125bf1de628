"""Reads the files of a configuration name, with their includes, and merges them in order.

In: a search path and a name. Out: `Merged`, with the syntax errors. One reader serves one load and parses each file
once; a new load makes a new reader. Nothing is interpolated here but the include lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stockade.config.history import INCLUDES, Merged
from stockade.config.ini import Flaw, IniFile, parse
from stockade.config.interpolate import Scope
from stockade.config.limits import MAX_FILE_BYTES, MAX_INCLUDE_DEPTH, MAX_MERGED_FILES
from stockade.config.paths import candidates, included, names_in, siblings
from stockade.config.trouble import Trouble, suggest


class TreeReader:
    """Reads configuration names from one search path; caches parsed files for its own lifetime."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self._parsed: dict[Path, IniFile] = {}
        self._merged: dict[str, Merged] = {}

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
                raise Trouble(f"there is no {name}.conf", word, remedy or f"create it in {self.roots[-1]}")
            self._merged[name] = self._merge(name, paths)
        return self._merged[name]

    def read_file(self, path: Path) -> Merged:
        """Merges one file given by its path, with its includes."""
        return self._merge(str(path), [path])

    def _merge(self, name: str, paths: list[Path]) -> Merged:
        merged = Merged(name)
        try:
            for path in self._expand(paths, ()):
                merged.add(self._parse(path))
                if len(merged.files) > MAX_MERGED_FILES:
                    raise Trouble(f"more than {MAX_MERGED_FILES} files", "", "look for includes that repeat", str(path))
        except Trouble as trouble:
            merged.flaws.append(Flaw("", trouble))
        return merged

    def _expand(self, paths: Sequence[Path], ancestors: tuple[Path, ...]) -> list[Path]:
        """The files with their includes before and behind them; a file among its own ancestors is skipped."""
        if len(ancestors) > MAX_INCLUDE_DEPTH:
            raise Trouble(f"includes nested more than {MAX_INCLUDE_DEPTH} deep", "", "flatten them", str(ancestors[-1]))
        found: list[Path] = []
        for path in self._with_siblings(paths):
            if path in ancestors:
                continue
            before, after = self._includes(path)
            chain = (*ancestors, path)
            found += [*self._expand(before, chain), path, *self._expand(after, chain)]
            if len(found) > MAX_MERGED_FILES:
                raise Trouble(f"more than {MAX_MERGED_FILES} files", "", "look for includes that repeat", str(path))
        return found

    def _with_siblings(self, paths: Sequence[Path]) -> list[Path]:
        """Puts the `.local` of each file directly behind it, unless it is listed itself."""
        members = set(paths)
        listed: list[Path] = []
        for path in paths:
            new = [local for local in siblings(self.roots, path) if local not in members]
            members.update(new)
            listed += [path, *new]
        return listed

    def _includes(self, path: Path) -> tuple[list[Path], list[Path]]:
        options = self._parse(path).sections.get(INCLUDES)
        if not options:
            return [], []
        return self._include_list(path, "before"), self._include_list(path, "after")

    def _include_list(self, path: Path, option: str) -> list[Path]:
        alone = Merged(str(path))
        alone.add(self._parse(path))
        text = Scope(alone, INCLUDES).text(option) or ""
        names = [line.strip() for line in text.split("\n") if line.strip()]
        return [file for name in names for file in included(self.roots, path, name)]

    def _parse(self, path: Path) -> IniFile:
        if path not in self._parsed:
            try:
                self._parsed[path] = parse(_read_text(path), str(path))
            except Trouble as trouble:
                self._parsed[path] = IniFile(str(path), {}, (Flaw("", trouble),))
        return self._parsed[path]


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Trouble(f"cannot be read ({error.strerror})", "", "check owner and mode", str(path)) from None
    if len(data) > MAX_FILE_BYTES:
        raise Trouble(f"larger than {MAX_FILE_BYTES} bytes", "", "is this a configuration file?", str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        shown = repr(data[error.start : error.start + 4])
        raise Trouble("not valid UTF-8", shown, "save the file as UTF-8", str(path), line) from None
