"""Owns the one inotify instance: every watch on a file or directory, and the events they report.

In: descriptors of files, paths of directories. Out: `Event`s, naming the watch and the entry. What cannot be watched
(limits reached, no permission, no inotify at all) is answered with None, and the caller polls it. Reads no log.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import dataclass

from inotify_simple import INotify, flags  # type: ignore[import-untyped]

from stockade.errors import SourceError

_FILE_MASK = int(flags.MODIFY)
_DIRECTORY_MASK = int(
    flags.CREATE
    | flags.MOVED_FROM
    | flags.MOVED_TO
    | flags.DELETE
    | flags.ATTRIB  # a file whose permissions are mended is opened at once
    | flags.DELETE_SELF
    | flags.MOVE_SELF
    | flags.ONLYDIR
)
_GONE_MASK = int(flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT | flags.IGNORED)


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to what `watch` watches; `name` is the entry of a directory, "" for the thing itself.

    `is_gone` says that the watched thing itself was moved, deleted or unmounted. `is_overflow`: the kernel's queue was
    full and events are missing, so everything has to be looked at. `moved_to` (watch and name) is where an entry that
    was renamed is by now, as far as the events of the same call tell.
    """

    watch: int
    name: str = ""
    is_gone: bool = False
    is_overflow: bool = False
    moved_to: tuple[int, str] | None = None


class Watcher:
    """Watches files and directories; several users of one inode share its watch, which goes with the last of them.

    `problem` is the limit of the host that was reached last, with the sysctl that raises it."""

    def __init__(self, *, is_polling: bool = False) -> None:
        self._users: dict[int, int] = {}
        self._inotify: INotify | None = None
        self.problem: SourceError | None = None
        if not is_polling:
            try:
                self._inotify = INotify(nonblocking=True)
            except OSError as error:  # too many instances for this user: everything is polled
                self.problem = _limit("max_user_instances", error)

    def fileno(self) -> int:
        """The descriptor that becomes readable with the next event; -1 when there is no inotify."""
        return self._inotify.fileno() if self._inotify else -1

    def watch_file(self, descriptor: int) -> int | None:
        """Watches the open file itself, whatever its name is or becomes; None when it has to be polled."""
        return self._add(f"/proc/self/fd/{descriptor}", _FILE_MASK)

    def watch_directory(self, path: str) -> int | None:
        """Watches what comes and goes in a directory; None when it has to be listed again and again."""
        return self._add(path, _DIRECTORY_MASK)

    def _add(self, path: str, mask: int) -> int | None:
        if self._inotify is None:
            return None
        try:
            watch = int(self._inotify.add_watch(path, mask))
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self.problem = _limit("max_user_watches", error)
            return None
        self._users[watch] = self._users.get(watch, 0) + 1
        return watch

    def forget(self, watch: int | None) -> None:
        """Takes one use of a watch back."""
        if watch is None or watch not in self._users:
            return
        self._users[watch] -= 1
        if self._users[watch] == 0:
            del self._users[watch]
            if self._inotify is not None:
                with suppress(OSError):  # the kernel removed it together with the file
                    self._inotify.rm_watch(watch)

    def events(self) -> list[Event]:
        """Takes every event that waits, without blocking; the kernel keeps at most 16,384 and then says overflow."""
        if self._inotify is None:
            return []
        raw = list(self._inotify.read(timeout=0))
        moved = _follow_moves(raw)
        return [
            Event(wd, name, bool(mask & _GONE_MASK), bool(mask & flags.Q_OVERFLOW), moved.get(number))
            for number, (wd, mask, _, name) in enumerate(raw)
        ]

    def __len__(self) -> int:
        return len(self._users)

    def close(self) -> None:
        """Releases the instance with all its watches; idempotent."""
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None
        self._users.clear()


def _limit(sysctl: str, error: OSError) -> SourceError:
    return SourceError(
        f"inotify cannot watch everything ({error.strerror}), the rest is looked at every second",
        f"raise the sysctl fs.inotify.{sysctl}",
    )


def _follow_moves(raw: list[tuple[int, int, int, str]]) -> dict[int, tuple[int, str]]:
    """Finds where each renamed entry ends up: the moves are followed from the last one back. Keys are event numbers."""
    places: dict[tuple[int, str], tuple[int, str] | None] = {}  # where what is here now will be in the end
    targets: dict[int, tuple[int, str]] = {}
    moved: dict[int, tuple[int, str]] = {}
    for number in range(len(raw) - 1, -1, -1):
        watch, mask, cookie, name = raw[number]
        here = (watch, name)
        if mask & flags.MOVED_TO:
            targets[cookie] = here
        elif mask & flags.DELETE:
            places[here] = None
        elif mask & flags.MOVED_FROM and cookie in targets:
            there = targets.pop(cookie)
            end = places.get(there, there)
            places[there], places[here] = None, end
            if end is not None:
                moved[number] = end
    return moved
