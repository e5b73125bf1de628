"""`stockade unban`: lift bans."""

from __future__ import annotations

from pathlib import Path

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import ask, complete_banned, json_option, socket_option
from stockade.cli.output import print_json
from stockade.cli.safe_text import safe_text
from stockade.errors import UsageError


@click.command(
    "unban",
    cls=StockadeCommand,
    examples=[
        ("stockade unban 192.0.2.7", "in every jail"),
        ("stockade unban --last", "the newest ban: that was me"),
        ("stockade unban --all", "everybody"),
    ],
    exits=[("0", "lifted"), ("1", "one of the addresses was not banned, or nobody was")],
)
@click.argument("addresses", metavar="ADDRESS…", nargs=-1, shell_complete=complete_banned)
@click.option("--all", "is_all", is_flag=True, help="Every ban of every jail.")
@click.option("--last", "is_last", is_flag=True, help="The newest ban.")
@json_option
@socket_option
def command(addresses: tuple[str, ...], is_all: bool, is_last: bool, is_json: bool, socket_path: Path) -> int:
    """Lifts bans, in the ledger and in the kernel. Give addresses, --last or --all."""
    if bool(addresses) + is_all + is_last != 1:
        raise UsageError("say whom: addresses, --last or --all, one of them", "stockade unban 192.0.2.7")
    result = ask(socket_path, "unban", ids=addresses or None, all=is_all or None, last=is_last or None)
    if is_json:
        print_json(result)
    else:
        for row in result["lifted"]:
            click.echo(f"lifted {safe_text(row['id'])} in {safe_text(row['jail'])}")
        for name in result["not_banned"]:
            click.echo(f"{safe_text(name)} was not banned")
        if not result["lifted"] and not result["not_banned"]:
            click.echo("nobody was banned")
    return exits.DONE if result["lifted"] and not result["not_banned"] else exits.NO
