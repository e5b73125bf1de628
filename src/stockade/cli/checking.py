"""Checking: reads a whole configuration and compiles every filter of every enabled jail, as the daemon would.

In: directories and the present time; out: every problem, with what this machine lacks. Must not print or run anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stockade.config import absent_logs, load
from stockade.daemon.configuration import compiled
from stockade.errors import Problem
from stockade.model.clock import Wall
from stockade.model.settings import JailSettings


@dataclass(frozen=True, slots=True)
class Checked:
    """What a configuration amounts to: the jails that can run, and everything that is wrong."""

    jails: tuple[JailSettings, ...]
    problems: tuple[Problem, ...]


def check(base: Path, overrides: Sequence[Path], now: Wall) -> Checked:
    """Reads and compiles everything; nothing that stands in a file makes it raise.

    The daemon's own problems are followed by the logs that are not there yet: it waits for them, and says so in status.
    """
    loaded = load(base, overrides=overrides)
    configuration = compiled(loaded, now)
    return Checked(configuration.settings.jails, (*configuration.problems, *absent_logs(loaded)))
