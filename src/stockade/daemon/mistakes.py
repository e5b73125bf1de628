"""Mistakes in expressions and actions, as problems of the configuration; those in expressions name their very line.

In: what `match` and `actions` found wrong with a jail, and where `config` read each line of each option. Out: Problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from stockade.actions import build_action, takes_free_ids
from stockade.config.options import Effective
from stockade.errors import Problem
from stockade.match.compile import Surroundings
from stockade.match.engine import check_filter
from stockade.match.problem import SHOWN, ExpressionError
from stockade.model.settings import JailSettings, Origin

Origins = Mapping[tuple[str, str], Effective]
"""(jail, option) → its effective text and the origin of each of its lines."""


def filter_mistakes(jail: JailSettings, shared: Surroundings, origins: Origins) -> Iterator[Problem]:
    """Yields a problem for everything that keeps a jail's filter from running."""
    for error in check_filter(jail.filter, shared):
        yield _problem(error, jail, origins)


def action_mistakes(jail: JailSettings) -> Iterator[Problem]:
    """Yields a problem for everything that is wrong or risky in a jail's actions; the jail bans all the same."""
    for action in jail.actions:
        _, problems = build_action(action, jail.name, has_free_ids=takes_free_ids(jail.filter))
        yield from (replace(problem, is_fatal=False) for problem in problems)


def _problem(error: ExpressionError, jail: JailSettings, origins: Origins) -> Problem:
    origin = _origin(origins.get((jail.name, error.option)), error.index) or _origin(origins.get((jail.name, "filter")))
    origin = origin or Origin(f"filter.d/{jail.filter.name}.conf", 0)
    message = f"{error.option} #{error.index + 1}: {error.reason}" if error.option else error.reason
    value = error.text if len(error.text) <= SHOWN else error.text[:SHOWN] + "…"
    return Problem(origin.path, origin.line, message, value, error.remedy, jail.name)


def _origin(effective: Effective | None, index: int = 0) -> Origin | None:
    """Where the expression with this number is written: lines that are empty hold none and do not count."""
    if effective is None:
        return None
    lines = effective.text.split("\n")
    filled = [place for line, place in zip(lines, effective.lines, strict=False) if line.strip()]
    return filled[index] if index < len(filled) else effective.origin
