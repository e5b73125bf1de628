"""Refusal: what a command says when the configuration's mistakes keep it from working."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

from stockade.cli import exits
from stockade.cli.output import print_json, show

if TYPE_CHECKING:
    from stockade.control.schema import ProblemRow
    from stockade.errors import Problem


def refuse(problems: Sequence[Problem], *, is_json: bool) -> int:
    """Shows every problem, as `check` does, and gives the exit status."""
    rows = [cast("ProblemRow", asdict(problem)) for problem in problems]
    if is_json:
        print_json({"problems": rows})
    else:
        from stockade.cli.views.problems import render_problems

        show(render_problems(rows))
    return exits.NO
