"""Guard: runs the command line so that every ending is a clear message and an honest exit status.

In: arguments; out: an exit status. The only place of the command line that catches everything: a traceback is shown
only with STOCKADE_DEBUG=1. Must not know any command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from stockade.cli import exits
from stockade.cli.help import FrontPage, Misspelt
from stockade.cli.safe_text import safe_text
from stockade.errors import Bug, StockadeError, UsageError

COMPLETE = "_STOCKADE_COMPLETE"
"""What the completion scripts put into the environment when Tab is pressed."""
REPORT = "please report it, with the output of the same command under STOCKADE_DEBUG=1"


@click.command(cls=FrontPage, name="stockade", invoke_without_command=True, add_help_option=True)
@click.option("--version", "is_version", is_flag=True, help="Show the version.")
@click.pass_context
def stockade(ctx: click.Context, is_version: bool) -> None:
    """The root of all commands."""
    if is_version:
        from stockade import __version__

        click.echo(f"stockade {__version__}")
        ctx.exit()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), color=ctx.color)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line (that of the process when None) and gives its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without these characters shows "?" and goes on
    is_json = "--json" in given
    try:
        status = _invoke(given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _silence_stdout()
        return exits.BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        click.echo(err=True)
        return exits.INTERRUPTED
    except StockadeError as error:
        return fail(error, is_json=is_json)
    except click.ClickException as error:
        return fail(_explain_usage(error), is_json=is_json)
    except Exception as error:
        if os.environ.get("STOCKADE_DEBUG"):
            raise
        return fail(Bug(f"unexpected {type(error).__name__}: {error}", REPORT), is_json=is_json)


def _invoke(given: list[str]) -> int:
    """What `click.main` does, without its own idea of how a program ends."""
    instruction = os.environ.get(COMPLETE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(stockade, {}, "stockade", COMPLETE, instruction)
    try:
        with stockade.make_context("stockade", given, color=_wants_color()) as ctx:
            status = stockade.invoke(ctx)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    return status if isinstance(status, int) else exits.DONE


def fail(error: StockadeError, *, is_json: bool) -> int:
    """Prints an error, for machines on standard output as well, and gives its exit status."""
    if is_json:
        from stockade.cli.output import print_json

        print_json({"error": {"code": error.code, "message": error.message, "remedy": error.remedy}})
    color = _wants_color()
    head = click.style("error:", fg="red", bold=True)
    message = "\n".join(map(safe_text, error.message.split("\n")))
    click.echo(f"{head} {message}", err=True, color=color)
    if error.remedy:
        click.echo(f"  {click.style('→', fg='green')} {safe_text(error.remedy)}", err=True, color=color)
    return error.exit_status


def _wants_color() -> bool | None:
    """False or True when the environment says so, None to let each stream decide."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def _explain_usage(error: click.ClickException) -> UsageError:
    message = error.format_message().strip().rstrip(".")
    if isinstance(error, Misspelt):
        return UsageError(message, error.remedy)
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx else "stockade"
    return UsageError(message[:1].lower() + message[1:], f"`{path} --help` shows how it is used")


def _silence_stdout() -> None:
    """Keeps the interpreter from complaining at exit that the reader (`head`, a pager) has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
