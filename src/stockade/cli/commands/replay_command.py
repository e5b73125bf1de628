"""`stockade replay`: who would have been banned, when, by which lines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stockade.cli import exits
from stockade.cli.help import StockadeCommand
from stockade.cli.options import complete_written_jail, config_option, json_option
from stockade.cli.output import columns, print_json, show, warn
from stockade.cli.refusal import refuse
from stockade.errors import UsageError

if TYPE_CHECKING:
    from datetime import tzinfo

    from stockade.model.ban import Ban
    from stockade.replay.logs import Log
    from stockade.replay.moments import Span
    from stockade.replay.plan import Judge, Plan
    from stockade.replay.replay import Conditions, Replay

AHEAD = 26 * 3600.0
"""Seconds that a log may seem to be ahead of the present: the widest difference between two zones."""


@click.command(
    "replay",
    cls=StockadeCommand,
    examples=[
        ("stockade replay /var/log/auth.log*", "the enabled jails that read it, over the whole rotated set"),
        ("stockade replay auth.log.2.gz --jail sshd --lines", "a copy, through one jail, with the evidence"),
        ("stockade replay access.log --jail nginx --set maxretry=3 --set bantime=1d", "what if?"),
        ("stockade replay /var/log/auth.log --since 7d --json", "for a script"),
    ],
    exits=[
        ("0", "the logs were read to their ends, whatever was found"),
        ("1", "a jail cannot be used; where it was not named, the others were replayed"),
        ("3", "a log cannot be read, or not to its end (what could be read counts)"),
        ("130", "interrupted; what was found so far is shown"),
    ],
)
@click.argument("logs", metavar="LOG…", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "--jail",
    "jails",
    multiple=True,
    metavar="JAIL",
    shell_complete=complete_written_jail,
    help="A jail to use, enabled or not; may be repeated.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="An option to try on every jail: --set maxretry=3."
)
@click.option("--since", metavar="TIME", help="Leave out earlier failures: 2026-01-05, '2026-01-05 01:31', 7d ago.")
@click.option("--until", metavar="TIME", help="Leave out later failures.")
@click.option(
    "--now",
    type=float,
    metavar="EPOCH",
    help="The clock by which dates without a year are read; otherwise when each log was last written.",
)
@click.option("--tz", metavar="ZONE", help="Zone of dates that name none, and of printed times: this machine's.")
@click.option("--no-ignore", "is_unsparing", is_flag=True, help="Nobody is exempt: no ignoreip, no ignoreself.")
@click.option("--lines", "is_evidence_shown", is_flag=True, help="Show the lines that led to each ban.")
@click.option("--summary", "is_brief", is_flag=True, help="Show the summary only, not each ban.")
@config_option
@json_option
def command(
    *,
    logs: tuple[str, ...],
    jails: tuple[str, ...],
    settings: tuple[str, ...],
    since: str | None,
    until: str | None,
    now: float | None,
    tz: str | None,
    is_unsparing: bool,
    is_evidence_shown: bool,
    is_brief: bool,
    config_dir: Path | None,
    is_json: bool,
) -> int:
    """Shows who would have been banned, when and by which lines, had the jails watched these logs. The daemon's own
    code decides, in the time of the logs; nothing is blocked, run or waited for.

    Logs may be plain or compressed (gzip, xz, bzip2, zstd), and pieces of a rotated log in any order. Names in logs
    are not looked up, and ignorecommand is not run. With --json: one object for each ban, then a summary.
    """
    from stockade.cli.places import configuration
    from stockade.cli.times import read_zone
    from stockade.replay.plan import plan_replay

    clock = time.time()
    zone = read_zone(tz)
    base, overrides = configuration(config_dir)
    found = _logs(logs, now, clock)
    plan = plan_replay(
        base, overrides, found, jails, _options(settings), is_ignoring=not is_unsparing, judge=_judge(zone, clock)
    )
    if not plan.is_possible:
        return refuse(plan.problems, is_json=is_json)
    conditions = _conditions(plan, zone, _span(since, until, clock, zone), is_ignoring=not is_unsparing)
    shown = _Shown(zone, is_json=is_json, is_brief=is_brief, is_evidence_shown=is_evidence_shown)
    status = _run(plan, conditions, shown)
    return exits.NO if status == exits.DONE and plan.left_out else status


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is printed, and how."""

    zone: tzinfo
    is_json: bool
    is_brief: bool
    is_evidence_shown: bool


def _run(plan: Plan, conditions: Conditions, shown: _Shown) -> int:
    """Replays, shows bans as they come and the summary, also of a run that was interrupted."""
    from stockade.cli.progress import progress
    from stockade.replay.replay import Replay

    total = sum(log.size for logs in plan.logs.values() for log in logs)
    began = time.perf_counter()
    is_interrupted = False
    with progress(total) as advance:
        replay = Replay(plan, conditions, advance=advance)
        try:
            _show_bans(replay.run(), [jail.name for jail in plan.settings.jails], shown)
        except KeyboardInterrupt:
            is_interrupted = True
    seconds = time.perf_counter() - began
    return _show_summary(replay, seconds, shown, is_interrupted=is_interrupted)


def _show_bans(bans: Iterator[Ban], jails: Sequence[str], shown: _Shown) -> None:
    from stockade.cli.views.replay import BanLines, ban_row

    if shown.is_json:
        for ban in bans:
            if not shown.is_brief:
                print_json(ban_row(ban, shown.zone))
        return
    lines = BanLines(jails, shown.zone, is_evidence_shown=shown.is_evidence_shown)
    show(line for ban in bans if not shown.is_brief for line in lines.of(ban))


def _show_summary(replay: Replay, seconds: float, shown: _Shown, *, is_interrupted: bool) -> int:
    from stockade.cli.views.replay import render_replay, summary_row

    summary = replay.summary()
    if shown.is_json:
        print_json({"summary": summary_row(summary, seconds, shown.zone, is_interrupted=is_interrupted)})
    else:
        show(render_replay(summary, seconds, shown.zone, columns=columns(), is_interrupted=is_interrupted))
    if is_interrupted:
        return exits.INTERRUPTED
    return exits.UNREAD if summary.problems else exits.DONE


def _logs(paths: Sequence[str], now: float | None, clock: float) -> list[Log]:
    from stockade.cli.times import read_epoch
    from stockade.model.clock import Wall
    from stockade.replay.logs import find_logs

    return find_logs(paths, None if now is None else Wall(read_epoch("--now", now)), Wall(clock))


def _options(settings: Sequence[str]) -> dict[str, str]:
    """Reads `--set maxretry=3`; the configuration's reader judges names and values."""
    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set {setting!r} names no option and value", "write --set maxretry=3")
        found[name.strip()] = value.strip()
    return found


def _judge(zone: tzinfo, clock: float) -> Judge:
    """Compiles a jail's filter as `check` does."""
    from stockade.daemon.mistakes import filter_mistakes
    from stockade.match.compile import surroundings

    shared = surroundings(clock, zone)
    return lambda jail, origins: filter_mistakes(jail, shared, origins)


def _span(since: str | None, until: str | None, clock: float, zone: tzinfo) -> Span:
    from math import inf

    from stockade.cli.times import read_moment
    from stockade.replay.moments import Span

    first = read_moment("--since", since, now=clock, zone=zone) if since else -inf
    last = read_moment("--until", until, now=clock, zone=zone) if until else inf
    if first > last:
        raise UsageError("--since is after --until", "turn them round")
    return Span(first, last, clock + AHEAD)


def _conditions(plan: Plan, zone: tzinfo, span: Span, *, is_ignoring: bool) -> Conditions:
    """What the daemon would know at its start: this machine's addresses, and the lists that `ignoreip` names."""
    from stockade.core.events import IgnoreFile, OwnAddresses
    from stockade.daemon.host import own_addresses, own_names
    from stockade.daemon.ignorefiles import IgnoreFiles
    from stockade.model.clock import Monotonic
    from stockade.replay.replay import Conditions

    files = IgnoreFiles(plan.settings)
    facts: list[OwnAddresses | IgnoreFile] = [OwnAddresses(own_addresses(), own_names())]
    facts += files.read_changed(Monotonic(0.0))
    warn([*plan.problems, *files.problems])
    return Conditions(zone, tuple(facts) if is_ignoring else (), span, _addresses)


def _addresses(name: str) -> tuple[str, ...]:
    """The addresses of a host name in `ignoreip`, as the daemon finds them; none when there is no answer."""
    from stockade.resolve.lookup import canonical, system_lookup
    from stockade.resolve.names import refusal

    if refusal(name):
        return ()
    try:
        return tuple(canonical(system_lookup(name, True)))
    except (OSError, UnicodeError):
        return ()
