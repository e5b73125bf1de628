"""`stockade run`: becomes the daemon, so that nothing of the command line stays in its memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from stockade.cli.help import StockadeCommand
from stockade.cli.options import CONFIG_HELP
from stockade.daemon.options import Options
from stockade.errors import UsageError
from stockade.rights import INSECURE

_DEFAULTS = Options()
_NAMES = sorted(INSECURE)


@click.command(
    "run",
    cls=StockadeCommand,
    examples=[
        ("stockade run", "as a service manager starts it"),
        ("stockade run --dry-run --state /tmp/try", "decide everything, block nothing"),
        ("stockade run --config /etc/fail2ban", "with fail2ban's configuration, unchanged"),
    ],
    exits=[("0", "stopped by a signal"), ("3", "this machine lacks something it needs"), ("70", "a bug")],
)
@click.option("--config", default="", metavar="DIR", help=CONFIG_HELP)
@click.option("--state", default=_DEFAULTS.state, metavar="DIR", help=f"The ledger's directory: {_DEFAULTS.state}.")
@click.option(
    "--socket",
    default=_DEFAULTS.socket,
    envvar="STOCKADE_SOCKET",
    metavar="PATH",
    help=f"The control socket: {_DEFAULTS.socket}, or STOCKADE_SOCKET.",
)
@click.option("--dry-run", is_flag=True, help="Decide as always, but block nobody.")
@click.option("--stdin", is_flag=True, help="Read standard input as a log of every enabled jail.")
@click.option("--keep-bans", is_flag=True, help="Leave the blocks in the kernel when the daemon stops.")
@click.option("--remove-bans", is_flag=True, help="Take them out; the ledger keeps the bans for the next start.")
@click.option(
    "--insecure",
    multiple=True,
    type=click.Choice(_NAMES),
    metavar="NAME",
    help=f"A protection that may be missing ({', '.join(_NAMES)}); otherwise that is fatal.",
)
def command(
    *,
    config: str,
    state: str,
    socket: str,
    dry_run: bool,
    stdin: bool,
    keep_bans: bool,
    remove_bans: bool,
    insecure: tuple[str, ...],
) -> None:
    """Runs the daemon in the foreground. SIGTERM stops it, SIGHUP reads the configuration again.

    When it stops, a service leaves its blocks in the kernel, where they end in time; in a terminal it takes them out.
    """
    if keep_bans and remove_bans:
        raise UsageError("--keep-bans and --remove-bans exclude each other", "give one of them, or none")
    options = Options(
        config=_directory(config),
        state=_absolute(state),
        socket=_absolute(socket),
        dry_run=dry_run,
        stdin=stdin,
        bans_at_exit="keep" if keep_bans else "remove" if remove_bans else "auto",
        insecure=insecure,
    )
    sys.stdout.flush()
    # -P: a module of the directory we were started in must never be imported by a daemon that starts as root
    os.execv(sys.executable, [sys.executable, "-P", "-m", "stockade.daemon", options.to_json()])  # noqa: S606


def _directory(path: str) -> str:
    """The configuration's place, or nothing for the usual one. Raises UsageError for a directory that is not there."""
    if path and not Path(path).is_dir():
        raise UsageError(f"there is no configuration directory {path!r}", "check --config")
    return _absolute(path)


def _absolute(path: str) -> str:
    return str(Path(path).absolute()) if path else ""
