"""Help pages: the front page grouped by what one wants to do, and one page per command with examples.

In: the tables and Click's parameters; out: text through Click's formatter, coloured when it goes to a terminal. Must
not import a command before it is called: the front page needs only the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from stockade import __version__
from stockade.cli.exits import TABLE as EXITS
from stockade.cli.table import EXAMPLES, TABLE

WIDTH = 100
"""Columns of a help page on a wide terminal."""

Rows = Sequence[tuple[str, str]]


class StockadeCommand(click.Command):
    """A command whose help page has examples and, where the answer can be no, exit statuses."""

    def __init__(self, *args: Any, examples: Rows = (), exits: Rows = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self._examples = examples
        self._exits = exits

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the page."""
        formatter.width = min(WIDTH, _terminal_width())
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write(f"{_title('Usage')}  {ctx.command_path} {pieces}\n\n")
        with formatter.indentation():
            for paragraph in (self.help or "").split("\n\n"):
                formatter.write_text(" ".join(paragraph.split()))
                formatter.write_paragraph()
        records = [parameter.get_help_record(ctx) for parameter in self.get_params(ctx)]
        _write_rows(formatter, "Options", [record for record in records if record and record[0].startswith("-")])
        _write_rows(formatter, "Examples", self._examples)
        _write_rows(formatter, "Exit status", self._exits)


class FrontPage(click.Group):
    """The group of all commands; each is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return [entry.name for entry in TABLE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one command."""
        for entry in TABLE:
            if entry.name == cmd_name:
                command: click.Command = import_module(entry.module).command
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command, or names the one that was probably meant."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx) and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), n=1, cutoff=0.5)
            hint = f"did you mean `stockade {near[0]}`?" if near else "`stockade --help` lists the commands"
            raise Misspelt(f"there is no command {name!r}", hint)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the front page."""
        formatter.width = min(WIDTH, _terminal_width())
        formatter.write(f"{click.style('Stockade', bold=True)} {__version__} ")
        formatter.write("watches logs, decides who is attacking, and provably blocks them.\n\n")
        formatter.write(f"{_title('Usage')}  stockade COMMAND [OPTIONS]\n\n")
        widest = max(len(entry.name) for entry in TABLE)
        for group in dict.fromkeys(entry.group for entry in TABLE):
            rows = [(entry.name.ljust(widest), entry.help) for entry in TABLE if entry.group == group]
            _write_rows(formatter, group, rows)
        _write_rows(formatter, "Examples", EXAMPLES)
        _write_rows(formatter, "Exit status", [(str(number), meaning) for number, meaning in EXITS])
        formatter.write("Every command explains itself with --help and speaks JSON with --json.\n")


class Misspelt(click.UsageError):
    """A usage error that already knows its remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def _terminal_width() -> int:
    from shutil import get_terminal_size

    return get_terminal_size((WIDTH, 24)).columns


def _title(text: str) -> str:
    return click.style(text, fg="yellow", bold=True)


def _write_rows(formatter: click.HelpFormatter, title: str, rows: Rows) -> None:
    if not rows:
        return
    formatter.write(f"{_title(title)}\n")
    with formatter.indentation():
        formatter.write_dl([(click.style(name, fg="cyan"), text) for name, text in rows], col_max=44)
    formatter.write_paragraph()
