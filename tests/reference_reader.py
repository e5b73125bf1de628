"""fail2ban's own configuration reader, where its Debian package is installed: directories in, its command streams out.

It is run, never read: one process answers for as many trees as a test asks about, and what it sends to its server is
sorted here by jail.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

PYTHON = Path("/usr/bin/python3")
PACKAGE = Path("/usr/lib/python3/dist-packages/fail2ban/client/configurator.py")

_SERVE = """
import json, sys
from fail2ban.client.configurator import Configurator
for line in sys.stdin:
    try:
        reader = Configurator()
        reader.setBaseDir(line.rstrip("\\n"))
        reader.readAll()
        answer = {"is_good": bool(reader.getOptions()), "error": ""}
        reader.convertToProtocol(allow_no_files=True)
        answer["stream"] = reader.getConfigStream()
    except Exception as error:
        answer = {"is_good": False, "error": f"{type(error).__name__}: {error}", "stream": []}
    print(json.dumps(answer), flush=True)
"""


@dataclass(slots=True)
class ReferenceJail:
    """What the reference sends for one jail. `options` holds the commands with one value."""

    backend: str
    lists: dict[str, list[str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    matches: list[list[str]] = field(default_factory=list)
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_started: bool = False


@dataclass(slots=True)
class Reference:
    """Its whole answer for one tree; `is_good` is False when it would not start."""

    is_good: bool
    error: str
    jails: dict[str, ReferenceJail]
    server: dict[str, Any]


class ReferenceReader:
    """The process that reads; use as a context manager."""

    def __enter__(self) -> ReferenceReader:
        self._process = subprocess.Popen(
            [PYTHON, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        return self

    def read(self, tree: Path) -> Reference:
        """Reads one tree."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{tree}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return _sorted(answer["is_good"], answer["error"], answer["stream"])

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate(timeout=30)


def _sorted(is_good: bool, error: str, stream: Sequence[Sequence[Any]]) -> Reference:
    jails: dict[str, ReferenceJail] = {}
    server: dict[str, Any] = {}
    for command in stream:
        match command:
            case ["add", jail, backend]:
                jails[jail] = ReferenceJail(backend)
            case ["start", jail]:
                jails[jail].is_started = True
            case ["set", option, value] if option not in jails:
                server[option] = value
            case [_, jail, *words] if jail in jails:
                _take(jails[jail], words)
            case ["config-error", _]:
                pass
            case other:
                raise AssertionError(f"an unknown command: {other}")
    return Reference(is_good, error, jails, server)


def _take(jail: ReferenceJail, words: list[Any]) -> None:
    match words:
        case ["addfailregex" | "addignoreregex" as kind, texts]:
            jail.lists.setdefault(kind, []).extend(texts if isinstance(texts, list) else [texts])
        case ["addignoreip", *addresses]:
            jail.lists.setdefault("addignoreip", []).extend(addresses)
        case ["addjournalmatch", *tokens]:
            jail.matches.append(tokens)
        case ["addlogpath", path, where]:
            jail.logs[path] = where
        case ["addaction", name, *_]:
            jail.actions[name] = {}
        case ["action", name, properties]:
            jail.actions[name] = dict(properties)
        case [option, value]:
            jail.options[option] = value
        case other:
            raise AssertionError(f"an unknown command: {other}")
