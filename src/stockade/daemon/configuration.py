"""Configuration: the dialect's text made into settings whose filters run, with every problem that stood in the way.

In: options that say where, and the time; out: what the daemon runs on. A jail whose filter does not compile is left out
and named; the others run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from stockade.config import SHIPPED, Loaded, absent_programs, load
from stockade.daemon.mistakes import action_mistakes, filter_mistakes
from stockade.daemon.options import Options
from stockade.errors import Problem
from stockade.match.compile import Surroundings, surroundings
from stockade.match.engine import FilterUse, open_scanner
from stockade.match.line_scanner import LineScanner
from stockade.match.zones import local_zone
from stockade.model.clock import Wall
from stockade.model.settings import JailSettings, Settings

OPERATOR = Path("/etc/stockade")
"""Where the operator's own files lie over the shipped ones, unless `--config` says otherwise."""

BLOCKING = ("nftables", "iptables", "firewallcmd", "ufw", "route", "shorewall", "pf", "ipfw", "bsd-ipfw")
"""How fail2ban's names of actions that block begin: the enforcer does in nftables what they stand for."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings whose every jail has a filter that runs."""

    settings: Settings
    problems: tuple[Problem, ...]
    zone: tzinfo
    shared: Surroundings
    made_at: Wall

    def open_scanner(self, jails: Sequence[JailSettings], *, is_explaining: bool = False) -> LineScanner:
        """Opens the scanner of a source that these jails watch; its filters have the order of the jails."""
        uses = [FilterUse(jail.filter, jail.findtime) for jail in jails]
        return open_scanner(
            uses, now=self.made_at, local_zone=self.zone, shared=self.shared, is_explaining=is_explaining
        )

    def open_probe(self, jails: Sequence[JailSettings]) -> LineScanner:
        """Opens a scanner that tells what becomes of each line that it is given."""
        return self.open_scanner(jails, is_explaining=True)


def overlays(config: str) -> tuple[Path, ...]:
    """The directories that lie over the shipped configuration; a complete tree among them is read alone."""
    if config:
        return (Path(config),)
    return (OPERATOR,) if OPERATOR.is_dir() else ()


def read_configuration(options: Options, now: Wall) -> Configuration:
    """Reads and compiles everything; never raises for what stands in a file."""
    if options.config and not Path(options.config).is_dir():
        missing = Problem(options.config, 0, "there is no such directory", remedy="check --config")
        return compiled(Loaded(Settings(), (missing,)), now)
    configuration = compiled(load(SHIPPED, overrides=overlays(options.config)), now)
    unused = (problem for jail in configuration.settings.jails for problem in _not_yet(jail))
    return replace(configuration, problems=(*configuration.problems, *unused))


def compiled(loaded: Loaded, now: Wall) -> Configuration:
    """Compiles every filter; names what does not compile, and what is wrong with actions or missing for them."""
    zone = local_zone()
    shared = surroundings(now, zone)
    settings = loaded.settings
    wrong = {jail.name: list(filter_mistakes(jail, shared, loaded.origins)) for jail in settings.jails}
    jails = tuple(jail for jail in settings.jails if not wrong[jail.name])
    missing = absent_programs(loaded, lambda action: not action.name.startswith(BLOCKING))
    actions = (problem for jail in settings.jails for problem in action_mistakes(jail))
    found = (*loaded.problems, *(problem for some in wrong.values() for problem in some), *actions, *missing)
    return Configuration(replace(settings, jails=jails), found, zone, shared, now)


def _not_yet(jail: JailSettings) -> Iterator[Problem]:
    """Settings that are understood but have no effect in this version: said, so that nobody relies on them."""
    actions = [action.actname for action in jail.actions if not action.name.startswith(BLOCKING)]
    for setting, is_set in ((f"action {', '.join(actions)}", bool(actions)),):
        if is_set:
            yield Problem(
                f"[{jail.name}]",
                0,
                f"{setting} has no effect yet",
                remedy="everything else of this jail works; bans block in nftables",
                is_fatal=False,
            )
