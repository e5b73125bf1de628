"""The view of a jail's actions (`config --actions`): what would be run, for an invented ban of each family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from stockade.cli.action_examples import ActionRow, CommandRow
from stockade.cli.safe_text import safe_text
from stockade.cli.views.style import FAINT, HEAD


def render_actions(jail: str, rows: Sequence[ActionRow]) -> Iterator[RenderableType]:
    """Gives each action with its commands, each script as a shell gets it."""
    yield Text(f"[{safe_text(jail)}]", HEAD)
    if not rows:
        yield "  no action"
    for row in rows:
        yield Text.assemble((f"  {safe_text(row['actname'])}", HEAD), (f"  {_nature(row)}", FAINT), no_wrap=True)
        for command in row["commands"]:
            yield from _command(command)
    yield ""


def _nature(row: ActionRow) -> str:
    parts = [f"at most {row['timeout']:g} s per command"]
    if row["is_on_demand"]:
        parts.insert(0, "starts with the first ban of each family")
    if row["is_norestored"]:
        parts.append("not for restored bans")
    return ", ".join(parts)


def _command(row: CommandRow) -> Iterator[Text]:
    families = ", ".join(row["families"]).strip()
    yield Text.assemble((f"    {row['command']}", "cyan"), (f"  {families}" if families else "", FAINT), no_wrap=True)
    for line in row["text"].split("\n"):
        yield Text(f"      {safe_text(line)}", no_wrap=True)
    for number, value in enumerate(row["arguments"]):
        yield Text(f"      ${number} = {safe_text(value)}", FAINT, no_wrap=True)
