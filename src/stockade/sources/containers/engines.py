"""Finds the containers of an engine in the files in which it keeps them; the engine itself is never asked.

In: a directory. Out: containers, or a SourceError that says what may not be read. Files that have not changed are not
read again. What an engine writes is believed, but bounded; what cannot be understood is passed over.

Docker (moby, daemon/container): `<root>/<id>/config.v2.json` with Name ("/web-1") and Config.Labels, `hostconfig.json`
with LogConfig.Type, and for the json-file driver `<id>-json.log`. Podman (containers/storage, libpod): id and names in
`containers.json` and `volatile-containers.json`, `<root>/<id>/userdata/ctr.log` for the k8s-file driver.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from stockade.errors import SourceError
from stockade.sources.containers.container import Container

MAX_CONTAINERS: Final = 4096
"""Containers of one engine that are looked at; further ones are not."""

MAX_FILE: Final = 16 * 1024 * 1024
"""Bytes of a file of the engine; a larger one is passed over."""

ROOTS: Final[Mapping[str, str]] = {
    "docker": "/var/lib/docker/containers",
    "podman": "/var/lib/containers/storage/overlay-containers",
}

_ID = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}")
_DRIVERS: Final = ("", "json-file", "journald")
_Seen = tuple[int, int, int]


class Engine(Protocol):
    """One engine's directory."""

    def containers(self) -> list[Container]:
        """The containers there are now; raises SourceError when the directory may not be read."""


def engine(name: str, root: str) -> Engine:
    """The engine of a name, at `root` or in the usual place."""
    place = root or ROOTS[name]
    return Docker(place) if name == "docker" else Podman(place)


class Docker:
    """Docker's containers."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._known: dict[str, tuple[_Seen, Container | None]] = {}

    def containers(self) -> list[Container]:
        """See `Engine`."""
        known, self._known = self._known, {}
        for id_ in _directories(self._root):
            seen = _seen(os.path.join(self._root, id_, "config.v2.json"))
            if seen is None:
                continue
            before = known.get(id_)
            self._known[id_] = before if before and before[0] == seen else (seen, self._read(id_))
        return [container for _, container in self._known.values() if container is not None]

    def _read(self, id_: str) -> Container | None:
        directory = os.path.join(self._root, id_)
        config = _object(_json(os.path.join(directory, "config.v2.json")))
        name = str(config.get("Name", "")).removeprefix("/")
        if not _NAME.fullmatch(name):
            return None
        labels = _object(_object(config.get("Config")).get("Labels"))
        host = _object(_object(_json(os.path.join(directory, "hostconfig.json"))).get("LogConfig"))
        driver = str(host.get("Type", ""))
        return Container(
            id_,
            name,
            {key: value for key, value in labels.items() if isinstance(value, str)},
            "" if driver == "journald" else os.path.join(directory, f"{id_}-json.log"),
            "" if driver in _DRIVERS else driver[:40],
        )


class Podman:
    """Podman's containers; their labels are in its database only."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._known: dict[str, tuple[_Seen, list[tuple[str, str]]]] = {}

    def containers(self) -> list[Container]:
        """See `Engine`."""
        existing = set(_directories(self._root))
        found = (pair for file in ("containers.json", "volatile-containers.json") for pair in self._names(file))
        return [self._container(id_, name) for id_, name in found if id_ in existing]

    def _names(self, file: str) -> list[tuple[str, str]]:
        path = os.path.join(self._root, file)
        seen = _seen(path)
        if seen is None:
            return []
        if path not in self._known or self._known[path][0] != seen:
            self._known[path] = (seen, list(_podman_names(_json(path))))
        return self._known[path][1]

    def _container(self, id_: str, name: str) -> Container:
        log = os.path.join(self._root, id_, "userdata", "ctr.log")
        return Container(id_, name, log_path=log if os.path.exists(log) else "")


def _podman_names(listed: Any) -> Iterator[tuple[str, str]]:
    for entry in listed[:MAX_CONTAINERS] if isinstance(listed, list) else ():
        one = _object(entry)
        id_, names = one.get("id"), one.get("names")
        name = names[0] if isinstance(names, list) and names else None
        if isinstance(id_, str) and _ID.fullmatch(id_) and isinstance(name, str) and _NAME.fullmatch(name):
            yield id_, name


def _directories(root: str) -> list[str]:
    """The names of containers' directories, in order; none while the engine is not installed."""
    try:
        names = sorted(name for name in os.listdir(root) if _ID.fullmatch(name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SourceError(
            f"{root} cannot be read: {error.strerror}",
            "start the daemon as root, which keeps the right to read it, or let the container log to the journal",
        ) from error
    return names[:MAX_CONTAINERS]


def _seen(path: str) -> _Seen | None:
    """What tells one version of a file from the next; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _json(path: str) -> Any:
    """What a file holds; None for one that cannot be read or understood."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
        return json.loads(data) if len(data) <= MAX_FILE else None
    except (OSError, ValueError, RecursionError):
        return None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
