"""Ignore files: the lists that `ignoreip = file:…` names, read again when they change.

In: the settings, and the time. Out: `IgnoreFile` events, and problems with file and line. Owns what each file looked
like. A file that cannot be read keeps its last good content; nothing but regular files is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from stockade.config.ignorefile import parse_ignore_file
from stockade.core.events import IgnoreFile
from stockade.core.ignore import FILE
from stockade.errors import Problem
from stockade.model.clock import Monotonic, Seconds
from stockade.model.settings import Settings

CHECK_SECONDS: Seconds = 1.0
"""How often it is looked whether a file changed (§2.6 of the dialect)."""

FAILED_SECONDS: Seconds = 60.0
"""How long a file that could not be read is left alone."""

MAX_BYTES = 4 << 20
"""A larger file is not taken, with a problem."""

Look = tuple[int, int, int]
"""What tells a changed file: its last modification (ns), inode and size."""


@dataclass(slots=True)
class _Watched:
    """One file and what is known of it."""

    path: str
    look: Look | None = None
    not_before: Monotonic | None = None
    problems: tuple[Problem, ...] = ()


class IgnoreFiles:
    """Watches the files of one configuration; see the module's docstring."""

    def __init__(self, settings: Settings) -> None:
        entries = {entry for jail in settings.jails for entry in jail.ignoreip if entry.startswith(FILE)}
        self._files = {entry: _Watched(path_of(entry)) for entry in sorted(entries)}

    def __bool__(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self._files)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the files at present."""
        return [problem for one in self._files.values() for problem in one.problems]

    def read_changed(self, now: Monotonic) -> Iterator[IgnoreFile]:
        """The content of every file that changed since the last call."""
        for entry, one in self._files.items():
            if one.not_before is not None and now < one.not_before:
                continue
            try:
                look = _look_at(one.path)
                if look == one.look:
                    continue
                content, problems = parse_ignore_file(_read(one.path), one.path)
            except (OSError, ValueError) as error:
                one.look, one.not_before = None, Monotonic(now + FAILED_SECONDS)
                one.problems = (_unreadable(one.path, error),)
                continue
            one.look, one.not_before, one.problems = look, None, problems
            yield IgnoreFile(entry, content)


def path_of(entry: str) -> str:
    """The path that an entry names: `file:rel`, `file:/abs`, `file:///abs` or `file://abs` (absolute as well)."""
    path = entry.removeprefix(FILE)
    return "/" + path.lstrip("/") if path.startswith("//") else path


def _look_at(path: str) -> Look:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_ino, found.st_size


def _read(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no regular file")
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 20} MiB")
    return data.decode("utf-8", "replace")


def _unreadable(path: str, error: OSError | ValueError) -> Problem:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    remedy = "make it readable for the daemon's user; until then its last good content counts"
    return Problem(path, 0, f"ignoreip: cannot read the file ({reason})", remedy=remedy, is_fatal=False)
