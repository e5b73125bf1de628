"""`stockade completion`: the script that teaches a shell to complete commands, jails and banned addresses."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from stockade.cli.guard import COMPLETE
from stockade.cli.help import StockadeCommand
from stockade.errors import Bug


@click.command(
    "completion",
    cls=StockadeCommand,
    examples=[
        ('eval "$(stockade completion bash)"', "in ~/.bashrc; zsh alike"),
        ("stockade completion fish | source", "in config.fish"),
    ],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Prints the completion script of a shell."""
    maker = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if maker is None:
        raise Bug(f"Click knows no shell {shell!r}")
    click.echo(maker(root, {}, "stockade", COMPLETE).source())
