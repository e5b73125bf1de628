"""`stockade status`: am I protected? Then jails, sources and the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import ask, complete_jail, json_option, socket_option
from stockade.cli.output import columns, print_json, show

if TYPE_CHECKING:
    from stockade.control.schema import StatusResult


@click.command(
    "status",
    cls=StockadeCommand,
    examples=[
        ("stockade status", "everything"),
        ("stockade status sshd", "one jail"),
        ("stockade status --json | jq .protected", "for a monitor"),
    ],
    exits=[("0", "protected"), ("1", "not protected"), ("4", "no daemon answers: not protected either")],
)
@click.argument("jail", required=False, shell_complete=complete_jail)
@json_option
@socket_option
def command(jail: str | None, is_json: bool, socket_path: Path) -> int:
    """Tells in its first line whether this machine is protected; then how each jail and each log is doing."""
    result = cast("StatusResult", ask(socket_path, "status", jail=jail))
    if is_json:
        print_json(result)
    else:
        from stockade.cli.views.status import render_status

        show(render_status(result, columns()))
    return exits.DONE if result["protected"] else exits.NO
