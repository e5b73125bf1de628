"""Options that several commands share, and the one way to the daemon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from stockade.control.client import DEFAULT_PATH, Client

_Function = TypeVar("_Function", bound=Callable[..., Any])

CONFIG_HELP = "Configuration directory; otherwise the shipped one with /etc/stockade over it."


def json_option(function: _Function) -> _Function:
    """Adds `--json`."""
    return click.option("--json", "is_json", is_flag=True, help="JSON for machines: one object, or one on each line.")(
        function
    )


def socket_option(function: _Function) -> _Function:
    """Adds `--socket`, which STOCKADE_SOCKET sets as well."""
    return click.option(
        "--socket",
        "socket_path",
        type=click.Path(path_type=Path),
        default=DEFAULT_PATH,
        envvar="STOCKADE_SOCKET",
        metavar="PATH",
        help=f"The daemon's socket: {DEFAULT_PATH}, or STOCKADE_SOCKET.",
    )(function)


def config_option(function: _Function) -> _Function:
    """Adds `--config`."""
    return click.option("--config", "config_dir", type=click.Path(path_type=Path), metavar="DIR", help=CONFIG_HELP)(
        function
    )


def ask(socket_path: Path, command: str, **arguments: object) -> dict[str, Any]:
    """Makes one call to the daemon."""
    with Client(socket_path) as client:
        return client.call(command, **arguments)


def complete_banned(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Completes addresses that are banned now; silent when no daemon answers."""
    return [name for name in _names(ctx, "bans", "bans", "id") if name.startswith(incomplete)]


def complete_jail(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Completes names of jails; silent when no daemon answers."""
    return [name for name in _names(ctx, "status", "jails", "name") if name.startswith(incomplete)]


def complete_written_jail(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Completes names of all jails of the configuration, enabled or not; needs no daemon."""
    from stockade.config.listing import jail_names

    return [name for name in _written(ctx, jail_names) if name.startswith(incomplete)]


def complete_filter(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Completes names of filters, and behind `jail:` those of jails."""
    from stockade.config.listing import filter_names

    if incomplete.startswith("jail:"):
        names = complete_written_jail(ctx, parameter, incomplete.removeprefix("jail:"))
        return [f"jail:{name}" for name in names]
    return [name for name in _written(ctx, filter_names) if name.startswith(incomplete)]


def _written(ctx: click.Context, names: Callable[[Path, Sequence[Path]], Sequence[str]]) -> Sequence[str]:
    from stockade.cli.places import configuration
    from stockade.errors import StockadeError

    try:
        return names(*configuration(ctx.params.get("config_dir")))
    except StockadeError:
        return []


def _names(ctx: click.Context, command: str, rows: str, key: str) -> list[str]:
    from stockade.errors import StockadeError

    try:
        with Client(ctx.params.get("socket_path") or DEFAULT_PATH, timeout=0.5) as client:
            return [str(row[key]) for row in client.call(command)[rows]]
    except (StockadeError, KeyError, TypeError):
        return []
