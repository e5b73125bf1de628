"""`stockade reload`: read the configuration again."""

from __future__ import annotations

from pathlib import Path

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import ask, json_option, socket_option
from stockade.cli.output import print_json, show
from stockade.cli.safe_text import safe_text


@click.command(
    "reload",
    cls=StockadeCommand,
    examples=[("stockade check && stockade reload", "look first")],
    exits=[("0", "taken up"), ("1", "taken up, but with mistakes"), ("4", "refused: the running one is untouched")],
)
@json_option
@socket_option
def command(is_json: bool, socket_path: Path) -> int:
    """Reads the configuration again. Bans stay; anything wrong leaves what runs untouched."""
    result = ask(socket_path, "reload")
    if is_json:
        print_json(result)
    else:
        for what in ("added", "changed", "removed"):
            if result[what]:
                click.echo(f"{what:<9} {safe_text(', '.join(result[what]))}")
        if not (result["added"] or result["changed"] or result["removed"]):
            click.echo("no jail has changed")
        if result["problems"]:
            from stockade.cli.views.problems import render_problems

            show(render_problems(result["problems"]))
    return exits.NO if result["problems"] else exits.DONE
