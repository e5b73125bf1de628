"""`stockade check`: find every mistake in the configuration."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import cast

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import config_option, json_option
from stockade.cli.output import print_json, show
from stockade.model.clock import Wall


@click.command(
    "check",
    cls=StockadeCommand,
    examples=[
        ("stockade check", "the configuration the daemon would read"),
        ("stockade check --config /etc/fail2ban", "fail2ban's, before moving over"),
    ],
    exits=[("0", "no mistakes"), ("1", "mistakes, each with file, line and remedy")],
)
@config_option
@json_option
def command(config_dir: Path | None, is_json: bool) -> int:
    """Reads every file of the configuration, compiles every filter and reports all mistakes, not only the first.

    A jail with a mistake does not keep the others from running.
    """
    from stockade.cli.checking import check
    from stockade.cli.places import configuration
    from stockade.cli.views.problems import render_problems, render_success
    from stockade.control.schema import ProblemRow

    base, overrides = configuration(config_dir)
    checked = check(base, overrides, Wall(time.time()))
    rows = [cast(ProblemRow, asdict(problem)) for problem in checked.problems]
    names = [jail.name for jail in checked.jails]
    if is_json:
        directories = [str(directory) for directory in (base, *overrides)]
        print_json({"directories": directories, "jails": names, "problems": rows})
    else:
        show(render_problems(rows))
        show(render_success(names, has_problems=bool(rows)))
    return exits.NO if rows else exits.DONE
