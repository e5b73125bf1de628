"""Owns the directories: which of them are watched, and which paths the patterns mean right now.

In: the patterns once, then directory events. Out: candidate paths to be looked at. Every directory on the way to a
pattern's last component is watched, so that a missing one is noticed when it appears. Opens no log.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from stockade.errors import SourceError
from stockade.sources.openlog import explain
from stockade.sources.patterns import Pattern, is_compressed
from stockade.sources.watch import Event, Watcher

MAX_ENTRIES = 200_000
"""Entries of one directory that a glob looks at; beyond, the pattern is reported as failed and the rest not seen."""

MAX_HOPS = 8
"""Symbolic links that are followed to watch where they lead; beyond, only the regular audit notices a change there."""


@dataclass(slots=True)
class Place:
    """One watched directory: which entries matter, for which pattern at which depth, or as the target of a link."""

    watch: int | None
    literals: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    globs: set[tuple[int, int]] = field(default_factory=set)
    targets: dict[str, set[str]] = field(default_factory=dict)


class Discovery:
    """Finds paths by patterns and keeps finding them as directories change."""

    def __init__(self, patterns: Sequence[Pattern], watcher: Watcher) -> None:
        self._patterns = patterns
        self._watcher = watcher
        self._places: dict[str, Place] = {}
        self._by_watch: dict[int, set[str]] = {}
        self._links: dict[str, list[tuple[str, str]]] = {}
        self._literals: dict[str, set[int]] = {}
        self._globs = [n for n, pattern in enumerate(patterns) if not pattern.is_literal()]
        for number, pattern in enumerate(patterns):
            if pattern.is_literal():
                self._literals.setdefault(pattern.path(), set()).add(number)
        self.problems: dict[int, SourceError] = {}

    def scan(self, number: int) -> Iterator[str]:
        """Walks one pattern from the root, watching every directory on the way before it is listed. Yields paths that
        may be logs; they need not exist (any more)."""
        self.problems.pop(number, None)
        yield from self._walk(number, 0, "/")

    def is_blind(self) -> bool:
        """Tells whether a directory could not be watched, so that scanning again and again must replace its events."""
        return any(place.watch is None for place in self._places.values())

    def drop_vanished(self) -> None:
        """Forgets unwatched places that are no directories any more; the watched ones above them will tell."""
        for directory in [d for d, place in self._places.items() if place.watch is None and not os.path.isdir(d)]:
            del self._places[directory]

    def _walk(self, number: int, depth: int, directory: str) -> Iterator[str]:
        part = self._patterns[number].parts[depth]
        place = self._watched(directory)
        if part.regex is None:
            place.literals.setdefault(part.text, set()).add((number, depth))
            yield from self._enter(number, depth, os.path.join(directory, part.text))
            return
        place.globs.add((number, depth))
        for name in self._names(number, directory):
            if part.accepts(name):
                yield from self._enter(number, depth, os.path.join(directory, name))

    def _enter(self, number: int, depth: int, path: str) -> Iterator[str]:
        parts = self._patterns[number].parts
        if depth + 1 == len(parts):
            if parts[depth].regex is None or not is_compressed(path):
                yield path
        elif os.path.isdir(path):
            yield from self._walk(number, depth + 1, path)

    def _names(self, number: int, directory: str) -> list[str]:
        names: list[str] = []
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if len(names) == MAX_ENTRIES:
                        self.problems[number] = SourceError(
                            f"{directory} has more than {MAX_ENTRIES} entries, the others are not seen",
                            "keep logs in a directory of their own",
                        )
                        break
                    names.append(entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.problems[number] = explain(directory, error)
        names.sort()
        return names

    def _watched(self, directory: str) -> Place:
        """The place of a directory, its watch renewed: the name may belong to another directory by now."""
        watch = self._watcher.watch_directory(directory)
        place = self._places.setdefault(directory, Place(None))
        if watch != place.watch:
            self._unwatch(directory, place)
            place.watch = watch
            if watch is not None:
                self._by_watch.setdefault(watch, set()).add(directory)
        else:
            self._watcher.forget(watch)
        return place

    def _unwatch(self, directory: str, place: Place) -> None:
        if place.watch is not None:
            paths = self._by_watch.get(place.watch, set())
            paths.discard(directory)
            if not paths:
                self._by_watch.pop(place.watch, None)
            self._watcher.forget(place.watch)
            place.watch = None

    def paths(self, watch: int, name: str) -> list[str]:
        """The paths by which an entry of a watched directory is known here."""
        return [os.path.join(directory, name) for directory in sorted(self._by_watch.get(watch, ()))]

    def on_event(self, event: Event) -> tuple[list[str], list[str]]:
        """What a directory's event concerns: candidates, and paths at or below which everything may have changed."""
        found: list[str] = []
        below: list[str] = []
        for directory in sorted(self._by_watch.get(event.watch, ())):
            place = self._places[directory]
            if event.is_gone and not event.name:
                self._unwatch(directory, place)
                below.append(directory)
                found += self._found_again(directory)
            else:
                self._on_entry(directory, place, event.name, found, below)
        return found, below

    def _on_entry(self, directory: str, place: Place, name: str, found: list[str], below: list[str]) -> None:
        path = os.path.join(directory, name)
        steps = set(place.literals.get(name, ()))
        steps |= {(n, depth) for n, depth in place.globs if self._patterns[n].parts[depth].accepts(name)}
        for number, depth in sorted(steps):
            if depth + 1 < len(self._patterns[number].parts):
                below.append(path)
            found += self._enter(number, depth, path)
        below += sorted(place.targets.get(name, ()))

    def _found_again(self, directory: str) -> list[str]:
        """Walks again what led through a directory that is gone: another may stand in its place already."""
        place = self._places.pop(directory)
        if not os.path.isdir(directory):
            return []
        steps = set(place.globs).union(*place.literals.values())
        return [path for number, depth in sorted(steps) for path in self._walk(number, depth, directory)]

    def follow(self, path: str) -> None:
        """Watches the directories that the symbolic links behind a path lead through; replaces what was known of it."""
        for directory, name in self._links.pop(path, []):
            place = self._places.get(directory)
            if place is not None and name in place.targets:
                place.targets[name].discard(path)
                self._tidy(directory, place)
        hops = list(_hops(path))
        if hops:
            self._links[path] = hops
        for directory, name in hops:
            self._watched(directory).targets.setdefault(name, set()).add(path)

    def _tidy(self, directory: str, place: Place) -> None:
        place.targets = {name: paths for name, paths in place.targets.items() if paths}
        if not (place.targets or place.literals or place.globs):
            self._unwatch(directory, place)
            del self._places[directory]

    def patterns_of(self, path: str) -> frozenset[int]:
        """The numbers of all patterns that mean a path, whether or not it exists."""
        globs = (n for n in self._globs if self._patterns[n].accepts(path))
        return frozenset(self._literals.get(path, ())).union(globs)


def _hops(path: str) -> Iterator[tuple[str, str]]:
    """The directory and name of each target on the way from a symbolic link to its end."""
    with suppress(OSError):
        for _ in range(MAX_HOPS):
            if not os.path.islink(path):
                return
            path = os.path.join(os.path.dirname(path), os.readlink(path))
            path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
            yield os.path.dirname(path), os.path.basename(path)
