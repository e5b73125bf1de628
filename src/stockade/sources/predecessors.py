"""Finds where a log that was being read before a restart has gone: `auth.log` is `auth.log.1` by now.

In: a path and its cursor. Out: the older incarnations to read first, oldest first: the cursor's own, and numbered or
dated ones that came between it and the present file. Looks only into the directory of the log itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress

from stockade.errors import SourceError
from stockade.model.cursor import Cursor
from stockade.sources.asides import Aside
from stockade.sources.discovery import MAX_ENTRIES
from stockade.sources.identity import Identity
from stockade.sources.openlog import OpenLog
from stockade.sources.patterns import is_compressed
from stockade.sources.series import between

MAX_BETWEEN = 100
"""Rotations that are looked at, the newest ones; what is older is not looked for."""

MAX_ATTEMPTS = 5
"""Listings of a directory that is being rotated at this moment; then the rest of the old file is given up."""

_SUFFIX = re.compile(r"[.-]\d[\d._-]*")
"""What a rotation appends: `.1`, `-20260105`, `-20260105.2`, `-2026-01-05`."""


class Directories:
    """Names in directories by inode, each directory listed once; made for one pass and thrown away."""

    def __init__(self) -> None:
        self._listed: dict[str, dict[int, str]] = {}

    def names(self, directory: str) -> dict[int, str]:
        """Names by inode; an unreadable directory is empty."""
        if directory not in self._listed:
            self._listed[directory] = _list(directory)
        return self._listed[directory]

    def forget(self, directory: str) -> None:
        """Has a directory listed again."""
        self._listed.pop(directory, None)


def _list(directory: str) -> dict[int, str]:
    names: dict[int, str] = {}
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if len(names) == MAX_ENTRIES:
                break
            if not entry.is_symlink():
                names[entry.inode()] = entry.name
    return names


def find_predecessors(path: str, cursor: Cursor, directories: Directories) -> list[OpenLog]:
    """Opens what is left to be read before the file at `path`: the cursor's file at its position, then what came after.

    Empty when the cursor's file is neither there under another name nor as the copy that copytruncate leaves.
    """
    identity = Identity.parse(cursor.identity)
    real = os.path.realpath(path)
    directory, base = os.path.split(real)
    if identity is None:
        return []
    for _ in range(MAX_ATTEMPTS):
        names = directories.names(directory)
        logs = _open_all(directory, names, _candidates(directory, names, base, identity, is_link=os.path.islink(path)))
        if logs is not None:
            return _chosen(logs, names, base, identity, cursor.position)
        directories.forget(directory)
    return []


def find_missed(path: str, held: frozenset[int]) -> list[OpenLog]:
    """Opens the rotations of a log that came after the oldest one whose inode is `held`, and are not held themselves:
    they bore the log's name for so short a time that they were never seen there."""
    directory, base = os.path.split(os.path.realpath(path))
    for _ in range(MAX_ATTEMPTS):
        names = _list(directory)
        inodes = {name: inode for inode, name in names.items()}
        rotations = _rotations(directory, names, base)[-MAX_BETWEEN:]
        first = next((number for number, name in enumerate(rotations) if inodes[name] in held), len(rotations))
        logs = _open_all(directory, names, [name for name in rotations[first:] if inodes[name] not in held])
        if logs is not None:
            return logs
    return []


def find_copies(path: str, log: OpenLog, is_known: Callable[[OpenLog], bool]) -> list[OpenLog]:
    """Opens what copytruncate saved of a log that was truncated, or that stands at its beginning after a truncation,
    oldest first: the copy of what was being read, at the place that was reached, and the copies made since.

    Copies that are known end the search. Where there is neither a known one nor one of what was being read, nothing
    tells which copies are unread, and none is given out.
    """
    fresh, is_anchored = _fresh_rotations(path, log, is_known)
    anchor = next((copy for copy in fresh if log.is_continued_by(copy)), None)
    anchor = anchor or next((copy for copy in fresh if log.was_copied_to(copy)), None)
    copies: list[OpenLog] = []
    if anchor is not None:
        anchor.seek(min(log.position, anchor.size()))
        anchor.is_live = log.is_live
        copies = fresh[: fresh.index(anchor) + 1]
    elif is_anchored:
        copies = fresh
    copies = [copy for copy in copies if copy is anchor or not log.begins_like(copy)]  # not of what stands here now
    for copy in fresh:
        if copy not in copies:
            copy.close()
    return copies[::-1]


def _fresh_rotations(path: str, log: OpenLog, is_known: Callable[[OpenLog], bool]) -> tuple[list[OpenLog], bool]:
    """Opens the rotations of a log from the newest one back to the first that is known, and tells whether there was
    one; a known one that continues `log` is wanted all the same."""
    directory, base = os.path.split(os.path.realpath(path))
    fresh: list[OpenLog] = []
    for name in reversed(_rotations(directory, _list(directory), base)[-MAX_BETWEEN:]):
        copy = _opened(os.path.join(directory, name))
        if copy is not None and is_known(copy) and not log.is_continued_by(copy):
            copy.close()
            return fresh, True
        fresh += [copy] if copy is not None else []
    return fresh, False


def find_late(path: str, aside: Aside, directories: Directories) -> OpenLog | None:
    """Opens an incarnation that was read beside the cursor's one, where its reading stopped."""
    directory = os.path.dirname(os.path.realpath(path))
    name = directories.names(directory).get(aside.identity.inode)
    log = _opened(os.path.join(directory, name)) if name is not None else None
    if log is None:
        return None
    if log.key[1] != aside.identity.inode or not log.is_called(aside.identity.fingerprint):
        log.close()
        return None
    log.seek(min(aside.position, log.size()))
    return log


def _candidates(directory: str, names: dict[int, str], base: str, identity: Identity, *, is_link: bool) -> list[str]:
    """The names to look at, the oldest first: the one that has the cursor's inode, what a link led to since, and
    rotations."""
    candidates = _rotations(directory, names, base)[-MAX_BETWEEN:]
    name = names.get(identity.inode, base)
    if name == base or name in candidates:
        return candidates
    passed = between(name, base, names.values())[-MAX_BETWEEN:] if is_link else []
    return [name, *passed, *candidates]


def find_passed(old: str, new: str, is_known: Callable[[OpenLog], bool]) -> list[OpenLog]:
    """Opens what a symbolic link led to while nobody looked: the members of a series (`app-1.log`, `app-2.log`, …)
    between its old target and its new one that were written since and are not known."""
    directory, base = os.path.split(new)
    if os.path.dirname(old) != directory:
        return []
    since = _modified(old)
    found: list[OpenLog] = []
    for name in between(os.path.basename(old), base, _list(directory).values())[-MAX_BETWEEN:]:
        log = _opened(os.path.join(directory, name))
        if log is None:
            continue
        if is_known(log) or _written(log) < since:
            log.close()
        else:
            found.append(log)
    return found


def _open_all(directory: str, names: dict[int, str], candidates: list[str]) -> list[OpenLog] | None:
    """Opens the candidates; None when one has become another file since the directory was listed: a rotation goes on
    at this very moment."""
    inodes = {name: inode for inode, name in names.items()}
    logs: list[OpenLog] = []
    is_changed = False
    for name in candidates:
        log = _opened(os.path.join(directory, name))
        is_changed = is_changed or (log is None) != (not os.access(os.path.join(directory, name), os.R_OK))
        if log is not None:
            logs.append(log)
            is_changed = is_changed or log.key[1] != inodes[name]
    if not is_changed:
        return logs
    for log in logs:
        log.close()
    return None


def _chosen(logs: list[OpenLog], names: dict[int, str], base: str, identity: Identity, position: int) -> list[OpenLog]:
    name = names.get(identity.inode, "")
    is_rotated = name.startswith(base) and _SUFFIX.fullmatch(name[len(base) :]) is not None
    kept = _from_cursor(logs, identity, position, is_rotated=is_rotated)
    if kept and not is_rotated and kept[0].key[1] == identity.inode:  # only the times tell what came after another name
        kept = [log for log in kept if log is kept[0] or _written(log) >= _written(kept[0])]
    for log in logs:
        if log not in kept:
            log.close()
    return kept


def _rotations(directory: str, names: dict[int, str], base: str) -> list[str]:
    """Uncompressed rotations of a log, the oldest first: by the time of their last line, for some count upwards and
    some downwards; where that is equal, dates before numbers, and the number 1 is the newest."""
    found = [
        (_modified(os.path.join(directory, name)), _rank(name[len(base) :]), name)
        for name in names.values()
        if name.startswith(base) and _SUFFIX.fullmatch(name[len(base) :]) and not is_compressed(name)
    ]
    return [name for _, _, name in sorted(found)]


def _modified(path: str) -> int:
    """Time of the last change in nanoseconds; 0 for a file that has gone meanwhile."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def rotated_from(path: str) -> str:
    """The path that a rotation's path was made of; "" when the name has no such suffix."""
    directory, name = os.path.split(path)
    found = re.fullmatch(rf"(.+?){_SUFFIX.pattern}", name)
    return os.path.join(directory, found.group(1)) if found else ""


def _rank(suffix: str) -> tuple[int, int]:
    digits = re.sub(r"\D", "", suffix)
    return (1, -int(digits)) if len(digits) <= 3 else (0, int(digits))


def _from_cursor(logs: list[OpenLog], identity: Identity, position: int, *, is_rotated: bool) -> list[OpenLog]:
    """The cursor's own file, or else a copy of it, set to where it was left, and those that came after it.

    A rotation on the cursor's inode that begins otherwise was truncated since, or made after the cursor's file was
    gone: it is unread.
    """
    same = [log for log in logs if log.is_called(identity.fingerprint) and log.size() >= position]
    own = [log for log in same if log.key[1] == identity.inode]
    copies = [log for log in same if log.byte_before(position) == b"\n"]
    unread = [log for log in logs if is_rotated and log.key[1] == identity.inode]
    if not (own or copies or unread):
        return []
    oldest = (own or copies or unread)[0]
    if own or copies:
        oldest.seek(position)
    return logs[logs.index(oldest) :]


def _written(log: OpenLog) -> int:
    return os.fstat(log.fileno()).st_mtime_ns


def _opened(path: str) -> OpenLog | None:
    with suppress(SourceError):
        return OpenLog.open(path)
    return None
