"""Configuration: the dialect's text made into settings whose filters run, with every problem that stood in the way.

In: options that say where, and the time; out: what the daemon runs on. A jail whose filter does not compile is left out
and named; the others run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from stockade._scanner import Scanner
from stockade.config import SHIPPED, load
from stockade.daemon.options import Options
from stockade.errors import Problem
from stockade.match.compile import Surroundings, surroundings
from stockade.match.engine import FilterUse, check_filter, open_scanner
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

    def open_scanner(self, jails: Sequence[JailSettings]) -> Scanner:
        """Opens the scanner of a source that these jails watch; its filters have the order of the jails."""
        uses = [FilterUse(jail.filter, jail.findtime) for jail in jails]
        return open_scanner(uses, now=self.made_at, local_zone=self.zone, shared=self.shared)


def overlays(config: str) -> tuple[Path, ...]:
    """The directories that lie over the shipped configuration; a complete tree among them is read alone."""
    if config:
        return (Path(config),)
    return (OPERATOR,) if OPERATOR.is_dir() else ()


def read_configuration(options: Options, now: Wall) -> Configuration:
    """Reads and compiles everything; never raises for what stands in a file."""
    if options.config and not Path(options.config).is_dir():
        missing = Problem(options.config, 0, "there is no such directory", remedy="check --config")
        return _running(Settings(), [missing], now)
    loaded = load(SHIPPED, overrides=overlays(options.config))
    return _running(loaded.settings, loaded.problems, now)


def _running(settings: Settings, problems: Sequence[Problem], now: Wall) -> Configuration:
    zone = local_zone()
    shared = surroundings(now, zone)
    wrong = {jail.name: list(_filter_problems(jail, shared)) for jail in settings.jails}
    jails = tuple(jail for jail in settings.jails if not wrong[jail.name])
    unused = (problem for jail in jails for problem in _not_yet(jail))
    found = (*problems, *(problem for some in wrong.values() for problem in some), *unused)
    return Configuration(replace(settings, jails=jails), found, zone, shared, now)


def _not_yet(jail: JailSettings) -> Iterator[Problem]:
    """Settings that are understood but have no effect in this version: said, so that nobody relies on them."""
    actions = [action.actname for action in jail.actions if not action.name.startswith(BLOCKING)]
    for setting, is_set in (
        ("bantime.increment", jail.ban.is_increment),
        ("ignorecommand", bool(jail.ignorecommand)),
        (f"action {', '.join(actions)}", bool(actions)),
    ):
        if is_set:
            yield Problem(
                f"[{jail.name}]",
                0,
                f"{setting} has no effect yet",
                remedy="everything else of this jail works; bans last for bantime and block in nftables",
                is_fatal=False,
            )


def _filter_problems(jail: JailSettings, shared: Surroundings) -> Iterator[Problem]:
    for error in check_filter(jail.filter, shared):
        yield Problem(f"filter.d/{jail.filter.name}.conf", 0, error.message, remedy=error.remedy, jail=jail.name)
