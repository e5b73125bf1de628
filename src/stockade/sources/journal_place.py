"""Knows where journal files lie for given settings, and whether this process may read them.

In: `JournalSettings`. Out: an open journal, the directories that exist, a problem with its remedy. Reads no entry.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator

from stockade.errors import SourceError
from stockade.model.settings import JournalSettings
from stockade.sources.libsystemd import Handle, Library

LOCAL_ONLY = 1
"""SD_JOURNAL_LOCAL_ONLY: entries of this machine."""

ROOTS = ("/var/log/journal", "/run/log/journal")
"""Where journald keeps its files: lasting and until the next boot."""


class JournalPlace:
    """The place that settings name: a directory, files, a namespace or, as a rule, this machine's journal."""

    def __init__(self, settings: JournalSettings, roots: tuple[str, ...] = ROOTS) -> None:
        self._settings = settings
        self._roots = (settings.path,) if settings.path else roots

    def open(self, library: Library) -> Handle:
        """Opens the journal there; raises OSError when it does not exist (yet) or cannot be read."""
        flags, path, namespace = self._settings.flags, self._settings.path, self._settings.namespace
        if path:
            return Handle(library, "sd_journal_open_directory", os.fsencode(path), flags or 0)
        if self._settings.files:
            return Handle.of_files(library, sorted(self.files()))
        if namespace:
            return Handle(library, "sd_journal_open_namespace", os.fsencode(namespace), flags or 0)
        return Handle(library, "sd_journal_open", LOCAL_ONLY if flags is None else flags)

    def files(self) -> list[str]:
        """The journal files that exist there now."""
        patterns = self._settings.files or [f"{root}{sub}/*.journal" for root in self._roots for sub in ("", "/*")]
        return [path for pattern in patterns for path in glob.iglob(pattern)]

    def directories(self) -> tuple[str, ...]:
        """The directories that exist there now; when others come the journal has to be opened again, because the
        library watches only what was there."""
        return tuple(self._existing())

    def _existing(self) -> Iterator[str]:
        for root in self._roots:
            if os.path.isdir(root):
                yield root
                yield from sorted(glob.iglob(f"{root}/*/"))

    def problem(self) -> SourceError | None:
        """Says what may not be read: the library passes over such files in silence."""
        closed = [
            path for path in self.files() if _concerns_all(path) and not os.access(path, os.R_OK, effective_ids=True)
        ]
        if not closed:
            return None
        return SourceError(
            f"{closed[0]} may not be read" + (f", nor {len(closed) - 1} others" if len(closed) > 1 else ""),
            "put the user of the daemon into the group systemd-journal",
        )

    def missing(self) -> str:
        """What is waited for while there are no files."""
        wanted = self._settings.files or self._roots
        return f"no journal in {' or '.join(wanted)} yet; it is read as soon as it appears"


def _concerns_all(path: str) -> bool:
    """Tells whether a file holds more than the entries of one user's own session."""
    return not os.path.basename(path).startswith("user-")
