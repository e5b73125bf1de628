"""`stockade config`: the effective configuration, and where each value was written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import config_option, json_option
from stockade.cli.output import print_json, show
from stockade.errors import UsageError

if TYPE_CHECKING:
    from stockade.config import Effective, Loaded


@click.command(
    "config",
    cls=StockadeCommand,
    examples=[
        ("stockade config", "all jails that are enabled, one line each"),
        ("stockade config sshd", "one jail, enabled or not"),
        ("stockade config sshd --actions", "what its actions would run"),
        ("stockade config --json | jq '.jails.sshd.maxretry'", "one value, with its file and line"),
    ],
    exits=[("0", "no mistakes"), ("1", "there are mistakes: see `stockade check`")],
)
@click.argument("jail", required=False)
@click.option("--actions", "is_actions", is_flag=True, help="What would be run, for an invented ban of each family.")
@config_option
@json_option
def command(jail: str | None, is_actions: bool, config_dir: Path | None, is_json: bool) -> int:
    """Shows the effective value of each option after every file and substitution, and the file and line it is from."""
    from stockade.cli.places import configuration

    base, overrides = configuration(config_dir)
    loaded, is_enabled = _load(base, overrides, jail)
    if is_actions:
        return _show_actions(loaded, jail, is_json=is_json)
    if is_json:
        _print_json(loaded, jail)
    else:
        _show(loaded, jail, is_enabled=is_enabled)
    return exits.NO if loaded.problems else exits.DONE


def _load(base: Path, overrides: Sequence[Path], jail: str | None) -> tuple[Loaded, bool]:
    """Reads the configuration; a jail that is named and not enabled is read as if it were. Raises UsageError."""
    from stockade.config import load
    from stockade.config.listing import jail_names

    loaded = load(base, overrides=overrides)
    enabled = [name for name, option in loaded.origins if option == "enabled"]
    if jail is None or jail in enabled:
        return loaded, True
    if jail not in jail_names(base, overrides):
        raise UsageError(f"there is no jail {jail!r}", f"jails: {', '.join(enabled) or 'none'}")
    return load(base, overrides=overrides, jail={jail: {"enabled": "true"}}), False


def _show(loaded: Loaded, jail: str | None, *, is_enabled: bool) -> None:
    from stockade.cli.views.config import render_built_in, render_overview, render_section

    if jail is None:
        daemon = _options(loaded, "")
        if daemon:
            show(render_section("daemon", daemon))
        show(render_overview(loaded.settings.jails))
        return
    values = _options(loaded, jail)
    show(render_section(jail, values))
    for (name, actname), properties in loaded.actions.items():
        if name == jail:
            show(render_section(f"{jail}: action {actname}", properties))
    show(render_built_in(values))
    if not is_enabled:
        show([f"# [{jail}] is not enabled: write `enabled = true`"])


def _options(loaded: Loaded, jail: str) -> dict[str, Effective]:
    """The options of a jail in the order of the table, those that only this tree knows at the end."""
    from stockade.config import BUILT_IN

    own = {option: found for (name, option), found in loaded.origins.items() if name == jail}
    return {option: own[option] for option in (*BUILT_IN, *own) if option in own}


def _print_json(loaded: Loaded, jail: str | None) -> None:
    """One object: `daemon`, and by jail its options and its `actions`."""
    names = dict.fromkeys(name for name, _ in loaded.origins if name and jail in (None, name))
    jails: dict[str, dict[str, object]] = {name: _jail_as_json(loaded, name) for name in names}
    daemon = {} if jail else {option: _as_json(found) for option, found in _options(loaded, "").items()}
    print_json({"daemon": daemon, "jails": jails})


def _jail_as_json(loaded: Loaded, jail: str) -> dict[str, object]:
    from stockade.config import BUILT_IN

    written: dict[str, object] = {option: _as_json(found) for option, found in _options(loaded, jail).items()}
    built_in = {name: {"value": text, "path": "", "line": 0} for name, text in BUILT_IN.items() if name not in written}
    actions = {
        actname: {option: _as_json(found) for option, found in properties.items()}
        for (name, actname), properties in loaded.actions.items()
        if name == jail
    }
    return {**written, **built_in, "actions": actions}


def _show_actions(loaded: Loaded, jail: str | None, *, is_json: bool) -> int:
    """Shows what the actions of one jail or of all would run, and what is wrong with them."""
    from stockade.cli.action_examples import action_rows
    from stockade.cli.views.actions import render_actions
    from stockade.cli.views.problems import render_problems
    from stockade.control.schema import ProblemRow

    jails = [own for own in loaded.settings.jails if jail in (None, own.name)]
    found = {own.name: action_rows(own, time.time()) for own in jails}
    problems = [cast(ProblemRow, asdict(problem)) for _, own in found.values() for problem in own]
    if is_json:
        print_json({"jails": {name: rows for name, (rows, _) in found.items()}, "problems": problems})
    else:
        for name, (rows, _) in found.items():
            show(render_actions(name, rows))
        show(render_problems(problems))
    return exits.NO if loaded.problems or problems else exits.DONE


def _as_json(found: Effective) -> dict[str, object]:
    """Value and place; `lines` where it has several, or stands elsewhere than the option."""
    shown: dict[str, object] = {"value": found.text, "path": found.origin.path, "line": found.origin.line}
    if found.lines != (found.origin,):
        shown["lines"] = [{"path": place.path, "line": place.line} for place in found.lines]
    return shown
