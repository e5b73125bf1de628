"""`stockade ban`: ban addresses or networks by hand."""

from __future__ import annotations

from pathlib import Path

import click

from stockade.cli.help import StockadeCommand
from stockade.cli.humanise import duration
from stockade.cli.options import ask, complete_jail, json_option, socket_option
from stockade.cli.output import print_json
from stockade.cli.safe_text import safe_text
from stockade.cli.times import read_time


@click.command(
    "ban",
    cls=StockadeCommand,
    examples=[
        ("stockade ban 192.0.2.7", "for as long as the jail bans"),
        ("stockade ban 2001:db8:7::/64 --for 1d12h", "a network, for a day and a half"),
        ('stockade ban 192.0.2.0/24 --for forever --reason "port scan"', "until it is lifted, with a note"),
    ],
    exits=[("0", "banned, and on disk"), ("4", "the daemon refused, or none answers")],
)
@click.argument("addresses", metavar="ADDRESS…", nargs=-1, required=True)
@click.option("--jail", metavar="JAIL", shell_complete=complete_jail, help="The jail that bans; see `stockade status`.")
@click.option(
    "--for", "time", metavar="TIME", help="How long: 90, 10m, 1d12h, 1w or forever; otherwise as the jail does."
)
@click.option("--reason", metavar="TEXT", help="A note that `stockade why` shows.")
@json_option
@socket_option
def command(
    *,
    addresses: tuple[str, ...],
    jail: str | None,
    time: str | None,
    reason: str | None,
    is_json: bool,
    socket_path: Path,
) -> None:
    """Bans addresses or networks by hand. It answers once the bans are on disk."""
    seconds = None if time is None else read_time("--for", time, may_be_for_ever=True)
    result = ask(socket_path, "ban", ids=addresses, jail=jail, seconds=seconds, reason=reason)
    if is_json:
        print_json(result)
        return
    for ban in result["bans"]:
        left = ban["remaining_seconds"]
        shown = "for ever" if left is None else f"for {duration(left)}"
        click.echo(f"banned {safe_text(ban['id'])} in {safe_text(ban['jail'])} {shown}")
