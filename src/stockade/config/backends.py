"""Where a jail's lines come from: `backend`, `logpath` and `journalmatch` become log paths, a journal or addresses.

In: texts, and two questions put to the machine (is there a file, is there a journal). Out: `LogPath`s,
`JournalSettings` or `SyslogSettings`. Files need not exist: patterns stay patterns and sources wait for them.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stockade.config.brackets import parse_item
from stockade.config.journalmatch import parse_journalmatch
from stockade.config.trouble import Trouble, suggest
from stockade.config.waysin import WAYS_IN
from stockade.model.settings import JournalSettings, LogPath, SyslogSettings, WayIn

FILE_BACKENDS = ("auto", "polling", "pyinotify", "gamin")
JOURNAL_BACKEND = "systemd"
SYSLOG_BACKEND = "syslog"
_ARGUMENTS = ("journalpath", "journalfiles", "journalflags", "namespace", "rotated")
_EXCLUSIVE = ("journalpath", "journalfiles", "journalflags", "namespace")
_JOURNALS = ("/run/log/journal/*/*.journal", "/var/log/journal/*/*.journal")


@dataclass(frozen=True, slots=True)
class Machine:
    """What may be asked about the machine while the configuration is read; answers hold for that moment."""

    has_files: Callable[[str], bool] = lambda pattern: any(os.path.exists(path) for path in glob.iglob(pattern))
    has_journal: Callable[[], bool] = lambda: any(next(glob.iglob(place), "") for place in _JOURNALS)


@dataclass(frozen=True, slots=True)
class Feed:
    """What feeds a jail: one of the four, or nothing."""

    logpaths: tuple[LogPath, ...] = ()
    journal: JournalSettings | None = None
    syslog: tuple[SyslogSettings, ...] = ()
    way_in: WayIn | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """A checked `backend`: its name in lower case and its arguments."""

    name: str
    arguments: dict[str, str]

    @property
    def is_journal(self) -> bool:
        """Whether the journal is asked for by name."""
        return self.name == JOURNAL_BACKEND

    @property
    def is_way_in(self) -> bool:
        """Whether a command, containers or the kernel's log are read."""
        return self.name in WAYS_IN

    @property
    def is_syslog(self) -> bool:
        """Whether messages are received on sockets."""
        return self.name == SYSLOG_BACKEND


def parse_backend(text: str) -> Backend:
    """Reads `auto`, `systemd[journalflags=1]`, …; raises Trouble for unknown names and arguments."""
    name, arguments = parse_item(text)
    name = name.lower()
    known = (*FILE_BACKENDS, JOURNAL_BACKEND, SYSLOG_BACKEND, *WAYS_IN)
    if name not in known:
        raise Trouble(
            "unknown backend",
            text,
            suggest(name, known, f"use one of auto, polling, systemd, syslog, {', '.join(WAYS_IN)}"),
        )
    if name == SYSLOG_BACKEND or name in WAYS_IN:
        return Backend(name, arguments)
    if name != JOURNAL_BACKEND and arguments:
        raise Trouble(f"backend {name} takes no arguments", text, "only systemd[…] and syslog[…] do")
    for argument in arguments:
        if argument not in _ARGUMENTS:
            raise Trouble("unknown argument of the systemd backend", argument, suggest(argument, _ARGUMENTS))
    given = [argument for argument in _EXCLUSIVE if argument in arguments]
    if len(given) > 1:
        raise Trouble(f"{given[0]} and {given[1]} exclude each other", text, "keep one of them")
    return Backend("auto" if name == "gamin" else name, arguments)


def parse_logpaths(lines: Iterable[str]) -> tuple[LogPath, ...]:
    """Reads the lines of `logpath`: a path or glob, and `head` or `tail` behind the last blank."""
    return tuple(_logpath(line.strip()) for line in lines)


def _logpath(line: str) -> LogPath:
    pattern, blank, word = line.rpartition(" ")
    if not blank:
        return LogPath(line)
    if word not in ("head", "tail"):
        remedy = "one path a line; behind a path with blanks write head or tail"
        raise Trouble("logpath: head or tail is expected behind the blank", line, remedy)
    return LogPath(pattern.rstrip(), word == "tail")


def wants_journal(backend: Backend, paths: tuple[LogPath, ...], match: str, machine: Machine, is_allowed: bool) -> bool:
    """Decides between files and journal.

    The journal when it is asked for by name, or when `auto` finds no file now, there is a `journalmatch`, the machine
    has a journal and `systemd_if_nologs` (`is_allowed`) holds. Otherwise the files, which may appear later.
    """
    if backend.name != "auto":
        return backend.is_journal
    if not is_allowed or not match.strip() or any(machine.has_files(path.pattern) for path in paths):
        return False
    return machine.has_journal() or not paths


def journal(backend: Backend, match: str) -> JournalSettings:
    """The settings of the journal reader."""
    arguments = backend.arguments
    flags = arguments.get("journalflags", "")
    if flags and not (flags.isascii() and flags.isdigit() and int(flags[:9]) < 256 and len(flags) < 9):
        remedy = "add up 1 (local), 2 (runtime), 4 (system) and 8 (own user)"
        raise Trouble("journalflags is not a number of flags", flags, remedy)
    return JournalSettings(
        matches=parse_journalmatch(match),
        path=arguments.get("journalpath", ""),
        files=tuple(arguments.get("journalfiles", "").replace(",", " ").split()),
        namespace=arguments.get("namespace", ""),
        flags=int(flags) if flags else None,
    )
