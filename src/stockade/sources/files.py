"""Owns all log files of all jails: one source that follows every pattern, and one reader for each file.

In: patterns, and the cursors of the last run. Out: chunks named `file:<path>`, at most about 1 MiB a call, taken from
the files in turn. inotify tells what to read; what it cannot see is polled, and everything is audited once a minute.
Must not block, and must not interpret a byte beyond line ends.

Where a position stands after a chunk: `position + len(data) - scanner.pending`, of the last chunk of a source that one
`read` returned. Only `is_end` ends a line: an identity also changes between two chunks when it became more precise.
"""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence

from stockade.errors import SourceError
from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic
from stockade.model.cursor import Cursor
from stockade.model.saying import Saying
from stockade.model.settings import LogPath
from stockade.sources.agenda import Agenda
from stockade.sources.beginnings import Beginnings
from stockade.sources.discovery import Discovery
from stockade.sources.history import IsOld
from stockade.sources.news import News
from stockade.sources.paths import Paths
from stockade.sources.patterns import Pattern
from stockade.sources.reading import MAX_STEPS, Reading
from stockade.sources.rounds import Round, Rounds
from stockade.sources.track import Track
from stockade.sources.watch import Event, Watcher

MAX_FILES = 16_384
"""Files that are followed; one more is reported as failed and not read."""

SPARE_DESCRIPTORS = 128
"""Descriptors left to the rest of the daemon, whatever `ulimit -n` allows."""


class LogFiles:
    """A `Source` of every log file that the patterns mean, now and later."""

    def __init__(
        self,
        patterns: Sequence[LogPath],
        cursors: Mapping[str, Cursor],
        *,
        is_old: IsOld | None = None,
        max_files: int = MAX_FILES,
        is_polling: bool = False,
    ) -> None:
        """With `is_old`, what is too old to count of big logs without a cursor is not read."""
        self._patterns = [Pattern.of(log_path) for log_path in dict.fromkeys(patterns)]
        self._log_paths = {number: pattern.log_path for number, pattern in enumerate(self._patterns)}
        self._watcher = Watcher(is_polling=is_polling)
        self._discovery = Discovery(self._patterns, self._watcher)
        self._agenda, self._rounds, self._news = Agenda(), Rounds(), News()
        bound = min(max_files, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS)
        self._paths = Paths(
            self._patterns,
            self._watcher,
            self._discovery,
            Beginnings(cursors),
            agenda=self._agenda,
            rounds=self._rounds,
            news=self._news,
            max_files=bound,
        )
        self._reading = Reading(self._paths, self._agenda, self._rounds, self._news, is_old)
        self._unwatched: SourceError | None = None
        self._paths.start()

    # The Source protocol

    def fileno(self) -> int:
        """The inotify descriptor; -1 where everything is polled."""
        return self._watcher.fileno()

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while work is left, else when the next poll, retry, tidying or audit is due."""
        return now if self._agenda else (self._rounds.deadline or now)

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what is there."""
        self._paths.now = now
        events = self._watcher.events()
        for event in events:
            if event.moved_to is not None:
                self._on_move(event.watch, event.name, *event.moved_to)
        for event in events:
            self._on_event(event)
        chunks: list[Chunk | Entries] = list(self._on_time(now))
        for item in self._agenda.take_items(MAX_STEPS):
            self._look(item)
        chunks += self._news.take_chunks()
        chunks += self._reading.serve(now, self._log_paths)
        self._rounds.arm(now, is_retrying=self._is_retrying())
        self._say_unwatched()
        return chunks

    def status(self) -> list[SourceStatus]:
        """A row for every file, and one for every pattern that means none or cannot be followed."""
        tracks, refused = self._paths.tracks, self._paths.refused
        rows = [track.row or self._row(track) for track in tracks.values()]
        used = {number for track in tracks.values() for number in track.patterns}
        for number, pattern in enumerate(self._patterns):
            problem = self._discovery.problems.get(number)
            if problem is not None:
                rows.append(_failed(pattern.log_path.pattern, problem))
            elif number not in used and pattern.path() not in refused:
                detail = "no such file yet; it is read as soon as it appears"
                rows.append(SourceStatus(f"file:{pattern.log_path.pattern}", "waiting", detail))
        return rows + [_failed(path, problem) for path, problem in refused.items()]

    def _row(self, track: Track) -> SourceStatus:
        """The row of a file, kept until something is heard of it: the daemon asks every few seconds. Polled files say
        nothing when they grow."""
        row = track.status(self._watcher.problem)
        track.row = row if track not in self._rounds.polled and not self._agenda else None
        return row

    def close(self) -> None:
        """Releases every descriptor; idempotent."""
        self._paths.close()
        self._agenda.clear()
        self._watcher.close()

    # For the owner

    def patterns_of(self, source: str) -> tuple[LogPath, ...]:
        """The `logpath` values that mean a source: the jails that have one of them want its chunks."""
        path = source.removeprefix("file:")
        track = self._paths.tracks.get(path)
        numbers = track.patterns if track is not None else self._discovery.patterns_of(path)
        return tuple(self._log_paths[number] for number in sorted(numbers))

    def take_sayings(self) -> list[Saying]:
        """What should stand in the log since the last call: rotations, losses, what cannot be read and what can be
        again. At most about 100."""
        return self._news.take_sayings()

    def statistics(self) -> dict[str, int]:
        """Counts since the start, and what is held open now."""
        return {
            **self._news.counts,
            "files": len(self._paths.tracks),
            "descriptors": len(self._paths.registry),
            "watches": len(self._watcher),
            "polled": len(self._rounds.polled),
        }

    # What happens

    def _on_event(self, event: Event) -> None:
        if event.is_overflow:
            self._news.counts["overflows"] += 1
            self._audit()
            for track in self._paths.tracks.values():
                self._agenda.wake(track)
            return
        for track in self._paths.registry.watching(event.watch):
            self._agenda.wake(track)
        found, below = self._discovery.on_event(event)
        for path in below:
            found += [path] if self._discovery.patterns_of(path) else []
            found += [known for known in self._paths.tracks if known == path or known.startswith(path + "/")]
        for path in dict.fromkeys(found):
            self._paths.check(path)

    def _on_move(self, watch: int, name: str, new_watch: int, new_name: str) -> None:
        for path in self._discovery.paths(watch, name):
            for new_path in self._discovery.paths(new_watch, new_name)[:1]:
                if self._discovery.patterns_of(path):
                    self._paths.on_rename(path, new_path)

    def _look(self, item: int | str) -> None:
        """Looks at a path, or walks a pattern and puts off looking at what it found."""
        if isinstance(item, str):
            self._paths.check(item)
        else:
            self._agenda.look_at(path for path in self._discovery.scan(item) if path not in self._paths.tracks)

    def _audit(self) -> None:
        if not self._agenda.is_looking:
            self._agenda.look_at(range(len(self._patterns)))
            self._agenda.look_at(self._paths.tracks)

    def _is_retrying(self) -> bool:
        return bool(self._paths.refused) or self._discovery.is_blind()

    def _on_time(self, now: Monotonic) -> list[Chunk]:
        due = self._rounds.due(now, is_retrying=self._is_retrying())
        if Round.AUDIT in due or (Round.RETRY in due and self._discovery.is_blind()):
            self._rounds.learn_mounts()
            self._discovery.drop_vanished()
            self._audit()
        if Round.AUDIT in due:
            self._watcher.problem = None
            self._paths.watch_again()
        if Round.RETRY in due:
            self._agenda.look_at([track.path for track in self._rounds.troubled])
            self._agenda.look_at(self._paths.refused)
        if Round.POLL in due:
            for track in list(self._rounds.polled):
                self._paths.check(track.path)
                self._agenda.wake(track)
        return self._reading.tidy(now) if Round.TIDY in due else []

    def _say_unwatched(self) -> None:
        """Says once that a limit of inotify was reached."""
        problem = self._watcher.problem
        if problem is not None and self._unwatched is None:
            self._news.unwatched(problem)
        self._unwatched = problem or self._unwatched


def _failed(path: str, problem: SourceError) -> SourceStatus:
    return SourceStatus(f"file:{path}", "failed", f"{problem.message} → {problem.remedy}")
