"""Knows where journal files lie for given settings, and whether this process may read them.

In: `JournalSettings`. Out: an open journal, the files that exist (as what they are, not as what they are called), a
problem with its remedy. Reads no entry.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from stockade.errors import SourceError
from stockade.model.settings import JournalSettings
from stockade.sources.journal_line import MAX_FIELD
from stockade.sources.libsystemd import Handle, Library

LOCAL_ONLY, RUNTIME_ONLY = 1, 2
"""SD_JOURNAL_LOCAL_ONLY: entries of this machine; SD_JOURNAL_RUNTIME_ONLY: none from before the last boot."""

ROOTS = ("/var/log/journal", "/run/log/journal")
"""Where journald keeps its files: lasting and until the next boot."""

MACHINE_ID = "/etc/machine-id"

MAX_FILES = 8192
"""Files that are looked at; the library itself reads no more than 7168. What is beyond is not read."""

NEWEST = 3
"""Files among which the names of the services that log now are looked for."""

_MACHINE = re.compile(r"[0-9a-f]{32}(?:\.[^/]+)?")
"""The name of a directory that belongs to one machine, and perhaps to one namespace of it."""

Identity = tuple[int, int]
"""Device and inode: a file keeps them when it is renamed."""


class JournalPlace:
    """The place that settings name: a directory, files, a namespace or, as a rule, this machine's journal."""

    def __init__(self, settings: JournalSettings, roots: tuple[str, ...] = ROOTS, machine_id: str = MACHINE_ID) -> None:
        self._settings = settings
        self._roots = roots
        self._machine_id = machine_id

    def open(self, library: Library) -> Handle:
        """Opens the journal there; raises OSError when it does not exist (yet) or cannot be read."""
        flags, path, namespace = self._settings.flags, self._settings.path, self._settings.namespace
        if path:
            return Handle(library, "sd_journal_open_directory", os.fsencode(path), flags or 0, max_field=MAX_FIELD)
        if self._settings.files:
            return _open_files(library, sorted(self.files()))
        if namespace:
            name = os.fsencode(namespace)
            return Handle(library, "sd_journal_open_namespace", name, flags or 0, max_field=MAX_FIELD)
        return Handle(library, "sd_journal_open", LOCAL_ONLY if flags is None else flags, max_field=MAX_FIELD)

    @property
    def is_by_name(self) -> bool:
        """Whether files are named, so that the library reads those that were there and no later ones."""
        return bool(self._settings.files)

    def open_newest(self, library: Library) -> Handle:
        """Opens the files that were written last, NEWEST of them; raises OSError."""
        return _open_files(library, sorted(self.files(), key=_written)[-NEWEST:])

    def files(self) -> list[str]:
        """The journal files that exist there now, those included that journald put aside as damaged (`.journal~`)."""
        return list(islice((path for pattern in self._patterns() for path in glob.iglob(pattern)), MAX_FILES))

    def identities(self) -> frozenset[Identity]:
        """What the files are. When others come and the library says nothing of it, the reader has gone blind."""
        return frozenset(filter(None, map(_identity, self.files())))

    def machine(self) -> str:
        """The number under which this machine keeps its journal; the library learns it once and for all."""
        try:
            with open(self._machine_id, "rb") as file:
                return file.read(64).strip().decode("utf-8", "replace")
        except OSError:
            return ""

    def problem(self) -> SourceError | None:
        """Says what may not be read: the library passes over such files in silence."""
        closed = [path for path in self.files() if _concerns_all(path) and not _may_be_read(path)]
        if not closed:
            return None
        return SourceError(
            f"{closed[0]} may not be read" + (f", nor {len(closed) - 1} others" if len(closed) > 1 else ""),
            "put the user of the daemon into the group systemd-journal",
        )

    def is_readable(self) -> bool:
        """Tells whether any file may be read."""
        return any(os.access(path, os.R_OK, effective_ids=True) for path in self.files())

    def missing(self) -> str:
        """What is waited for while there are no files."""
        settings = self._settings
        wanted = settings.files or ((settings.path,) if settings.path else self._roots)
        whose = f" of the namespace {settings.namespace}" if settings.namespace else ""
        return f"no journal{whose} in {' or '.join(wanted)} yet; it is read as soon as it appears"

    def _patterns(self) -> Iterator[str]:
        settings = self._settings
        if settings.files:
            yield from settings.files
            return
        for directory in self._directories():
            yield f"{glob.escape(directory)}/*.journal"
            yield f"{glob.escape(directory)}/*.journal~"

    def _directories(self) -> Iterator[str]:
        """Where the library looks: in a named directory and the machines' directories in it, or, as a rule, in this
        machine's."""
        settings = self._settings
        if settings.path:
            yield settings.path
            yield from (path for path in glob.iglob(f"{glob.escape(settings.path)}/*/") if _is_of_a_machine(path))
            return
        flags = settings.flags if settings.flags is not None else 0 if settings.namespace else LOCAL_ONLY
        suffix = f".{glob.escape(settings.namespace)}" if settings.namespace else ""
        owner = (self.machine() if flags & LOCAL_ONLY else "") or "?" * 32
        for root in self._roots:
            if not (flags & RUNTIME_ONLY and root.startswith("/var")):
                yield from glob.iglob(f"{glob.escape(root)}/{owner}{suffix}")


def _open_files(library: Library, paths: Sequence[str]) -> Handle:
    """Opens named files. The library refuses all of them for one that is damaged, or empty because it was made just
    now; then it gets the others. Raises OSError when none can be opened."""
    try:
        return Handle.of_files(library, paths)
    except OSError:
        sound = [path for path in paths if _is_sound(library, path)]
        if not sound or len(sound) == len(paths):
            raise
        return Handle.of_files(library, sound)


def _is_sound(library: Library, path: str) -> bool:
    try:
        Handle.of_files(library, [path]).close()
    except OSError:
        return False
    return True


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _is_of_a_machine(directory: str) -> bool:
    return _MACHINE.fullmatch(os.path.basename(directory.rstrip("/"))) is not None


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _may_be_read(path: str) -> bool:
    return os.access(path, os.R_OK, effective_ids=True) or not os.path.exists(path)


def _concerns_all(path: str) -> bool:
    """Tells whether a file holds more than the entries of one user's own session."""
    return not os.path.basename(path).startswith("user-")
