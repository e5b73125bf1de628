"""`stockade bans`: who is banned now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from stockade.cli.help import StockadeCommand
from stockade.cli.options import ask, complete_jail, json_option, socket_option
from stockade.cli.output import print_json, show

if TYPE_CHECKING:
    from stockade.control.schema import BansResult


@click.command(
    "bans",
    cls=StockadeCommand,
    examples=[
        ("stockade bans", "all of them, newest first"),
        ("stockade bans --jail sshd", "of one jail"),
        ("stockade bans --json | jq -r '.bans[].id'", "only the addresses"),
    ],
)
@click.option("--jail", metavar="JAIL", shell_complete=complete_jail, help="Only the bans of this jail.")
@json_option
@socket_option
def command(jail: str | None, is_json: bool, socket_path: Path) -> None:
    """Lists who is banned, by which jail, for how much longer and why.

    ● the kernel has confirmed the block, ◌ it has not yet, ✖ it refused.
    """
    result = cast("BansResult", ask(socket_path, "bans", jail=jail))
    if is_json:
        print_json(result)
        return
    from stockade.cli.views.bans import render_bans

    show(render_bans(result["bans"]))
