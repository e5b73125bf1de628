"""`stockade why`: why an address is banned, or what keeps it from being banned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import ask, complete_banned, json_option, socket_option
from stockade.cli.output import print_json, show

if TYPE_CHECKING:
    from stockade.control.schema import WhyResult


@click.command(
    "why",
    cls=StockadeCommand,
    examples=[
        ("stockade why 192.0.2.7", "the whole story"),
        ("stockade why 192.0.2.7 --json | jq -r '.bans[0].matches[]'", "the log lines only"),
    ],
    exits=[("0", "it is banned"), ("1", "it is not")],
)
@click.argument("address", metavar="ADDRESS", shell_complete=complete_banned)
@json_option
@socket_option
def command(address: str, is_json: bool, socket_path: Path) -> int:
    """Explains why an address is banned, or which step kept it from being banned, with the log lines."""
    result = cast("WhyResult", ask(socket_path, "why", id=address))
    if is_json:
        print_json(result)
    else:
        from stockade.cli.views.why import render_why

        show(render_why(result))
    return exits.DONE if result["verdict"] == "banned" else exits.NO
