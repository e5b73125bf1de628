"""Owns the containers of one selection as a source: which there are, and a follower for each.

In: an engine, names or labels, cursors. Out: `Entries`, one source for each container's name: a container that is made
anew under the same name goes on where the old one ended, and a new one is read from its first line. The engine's files
are looked at every two seconds; what a container wrote before it was found is read all the same. Must not block.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Mapping

from stockade.errors import SourceError
from stockade.model.chunk import Chunk, Entries, SourceStatus
from stockade.model.clock import Monotonic, Seconds, Wall
from stockade.model.cursor import Cursor
from stockade.model.settings import ContainerSettings
from stockade.sources.containers.container import Container
from stockade.sources.containers.engines import Engine, engine
from stockade.sources.containers.follower import Follower, follow

LOOK_SECONDS: Seconds = 2.0
"""Between looks at the engine's files."""

MAX_FOLLOWED = 256
"""Containers of one selection that are followed; a further one is reported as failed."""

MAX_BYTES = 1024 * 1024
"""Bytes of lines after which `read` returns; the next call goes on with the next container."""

MAX_MARKS = 4096
"""Containers whose mark is kept, the ones that spoke last; a forgotten one that comes back is read from its start."""

SHORT_ID = 12
"""Characters of a container's number that identify it in a mark."""

Follow = Callable[[str, Container, str, Wall, str], Follower]


def containers_name(settings: ContainerSettings) -> str:
    """The name of the source of a selection, `docker[name=web-*]`; behind it, and a slash, stands a container's."""
    asked = [f"name={name}" for name in settings.names] + [f"label={label}" for label in settings.labels]
    place = [f"root={settings.root}"] if settings.root else []
    return f"{settings.engine}[{' '.join([*asked, *place])}]"


class Containers:
    """A `Source` of every container that is wanted, now and later."""

    def __init__(
        self,
        settings: ContainerSettings,
        since: Wall,
        cursors: Mapping[str, Cursor],
        *,
        engine_of: Callable[[str, str], Engine] = engine,
        follow: Follow = follow,
    ) -> None:
        """What was written before `since` need not be read; `cursors` are those of earlier runs, by source."""
        self._settings = settings
        self.source = containers_name(settings)
        self._since = since
        self._marks = {name: cursor.mark for name, cursor in cursors.items() if name.startswith(f"{self.source}/")}
        self._engine = engine_of(settings.engine, settings.root)
        self._follow = follow
        self._followers: dict[str, tuple[Container, Follower]] = {}
        self._ending: dict[str, tuple[Container, Follower]] = {}  # before whose end no other of the same name is read
        self._refused: dict[str, str] = {}
        self._problem: SourceError | None = None
        self._epoll = select.epoll()
        self._look_at: Monotonic | None = None
        self._turn = 0
        self._has_more = True

    # The Source protocol

    def fileno(self) -> int:
        """A descriptor that stays the same while containers come and go; -1 after `close`."""
        return -1 if self._epoll.closed else self._epoll.fileno()

    def deadline(self, now: Monotonic) -> Monotonic | None:
        """At once while there is more, else when the engine is looked at or a follower has something to do."""
        if self._epoll.closed:
            return None
        if self._has_more or self._look_at is None:
            return now
        due = [at for _, one in self._all() if (at := one.source.deadline(now)) is not None]
        return min([self._look_at, *due])

    def read(self, now: Monotonic) -> list[Chunk | Entries]:
        """Takes what is there, from each container in turn."""
        if self._epoll.closed:
            return []
        if self._look_at is None or now >= self._look_at:
            self._look_at = Monotonic(now + LOOK_SECONDS)
            self._look()
        ready = {descriptor for descriptor, _ in self._epoll.poll(0)}
        taken: list[Chunk | Entries] = []
        for name, (container, follower) in list(self._ending.items()):
            if _size(taken) >= MAX_BYTES:
                break
            last = self._serve(container, follower, now)
            taken += last
            if not last and not _is_due(follower, set(), now):
                follower.source.close()  # its descriptor leaves the epoll with it
                del self._ending[name]
        waiting = [pair for name, pair in self._followers.items() if name not in self._ending]
        due = [pair for pair in waiting if _is_due(pair[1], ready, now)]
        start = self._turn % max(1, len(due))
        served = 0
        for container, follower in due[start:] + due[:start]:
            if _size(taken) >= MAX_BYTES:
                break
            taken += self._serve(container, follower, now)
            served += 1
        self._turn += served
        self._has_more = bool(taken or self._ending) or served < len(due)
        return taken

    def _serve(self, container: Container, follower: Follower, now: Monotonic) -> list[Entries]:
        return [self._marked(entries, container.id) for entries in follower.read(now)]

    def status(self) -> list[SourceStatus]:
        """A row for every container that is followed, and one where there is none."""
        rows = [follower.status() for _, follower in self._all()]
        rows += [SourceStatus(name, "failed", why) for name, why in self._refused.items()]
        if self._problem is not None:
            rows.append(SourceStatus(self.source, "failed", f"{self._problem.message} → {self._problem.remedy}"))
        elif not rows:
            rows.append(SourceStatus(self.source, "waiting", "no such container; it is read as soon as it is made"))
        return rows

    def close(self) -> None:
        """Releases every descriptor; idempotent."""
        for _, follower in self._all():
            follower.source.close()
        self._followers, self._ending = {}, {}
        self._epoll.close()

    # Which containers there are

    def _all(self) -> list[tuple[Container, Follower]]:
        return [*self._ending.values(), *self._followers.values()]

    def _look(self) -> None:
        """Begins to follow what is new; what is gone is read to its end."""
        try:
            found = self._engine.containers()
        except SourceError as error:
            self._problem = error
            return
        self._problem = None
        wanted = {one.name: one for one in found if one.is_wanted(self._settings)}
        for name, (container, _) in list(self._followers.items()):
            if name not in self._ending and not _is_same(container, wanted.get(name)):
                self._ending[name] = self._followers.pop(name)
        self._refused = {}
        for container in wanted.values():
            if container.name not in self._followers:
                self._begin(container)

    def _begin(self, container: Container) -> None:
        name = f"{self.source}/{container.name}"
        if container.foreign_driver:
            driver = container.foreign_driver
            self._refused[name] = f"it logs with the driver {driver} → use json-file or journald, or read what it sends"
            return
        if len(self._followers) >= MAX_FOLLOWED:
            self._refused[name] = f"more than {MAX_FOLLOWED} containers → choose fewer by name or label"
            return
        id_, _, mark = self._marks.get(name, "").partition(" ")
        try:
            follower = self._follow(
                self._settings.engine, container, name, self._since, mark if container.id.startswith(id_) else ""
            )
        except SourceError as error:
            self._refused[name] = f"{error.message} → {error.remedy}"
            return
        self._followers[container.name] = (container, follower)
        if follower.source.fileno() >= 0:
            self._epoll.register(follower.source.fileno(), select.EPOLLIN)
        self._has_more = True

    def _marked(self, entries: Entries, id_: str) -> Entries:
        mark = f"{id_[:SHORT_ID]} {entries.mark}"
        self._marks.pop(entries.source, None)
        self._marks[entries.source] = mark
        if len(self._marks) > MAX_MARKS:
            del self._marks[next(iter(self._marks))]
        return Entries(entries.source, entries.entries, mark, entries.is_live)


def _is_same(container: Container, now: Container | None) -> bool:
    """Tells whether a container is still to be read where it was: Podman makes the file when the container starts."""
    return now is not None and (now.id, now.log_path) == (container.id, container.log_path)


def _size(items: list[Chunk | Entries]) -> int:
    return sum(len(line) for item in items if isinstance(item, Entries) for _, line in item.entries)


def _is_due(follower: Follower, ready: set[int], now: Monotonic) -> bool:
    deadline = follower.source.deadline(now)
    return follower.source.fileno() in ready or (deadline is not None and deadline <= now)
