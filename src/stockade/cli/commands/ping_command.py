"""`stockade ping`: does the daemon answer?"""

from __future__ import annotations

from pathlib import Path

import click

from stockade.cli.help import StockadeCommand
from stockade.cli.options import ask, json_option, socket_option
from stockade.cli.output import print_json


@click.command(
    "ping",
    cls=StockadeCommand,
    examples=[("stockade ping && echo alive", "in a script or a monitor")],
    exits=[("0", "it answers"), ("4", "it does not")],
)
@json_option
@socket_option
def command(is_json: bool, socket_path: Path) -> None:
    """Asks the daemon to answer, and nothing else."""
    result = ask(socket_path, "ping")
    if is_json:
        print_json(result)
    else:
        click.echo("pong")
