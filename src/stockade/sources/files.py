"""Owns all log files of all jails: one source that follows every pattern, and one reader for each file.

In: patterns, and the cursors of the last run. Out: chunks named `file:<path>`, at most about 1 MiB a call, taken from
the files in turn. inotify tells what to read; what it cannot see is polled, and everything is audited once a minute.
Must not block, and must not interpret a byte beyond line ends.

Where a position stands after a chunk: `position + len(data) - scanner.pending`, of the last chunk of a source that one
`read` returned. Only `is_end` ends a line: an identity also changes between two chunks when it became more precise.
"""

from __future__ import annotations

import os
import resource
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice

from stockade.errors import SourceError
from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic
from stockade.model.cursor import Cursor
from stockade.model.settings import LogPath
from stockade.sources.beginnings import Beginnings
from stockade.sources.discovery import Discovery
from stockade.sources.mounts import present_polled_devices
from stockade.sources.openlog import Key, OpenLog, explain
from stockade.sources.patterns import Pattern, is_compressed
from stockade.sources.predecessors import Directories, find_missed, rotated_from
from stockade.sources.registry import Registry
from stockade.sources.timer import Timer
from stockade.sources.track import MAX_QUEUE, Track
from stockade.sources.watch import Event, Watcher

MAX_FILES = 16_384
"""Files that are followed; one more is reported as failed and not read."""

SPARE_DESCRIPTORS = 128
"""Descriptors left to the rest of the daemon, whatever `ulimit -n` allows."""

MAX_READ = 1024 * 1024
"""Bytes after which `read` returns; the next call goes on with the next file."""

MAX_STEPS = 512
"""Files served in one `read`, and paths looked at: thousands of changes at once do not delay the rest of the daemon."""

POLL_SECONDS, RETRY_SECONDS, TIDY_SECONDS, AUDIT_SECONDS = 1.0, 5.0, 5.0, 60.0


class LogFiles:
    """A `Source` of every log file that the patterns mean, now and later."""

    def __init__(
        self,
        patterns: Sequence[LogPath],
        cursors: Mapping[str, Cursor],
        *,
        max_files: int = MAX_FILES,
        is_polling: bool = False,
    ) -> None:
        self._patterns = [Pattern.of(log_path) for log_path in dict.fromkeys(patterns)]
        self._watcher = Watcher(is_polling=is_polling)
        self._discovery = Discovery(self._patterns, self._watcher)
        self._beginnings = Beginnings(cursors)
        self._registry = Registry()
        self._tracks: dict[str, Track] = {}
        self._refused: dict[str, SourceError] = {}
        self._max_files = min(max_files, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS)
        self._ready: deque[Track] = deque()
        self._is_ready: set[Track] = set()
        self._news: list[Chunk] = []
        self._backlog: deque[int | str] = deque()
        self._waiting: dict[Key, set[str]] = {}
        self._poll, self._retry = Timer(POLL_SECONDS), Timer(RETRY_SECONDS)
        self._tidy, self._audit = Timer(TIDY_SECONDS), Timer(AUDIT_SECONDS)
        self._now = Monotonic(0.0)
        self._polled: set[Track] = set()
        self._troubled: set[Track] = set()
        self._lingering: set[Track] = set()
        self._polled_devices = present_polled_devices()
        self._counts = {"opened": 0, "rotations": 0, "truncations": 0, "lost_bytes": 0, "overflows": 0}
        self._start()

    def _start(self) -> None:
        self._is_starting = True
        self._directories = Directories()
        for number in range(len(self._patterns)):
            for path in self._discovery.scan(number):
                self._check(path)
        for path in self._beginnings.paths():
            if path not in self._tracks and self._discovery.patterns_of(path):
                self._resume_missing(path)
        self._is_starting = False
        self._directories = Directories()

    # The Source protocol

    def fileno(self) -> int:
        """The inotify descriptor; -1 where everything is polled."""
        return self._watcher.fileno()

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while work is left, else when the next poll, retry, tidying or audit is due."""
        if self._ready or self._backlog or self._audit.due is None:
            return now
        return min(timer.due for timer in self._timers() if timer.due is not None)

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what is there."""
        self._now = now
        events = self._watcher.events()
        for event in events:
            if event.moved_to is not None:
                self._on_move(event.watch, event.name, *event.moved_to)
        for event in events:
            self._on_event(event)
        chunks: list[Chunk | Entries] = list(self._on_time(now))
        for _ in range(min(MAX_STEPS, len(self._backlog))):
            self._look(self._backlog.popleft())
        chunks += self._news
        self._news.clear()
        self._serve(chunks, now)
        self._arm(now)
        return chunks

    def status(self) -> list[SourceStatus]:
        """A row for every file, and one for every pattern that means none or cannot be followed."""
        rows = [track.status() for track in self._tracks.values()]
        used = {number for track in self._tracks.values() for number in track.patterns}
        for number, pattern in enumerate(self._patterns):
            problem = self._discovery.problems.get(number)
            if problem is not None:
                rows.append(_failed(pattern.log_path.pattern, problem))
            elif number not in used and pattern.path() not in self._refused:
                detail = "no such file yet; it is read as soon as it appears"
                rows.append(SourceStatus(f"file:{pattern.log_path.pattern}", "waiting", detail))
        return rows + [_failed(path, problem) for path, problem in self._refused.items()]

    def close(self) -> None:
        """Releases every descriptor; idempotent."""
        for track in self._tracks.values():
            track.close()
        self._tracks.clear()
        self._ready.clear()
        self._is_ready.clear()
        self._backlog.clear()
        self._watcher.close()

    # For the owner

    def patterns_of(self, source: str) -> tuple[LogPath, ...]:
        """The `logpath` values that mean a source: the jails that have one of them want its chunks."""
        numbers = self._discovery.patterns_of(source.removeprefix("file:"))
        return tuple(self._patterns[number].log_path for number in sorted(numbers))

    def statistics(self) -> dict[str, int]:
        """Counts since the start, and what is held open now."""
        return {
            **self._counts,
            "files": len(self._tracks),
            "descriptors": len(self._registry),
            "watches": len(self._watcher),
            "polled": len(self._polled),
        }

    # What happens

    def _on_event(self, event: Event) -> None:
        if event.is_overflow:
            self._counts["overflows"] += 1
            self._audit_all()
            for track in self._tracks.values():
                self._make_ready(track)
            return
        for track in self._registry.watching(event.watch):
            self._make_ready(track)
        found, below = self._discovery.on_event(event)
        for path in below:
            found += [path] if self._discovery.patterns_of(path) else []
            found += [known for known in self._tracks if known == path or known.startswith(path + "/")]
        for path in dict.fromkeys(found):
            self._check(path)

    def _on_move(self, watch: int, name: str, new_watch: int, new_name: str) -> None:
        """Takes up files that had a log's name for so short a time that they were never looked at there."""
        for path in self._discovery.paths(watch, name):
            for new_path in self._discovery.paths(new_watch, new_name)[:1]:
                if self._discovery.patterns_of(path):
                    self._on_rename(path, new_path)

    def _on_rename(self, path: str, new_path: str) -> None:
        track = self._tracks.get(path)
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

    def _adopt_missed(self, path: str, log: OpenLog) -> None:
        is_known = self._registry.is_open(log.key) or self._beginnings.positions.find(log) is not None
        track = self._tracks.get(path) or (None if is_known else self._new_track(path))
        if is_known or track is None or len(track.queue) >= MAX_QUEUE:
            log.close()
            return
        self._adopt(track, log)
        self._note(track)

    def _audit_all(self) -> None:
        if not self._backlog:
            self._backlog.extend(range(len(self._patterns)))
            self._backlog.extend(self._tracks)

    def _look(self, item: int | str) -> None:
        """Looks at a path, or walks a pattern and puts off looking at what it found."""
        if isinstance(item, str):
            self._check(item)
        else:
            self._backlog.extend(path for path in self._discovery.scan(item) if path not in self._tracks)

    def _timers(self) -> tuple[Timer, ...]:
        return (self._poll, self._retry, self._tidy, self._audit)

    def _arm(self, now: Monotonic) -> None:
        """Starts the timers that became wanted during this call."""
        for timer, is_wanted in self._wanted():
            if timer.due is None or not is_wanted:
                timer.is_due(now, is_wanted=is_wanted)

    def _wanted(self) -> list[tuple[Timer, bool]]:
        return [
            (self._poll, bool(self._polled)),
            (self._retry, bool(self._refused or self._troubled) or self._discovery.is_blind()),
            (self._tidy, bool(self._lingering)),
            (self._audit, True),
        ]

    def _on_time(self, now: Monotonic) -> list[Chunk]:
        due = [timer for timer, is_wanted in self._wanted() if timer.is_due(now, is_wanted=is_wanted)]
        if self._audit in due or (self._retry in due and self._discovery.is_blind()):
            self._polled_devices = present_polled_devices()
            self._discovery.drop_vanished()
            self._audit_all()
        if self._retry in due:
            self._backlog.extend(track.path for track in self._troubled)
            self._backlog.extend(self._refused)
        if self._poll in due:
            for track in list(self._polled):
                self._check(track.path)
                self._make_ready(track)
        return self._tidy_all(now) if self._tidy in due else []

    def _tidy_all(self, now: Monotonic) -> list[Chunk]:
        chunks: list[Chunk] = []
        for track in list(self._lingering):
            chunks += track.tidy(now)
            self._settle(track)
        return chunks

    # Reading

    def _make_ready(self, track: Track) -> None:
        if track not in self._is_ready:
            self._is_ready.add(track)
            self._ready.append(track)

    def _serve(self, chunks: list[Chunk | Entries], now: Monotonic) -> None:
        """Reads from the files in turn until there is nothing left or the call has done enough."""
        taken = 0
        for _ in range(MAX_STEPS):
            if not self._ready or taken >= MAX_READ:
                return
            track = self._ready.popleft()
            self._is_ready.discard(track)
            for chunk in self._take(track, now):
                chunks.append(chunk)
                taken += len(chunk.data)

    def _take(self, track: Track, now: Monotonic) -> list[Chunk]:
        before = track.truncations, track.lost, len(track.late)
        try:
            self._pass_over_copy(track)
            chunks = track.take(now)
        except OSError as error:  # the disk or the network behind it failed: opened again at the known position
            track.problem = explain(track.path, error)
            track.retired += track.logs()
            track.queue.clear()
            track.late.clear()
            track.has_more = False
            chunks = []
        self._counts["truncations"] += track.truncations - before[0]
        self._counts["lost_bytes"] += track.lost - before[1]
        self._counts["rotations"] += len(track.late) > before[2]
        if chunks:
            chunks += self._for_heirs(track)
        self._settle(track)
        return chunks

    def _pass_over_copy(self, track: Track) -> None:
        """Leaves aside what copytruncate saves under a name that matches, too (`auth.log*`): it was read already.

        The copy may still be growing, so it stays left aside. Whoever wants the copies alone has a pattern of his own.
        """
        log = track.queue[0] if track.queue else None
        if log is None or (log.position and not log.is_copy):
            return
        original = self._tracks.get(rotated_from(track.path))
        if log.is_copy or (
            original is not None and original.patterns >= track.patterns and track.has_content_of(original)
        ):
            log.is_copy, log.is_announced = True, False
            log.seek_end()

    def _for_heirs(self, track: Track) -> list[Chunk]:
        """Empty chunks for other paths that rotated-away files have now: their cursors tell how far those were read,
        while the cursor of the path they were read under has gone on to the next file."""
        chunks: list[Chunk] = []
        for log in track.logs():
            if log.key in self._waiting and log.told_position != log.position:
                log.told_position = log.position
                for path in sorted(self._waiting[log.key]):
                    chunks += self._tell(path, track, log.key)
        owner = self._registry.owner(track.waits_for, track) if track.waits_for is not None else None
        if owner is not None:  # its own chunks have moved its cursor off the file that has its path now
            chunks += self._tell(track.path, owner, track.waits_for)
        return chunks

    def _tell(self, path: str, owner: Track, key: Key | None) -> list[Chunk]:
        """The chunk that sets the cursor of `path` to a file that `owner` reads; none while one of the two stands
        within a line, because the position would be off by its beginning."""
        heir = self._tracks.get(path)
        log = next((log for log in owner.logs() if log.key == key), None)
        is_within = heir is not None and heir.queue and not heir.queue[0].is_at_line_start
        if log is None or is_within or not (log.is_at_line_start or log in owner.late):
            return []
        return [Chunk(f"file:{path}", log.identify(), log.position, b"", log.is_live)]

    def _settle(self, track: Track) -> None:
        """Lets go of what a track has finished with, and wakes those who waited for it."""
        if track.has_more:
            self._make_ready(track)
        for log in track.retired:
            self._beginnings.positions.learn(log.identify(), log.position)
            self._registry.remove(log)
            self._watcher.forget(log.watch)
            log.close()
            self._backlog.extend(sorted(self._waiting.pop(log.key, ())))
        if track.retired:
            track.retired.clear()
            if not track.logs() and track.problem is None:
                self._check(track.path)
        self._note(track)

    def _note(self, track: Track) -> None:
        """Enters a track among those that the timers care for, or strikes it out."""
        is_known = self._tracks.get(track.path) is track
        for tracks, is_member in (
            (self._troubled, track.problem is not None),
            (self._lingering, track.is_lingering()),
            (self._polled, any(self._is_unseen(log) for log in track.logs())),
        ):
            (tracks.add if is_member and is_known else tracks.discard)(track)

    def _is_unseen(self, log: OpenLog) -> bool:
        return log.watch is None or log.key[0] in self._polled_devices

    # Paths

    def _check(self, path: str) -> None:
        """Looks at what a path leads to now."""
        self._refused.pop(path, None)
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            self._on_missing(path)
            return
        except OSError as error:
            self._on_failure(path, explain(path, error))
            return
        track = self._tracks.get(path) or self._new_track(path)
        if track is None:
            return
        track.is_missing = False
        track.problem = None
        key = (status.st_dev, status.st_ino)
        if key != track.current_key():
            self._on_other_file(track, key)
        elif track.queue[-1].position != status.st_size:
            self._make_ready(track)
        self._note(track)

    def _on_failure(self, path: str, problem: SourceError) -> None:
        track = self._tracks.get(path)
        if track is None:
            self._refused[path] = problem
        else:
            track.problem = problem
            self._note(track)

    def _on_missing(self, path: str) -> None:
        track = self._tracks.get(path)
        if os.path.islink(path):
            self._discovery.follow(path)
        if track is None:
            return
        if not track.logs():
            self._stop_waiting(track)
            del self._tracks[path]
        elif not track.is_missing:
            track.is_missing = True
            self._stop_waiting(track)
            for log in track.queue:
                log.last_active = self._now
        self._note(track)

    def _new_track(self, path: str) -> Track | None:
        patterns = self._discovery.patterns_of(path)
        if is_compressed(path):
            self._refused[path] = SourceError(f"{path} is compressed", "let logpath name the log itself")
        elif len(self._tracks) >= self._max_files:
            self._refuse_many(path)
        else:
            is_tail = self._is_starting and all(self._patterns[number].log_path.is_tail for number in patterns)
            self._tracks[path] = Track(path, patterns, is_tail=is_tail)
        return self._tracks.get(path)

    def _refuse_many(self, path: str) -> None:
        """Keeps one row for all files beyond the bound; the audit tries again when others have gone."""
        self._refused = {known: p for known, p in self._refused.items() if "beyond the bound" not in p.message}
        self._refused[path] = SourceError(
            f"{path}: beyond the bound of {self._max_files} files, it is not read (nor are others)",
            "name fewer files in logpath, or raise LimitNOFILE of the service",
        )

    def _on_other_file(self, track: Track, key: Key) -> None:
        self._discovery.follow(track.path)
        held = track.held(key)
        owner = self._registry.owner(key, track)
        self._stop_waiting(track)
        if held is not None:
            track.adopt(held)
            self._make_ready(track)
        elif owner is not None:
            track.owner = owner.source
            self._waiting.setdefault(key, set()).add(track.path)
            track.waits_for = key
            self._news += self._tell(track.path, owner, key)
        else:
            self._open(track)

    def _stop_waiting(self, track: Track) -> None:
        if track.waits_for is not None:
            self._waiting.get(track.waits_for, set()).discard(track.path)
        track.owner, track.waits_for = "", None

    def _open(self, track: Track) -> None:
        self._make_room()
        try:
            if len(track.queue) >= MAX_QUEUE:
                raise SourceError(f"{MAX_QUEUE} rotations of {track.path} wait to be read", "it is tried again")
            log = OpenLog.open(track.path)
        except SourceError as problem:
            track.problem = problem
            return
        directories = self._directories if self._is_starting else Directories()
        try:
            logs = self._beginnings.logs(track, log, directories)
        except OSError as error:
            log.close()
            track.problem = explain(track.path, error)
            return
        for each in logs:
            self._adopt(track, each)

    def _resume_missing(self, path: str) -> None:
        """Reads the rest of a file that was renamed while we were away and has no successor yet."""
        track = Track(path, self._discovery.patterns_of(path), is_missing=True)
        for log in self._beginnings.older(track, self._directories):
            self._adopt(track, log)
        if track.logs():
            self._tracks[path] = track
            self._note(track)

    def _adopt(self, track: Track, log: OpenLog) -> None:
        if self._registry.owner(log.key, track) is not None or track.held(log.key) is not None:
            log.close()
            return
        log.watch = self._watcher.watch_file(log.fileno())
        log.last_active = self._now
        self._registry.add(log, track)
        self._counts["opened"] += 1
        track.adopt(log)
        self._make_ready(track)

    def _make_room(self) -> None:
        """Closes the late incarnations that are read to their end when descriptors run short."""
        if len(self._registry) < self._max_files:
            return
        for track in list(islice(self._lingering, MAX_STEPS)):
            track.retired += track.late
            track.late.clear()
            self._settle(track)


def _failed(path: str, problem: SourceError) -> SourceStatus:
    return SourceStatus(f"file:{path}", "failed", f"{problem.message} → {problem.remedy}")
