"""Owns the turns in which log files are read, and what is decided at the moment of reading.

In: tracks whose turn it is. Out: their chunks. A copy of what was read already is passed over; the beginning of a big
log whose past was never read is sought; what a truncation left unread is taken from the copy that was made before it.
"""

from __future__ import annotations

from stockade.model.chunk import Chunk
from stockade.model.clock import Monotonic
from stockade.model.settings import LogPath
from stockade.sources.agenda import Agenda
from stockade.sources.history import IsOld, beginning
from stockade.sources.news import News
from stockade.sources.openlog import OpenLog, explain
from stockade.sources.paths import Paths
from stockade.sources.predecessors import find_copies, rotated_from
from stockade.sources.rounds import Rounds
from stockade.sources.track import Track

MAX_READ = 256 * 1024
"""Bytes after which `serve` returns; the next call goes on with the next file. What waits in another file meanwhile
waits for no more than this to be looked at: 8 ms in a flood."""

MAX_STEPS = 512
"""Files served in one call: thousands of changes at once do not delay the rest of the daemon."""

SEEK_COST = MAX_READ // 4
"""What a search for the beginning counts as: at most about as long as reading that much."""


class Reading:
    """Reads from the tracks in turn; see the module's docstring."""

    def __init__(self, paths: Paths, agenda: Agenda, rounds: Rounds, news: News, is_old: IsOld | None) -> None:
        self._paths = paths
        self._agenda = agenda
        self._rounds = rounds
        self._news = news
        self._is_old = is_old

    def serve(self, now: Monotonic, patterns: dict[int, LogPath]) -> list[Chunk]:
        """Reads until there is nothing left or the call has done enough. `patterns` are those that tracks number."""
        chunks: list[Chunk] = []
        taken = 0
        for _ in range(MAX_STEPS):
            track = self._agenda.next_track() if taken < MAX_READ else None
            if track is None:
                break
            taken += self._seek(track, patterns)
            for chunk in self._take(track, now):
                chunks.append(chunk)
                taken += len(chunk.data)
        return chunks

    def tidy(self, now: Monotonic) -> list[Chunk]:
        """Closes what has been quiet for long."""
        chunks: list[Chunk] = []
        for track in list(self._rounds.lingering):
            chunks += track.tidy(now)
            self._paths.settle(track)
        return chunks

    def _take(self, track: Track, now: Monotonic) -> list[Chunk]:
        before = track.truncations, track.lost, len(track.late)
        try:
            self._pass_over_copy(track)
            if track.stands_at_a_beginning():  # it may have been filled, copied and truncated since the last look
                track.put_first(self._rescue(track, track.queue[0]), track.queue[0])
            chunks = track.take(now, self._rescue)
        except OSError as error:  # the disk or the network behind it failed: opened again at the known position
            self._give_up(track, error)
            chunks = []
        if track.truncations > before[0]:
            self._news.truncated(track.path, track.lost - before[1])
        if len(track.late) > before[2]:
            self._news.rotated(track.path)
        if chunks:
            chunks += self._paths.heirs.chunks(track)
        self._paths.settle(track)
        return chunks

    def _give_up(self, track: Track, error: OSError) -> None:
        track.problem = explain(track.path, error)
        self._news.failed(track.problem)
        track.retired += track.logs()
        track.queue.clear()
        track.late.clear()
        track.has_more = False

    def _seek(self, track: Track, patterns: dict[int, LogPath]) -> int:
        """Passes over the beginning of a log whose past cannot count any more; returns what that cost."""
        log, track.unread_past = track.unread_past, None
        if log is None or self._is_old is None or log is not (track.queue[0] if track.queue else None) or log.position:
            return 0
        is_old, meant = self._is_old, [patterns[number] for number in sorted(track.patterns)]
        try:
            place = beginning(log.fileno(), log.size(), lambda lines: is_old(meant, lines))
        except OSError:
            return SEEK_COST  # reading it fails as well, and says so
        if place:
            log.pass_over(place)
            track.skipped = place
            self._news.passed_over(track.path, place)
        return SEEK_COST

    def _pass_over_copy(self, track: Track) -> None:
        """Leaves aside what copytruncate saves under a name that matches, too (`auth.log*`): it was read already.

        The copy may still be growing, so it stays left aside. Whoever wants the copies alone has a pattern of his own.
        """
        log = track.queue[0] if track.queue else None
        if log is None or (log.position and not log.is_copy):
            return
        original = self._paths.tracks.get(rotated_from(track.path))
        if log.is_copy or (
            original is not None and original.patterns >= track.patterns and track.has_content_of(original)
        ):
            log.is_copy, log.is_announced = True, False
            log.seek_end()

    def _rescue(self, track: Track, log: OpenLog) -> list[OpenLog]:
        copies = find_copies(track.path, log, self._paths.is_known)
        for copy in copies:
            self._paths.resume(copy)
            self._paths.register(track, copy)
        return copies
