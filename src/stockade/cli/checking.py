"""Checking: reads a whole configuration and compiles every filter of every enabled jail, as the daemon would.

In: directories, the present time and the local zone; out: every problem, expressions that do not compile included.
Must not print or run anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from stockade.config import load
from stockade.errors import Problem
from stockade.match.compile import Surroundings, surroundings
from stockade.match.engine import check_filter
from stockade.match.problem import ExpressionError
from stockade.model.clock import Wall
from stockade.model.settings import JailSettings, Origin

Origins = Mapping[tuple[str, str], tuple[str, Origin]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a configuration amounts to: the jails that can run, and everything that is wrong."""

    jails: tuple[JailSettings, ...]
    problems: tuple[Problem, ...]


def check(base: Path, overrides: Sequence[Path], now: Wall, zone: tzinfo) -> Checked:
    """Reads and compiles everything; nothing that stands in a file makes it raise."""
    loaded = load(base, overrides=overrides)
    shared = surroundings(now, zone)
    wrong = {jail.name: _problems_of(jail, shared, loaded.origins) for jail in loaded.settings.jails}
    jails = tuple(jail for jail in loaded.settings.jails if not wrong[jail.name])
    return Checked(jails, loaded.problems + tuple(problem for found in wrong.values() for problem in found))


def _problems_of(jail: JailSettings, shared: Surroundings, origins: Origins) -> list[Problem]:
    return [_place(error, jail.name, origins) for error in check_filter(jail.filter, shared)]


def _place(error: ExpressionError, jail: str, origins: Origins) -> Problem:
    """Gives an error the place of its option: where its first line stands."""
    _, origin = origins.get((jail, error.option), ("", Origin(f"filter {error.filter_name}", 0)))
    what = f"{error.option} #{error.index + 1}: {error.reason}" if error.option else error.reason
    return Problem(origin.path, origin.line, what, error.text, error.remedy, jail)
