"""`stockade version`: versions of this command and of the daemon that runs."""

from __future__ import annotations

from pathlib import Path

import click

from stockade import __version__
from stockade.cli.help import StockadeCommand
from stockade.cli.options import ask, json_option, socket_option
from stockade.cli.output import print_json
from stockade.cli.safe_text import safe_text
from stockade.errors import StockadeError


@click.command(
    "version",
    cls=StockadeCommand,
    examples=[("stockade version --json", "for an inventory: daemon is null when none answers")],
)
@json_option
@socket_option
def command(is_json: bool, socket_path: Path) -> None:
    """Tells the version of this command and, when one answers, of the daemon."""
    try:
        daemon = ask(socket_path, "version")
    except StockadeError:
        daemon = None
    if is_json:
        print_json({"version": __version__, "daemon": daemon})
        return
    click.echo(f"stockade {__version__}")
    if daemon is None:
        click.echo("daemon   not running, or not for you to ask")
    else:
        click.echo(f"daemon   {safe_text(str(daemon.get('version')))} (pid {daemon.get('pid')})")
