"""`stockade config`: the effective configuration, and where each value was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import config_option, json_option
from stockade.cli.output import print_json, show
from stockade.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from stockade.model.settings import Origin

SHORT = 40
"""Characters of a value that stands on its option's own line, with its origin behind it."""

Values = Mapping[str, "tuple[str, Origin]"]


@click.command(
    "config",
    cls=StockadeCommand,
    examples=[
        ("stockade config sshd", "one jail"),
        ("stockade config --json | jq '.jails.sshd.maxretry'", "one value, with its file and line"),
    ],
    exits=[("0", "no mistakes"), ("1", "there are mistakes: see `stockade check`")],
)
@click.argument("jail", required=False)
@config_option
@json_option
def command(jail: str | None, config_dir: Path | None, is_json: bool) -> int:
    """Shows the effective value of each option after every file and substitution, and the file and line it is from."""
    from stockade.cli.places import configuration
    from stockade.config import load

    base, overrides = configuration(config_dir)
    loaded = load(base, overrides=overrides)
    sections: dict[str, dict[str, tuple[str, Origin]]] = {}
    for (name, option), value in loaded.origins.items():
        sections.setdefault(name, {})[option] = value
    daemon = sections.pop("", {})
    if jail is not None:
        if jail not in sections:
            raise UsageError(f"there is no enabled jail {jail!r}", f"jails: {', '.join(sections) or 'none'}")
        daemon, sections = {}, {jail: sections[jail]}
    if is_json:
        print_json({"daemon": _as_json(daemon), "jails": {name: _as_json(own) for name, own in sections.items()}})
    else:
        for title, own in [("daemon", daemon), *sections.items()]:
            if own:
                show(_render(title, own))
    return exits.NO if loaded.problems else exits.DONE


def _as_json(values: Values) -> dict[str, object]:
    return {
        option: {"value": text, "path": origin.path, "line": origin.line} for option, (text, origin) in values.items()
    }


def _render(title: str, values: Values) -> Iterator[RenderableType]:
    """Gives a section as one would write it, each option with its origin behind it."""
    from rich.text import Text

    from stockade.cli.safe_text import safe_text
    from stockade.cli.views.style import FAINT, HEAD

    widest = max(len(option) for option in values)
    yield Text(f"[{safe_text(title)}]", HEAD)
    for option, (text, origin) in values.items():
        place = safe_text(f"{origin.path}:{origin.line}" if origin.line else origin.path)
        lines = [safe_text(line) for line in text.split("\n") if line]
        is_short = len(lines) <= 1 and len("".join(lines)) <= SHORT
        first = "".join(lines).ljust(SHORT) if is_short else ""
        yield Text.assemble((option.ljust(widest), "cyan"), f" = {first}  ", (f"# {place}", FAINT), no_wrap=True)
        for line in [] if is_short else lines:
            yield Text(f"    {line}", no_wrap=True)
    yield ""
