"""Owns what the paths of logs lead to: a track for each, and why some are refused.

In: paths to look at. Out: tracks with the incarnations that are to be read, opened at their beginnings and watched; the
agenda learns which of them to read. One file is read once for all patterns that mean it. Reads no log.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from stockade.errors import SourceError
from stockade.model.clock import Monotonic
from stockade.sources.agenda import Agenda
from stockade.sources.beginnings import Beginning, Beginnings
from stockade.sources.discovery import Discovery
from stockade.sources.heirs import Heirs
from stockade.sources.news import News
from stockade.sources.openlog import Key, OpenLog, explain
from stockade.sources.patterns import Pattern, is_compressed
from stockade.sources.predecessors import Directories, find_missed, find_passed
from stockade.sources.registry import Registry
from stockade.sources.rounds import Rounds
from stockade.sources.track import MAX_QUEUE, Track
from stockade.sources.watch import Watcher

MAX_CLOSED = 512
"""Late files that are closed at once when descriptors run short."""


class Paths:
    """Every path that is followed; see the module's docstring. `tracks` is read by others and changed only here."""

    def __init__(
        self,
        patterns: Sequence[Pattern],
        watcher: Watcher,
        discovery: Discovery,
        beginnings: Beginnings,
        *,
        agenda: Agenda,
        rounds: Rounds,
        news: News,
        max_files: int,
    ) -> None:
        self._patterns = patterns
        self._watcher = watcher
        self._discovery = discovery
        self._beginnings = beginnings
        self._agenda = agenda
        self._rounds = rounds
        self._news = news
        self._max_files = max_files
        self.tracks: dict[str, Track] = {}
        self.refused: dict[str, SourceError] = {}
        self.registry = Registry()
        self.heirs = Heirs(self.tracks, self.registry)
        self._starting: Directories | None = None
        self.now = Monotonic(0.0)

    def start(self) -> None:
        """Looks at everything for the first time, and takes up files that lost their names since the last run."""
        self._starting = Directories()
        for number in range(len(self._patterns)):
            for path in self._discovery.scan(number):
                self.check(path)
        for path in self._beginnings.paths():
            if path not in self.tracks and self._discovery.patterns_of(path):
                self._resume_missing(path)
        self._starting = None

    def check(self, path: str) -> None:
        """Looks at what a path leads to now."""
        was_refused = self.refused.pop(path, None)
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            self._on_missing(path)
            return
        except OSError as error:
            self._on_failure(path, explain(path, error), is_new=was_refused is None)
            return
        track = self.tracks.get(path) or self._new_track(path)
        if track is None:
            return
        problem = track.problem
        track.is_missing = False
        track.problem = None
        key = (status.st_dev, status.st_ino)
        if key != track.current_key():
            self._on_other_file(track, key)
        elif track.queue[-1].position != status.st_size:
            self._agenda.wake(track)
        self._say_health(track, problem or was_refused)
        self.note(track)

    def _say_health(self, track: Track, before: SourceError | None) -> None:
        """Says that a log cannot be read, or can be read again; nothing while it stays as it was."""
        if track.problem is not None and before is None:
            self._news.failed(track.problem)
        elif track.problem is None and before is not None:
            self._news.healed(track.path)

    def _on_failure(self, path: str, problem: SourceError, *, is_new: bool) -> None:
        track = self.tracks.get(path)
        if track is None:
            self.refused[path] = problem
        else:
            is_new = track.problem is None
            track.problem = problem
            self.note(track)
        if is_new:
            self._news.failed(problem)

    def _on_missing(self, path: str) -> None:
        track = self.tracks.get(path)
        if os.path.islink(path):
            self._discovery.follow(path)
        if track is None:
            return
        if not track.logs():
            self.heirs.stop_waiting(track)
            del self.tracks[path]
        elif not track.is_missing:
            track.is_missing = True
            self.heirs.stop_waiting(track)
            for log in track.queue:
                log.last_active = self.now
        self.note(track)

    def _new_track(self, path: str) -> Track | None:
        patterns = self._discovery.patterns_of(path)
        if is_compressed(path):
            self.refused[path] = SourceError(f"{path} is compressed", "let logpath name the log itself")
        elif len(self.tracks) >= self._max_files:
            self._refuse_many(path)
        else:
            is_tail = self._starting is not None and all(self._patterns[n].log_path.is_tail for n in patterns)
            self.tracks[path] = Track(path, patterns, is_tail=is_tail)
        return self.tracks.get(path)

    def _refuse_many(self, path: str) -> None:
        """Keeps one row for all files beyond the bound; the audit tries again when others have gone."""
        self.refused = {known: p for known, p in self.refused.items() if "beyond the bound" not in p.message}
        self.refused[path] = SourceError(
            f"{path}: beyond the bound of {self._max_files} files, it is not read (nor are others)",
            "name fewer files in logpath, or raise LimitNOFILE of the service",
        )

    def _on_other_file(self, track: Track, key: Key) -> None:
        self._discovery.follow(track.path)
        held = track.held(key)
        owner = self.registry.owner(key, track)
        self.heirs.stop_waiting(track)
        if held is not None:
            track.adopt(held)
            self._agenda.wake(track)
        elif owner is not None:
            self._news.chunks += self.heirs.wait(track, key, owner)
        else:
            self._open(track)

    def _open(self, track: Track) -> None:
        self._make_room()
        try:
            if len(track.queue) >= MAX_QUEUE:
                raise SourceError(f"{MAX_QUEUE} rotations of {track.path} wait to be read", "it is tried again")
            log = OpenLog.open(track.path)
        except SourceError as problem:
            track.problem = problem
            return
        is_first = not track.logs()
        self._adopt_passed(track)
        try:
            beginning = self._beginnings.of(track, log, self._starting or Directories())
        except OSError as error:
            log.close()
            track.problem = explain(track.path, error)
            return
        if is_first and beginning.is_unread:
            track.unread_past = log
        self._adopt_all(track, beginning)

    def _adopt_passed(self, track: Track) -> None:
        """Takes up what a symbolic link led to between two looks."""
        old, track.target = track.target, os.path.realpath(track.path) if os.path.islink(track.path) else ""
        if old and track.target and old != track.target:
            for log in find_passed(old, track.target, self.is_known):
                self.resume(log)
                self._adopt(track, log)

    def _adopt_all(self, track: Track, beginning: Beginning) -> None:
        for log in beginning.late:
            self._adopt(track, log, is_late=True)
        for log in beginning.logs:
            self._adopt(track, log)

    def _resume_missing(self, path: str) -> None:
        """Reads the rest of a file that was renamed while we were away and has no successor yet."""
        track = Track(path, self._discovery.patterns_of(path), is_missing=True)
        self._adopt_all(track, self._beginnings.of_missing(track, self._starting or Directories()))
        if track.logs():
            self.tracks[path] = track
            self.note(track)

    def _adopt(self, track: Track, log: OpenLog, *, is_late: bool = False) -> None:
        if self.registry.owner(log.key, track) is not None or track.held(log.key) is not None:
            log.close()
            return
        self.register(track, log)
        if is_late:
            track.adopt_late(log)
        else:
            track.adopt(log)
        self._agenda.wake(track)

    def register(self, track: Track, log: OpenLog) -> None:
        """Watches a file that `track` reads from now on."""
        log.watch = self._watcher.watch_file(log.fileno())
        log.last_active = self.now
        self.registry.add(log, track)
        self._news.counts["opened"] += 1

    def watch_again(self) -> None:
        """Tries to watch the files that could not be watched: others may have let go of their watches."""
        if self._watcher.fileno() < 0:
            return
        for track in self._rounds.polled:
            for log in [log for log in track.logs() if log.watch is None]:
                self.registry.remove(log)
                log.watch = self._watcher.watch_file(log.fileno())
                self.registry.add(log, track)
        for track in list(self._rounds.polled):
            self.note(track)

    def settle(self, track: Track) -> None:
        """Lets go of what a track has finished with, and wakes those who waited for it."""
        if track.has_more:
            self._agenda.wake(track)
        retired, track.retired = track.retired, []
        for log in retired:
            self._beginnings.positions.learn(log.identify(), log.position)
            self.registry.remove(log)
            self._watcher.forget(log.watch)
            log.close()
            self._agenda.look_at(self.heirs.release(log))
        if retired and not track.logs() and track.problem is None:
            self.check(track.path)
        self.note(track)

    def note(self, track: Track) -> None:
        """Tells the rounds what has become of a track."""
        self._rounds.note(track, is_known=self.tracks.get(track.path) is track)

    def _make_room(self) -> None:
        """Closes the late incarnations that are read to their end when descriptors run short."""
        if len(self.registry) < self._max_files:
            return
        for track in list(islice(self._rounds.lingering, MAX_CLOSED)):
            track.retired += track.late
            track.late.clear()
            self.settle(track)

    # Renamed files

    def on_rename(self, path: str, new_path: str) -> None:
        """Takes up a file that had a log's name for so short a time that it was never looked at there."""
        track = self.tracks.get(path)
        with suppress(OSError):
            status = os.stat(new_path)
            if track is not None and track.held((status.st_dev, status.st_ino)):
                return  # the usual case: the file that is being read was rotated
        logs = find_missed(path, frozenset(log.key[1] for log in track.logs())) if track is not None else []
        if not logs and not is_compressed(new_path):
            with suppress(SourceError):
                logs = [OpenLog.open(new_path)]
        for log in logs:
            self._adopt_missed(path, log)

    def is_known(self, log: OpenLog) -> bool:
        """Tells whether a file is read, or was read to its end under whatever name."""
        position = self._beginnings.positions.find(log)
        return self.registry.is_open(log.key) or (position is not None and position >= log.size())

    def resume(self, log: OpenLog) -> None:
        """Has a file that was found go on where it was left, if it was ever read."""
        position = self._beginnings.positions.find(log)
        if position is not None and position > log.position:
            log.seek(position)

    def _adopt_missed(self, path: str, log: OpenLog) -> None:
        is_known = self.is_known(log)
        track = self.tracks.get(path) or (None if is_known else self._new_track(path))
        if is_known or track is None or len(track.queue) >= MAX_QUEUE:
            log.close()
            return
        self.resume(log)
        self._adopt(track, log)
        self.note(track)

    def close(self) -> None:
        """Releases every descriptor; idempotent."""
        for track in self.tracks.values():
            track.close()
        self.tracks.clear()
