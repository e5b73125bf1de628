"""`fail2ban.conf` and `stockade.conf`: what concerns the whole daemon.

In: the tree. Out: `DaemonSettings`; a wrong option is a warning and its default counts, since a daemon that runs with a
default protects better than one that does not start. `stockade.conf` is read behind `fail2ban.conf` and overrides it.
"""

from __future__ import annotations

from stockade.config.interpolate import Scope
from stockade.config.merge import TreeReader
from stockade.config.options import OptionReader, Origins
from stockade.config.paths import candidates
from stockade.config.spelling import misspelled
from stockade.config.times import parse_seconds
from stockade.config.trouble import Trouble, suggest
from stockade.errors import Problem
from stockade.model.settings import DaemonSettings

NAMES = ("fail2ban", "stockade")
SECTION = "Definition"
DAEMON_OPTIONS = (
    "loglevel",
    "logtarget",
    "syslogsocket",
    "socket",
    "pidfile",
    "allowipv6",
    "dbfile",
    "dbmaxmatches",
    "dbpurgeage",
)
OWN_OPTIONS = ("keepbans",)
_LEVELS = ("CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "MSG", "DEBUG", "TRACEDEBUG", "HEAVYDEBUG")


def read_daemon(reader: TreeReader, problems: list[Problem], origins: Origins) -> DaemonSettings:
    """Reads the daemon's options; origins are kept under the jail name ""."""
    settings = DaemonSettings()
    for name in NAMES:
        if candidates(reader.roots, name):
            settings = _read_name(reader, name, settings, problems, origins)
    return settings


def _read_name(
    reader: TreeReader, name: str, base: DaemonSettings, problems: list[Problem], origins: Origins
) -> DaemonSettings:
    merged = reader.read(name)
    problems += [flaw.trouble.problem() for flaw in merged.flaws]
    known = (*DAEMON_OPTIONS, *OWN_OPTIONS)
    problems += misspelled(merged, [SECTION], known)
    options = OptionReader(Scope(merged, SECTION), "", problems, origins, is_lenient=True)
    for option in known:
        options.text(option)
    return DaemonSettings(
        loglevel=options.convert("loglevel", base.loglevel, _level),
        logtarget=options.text("logtarget") or base.logtarget,
        allowipv6=options.convert("allowipv6", base.allowipv6, _allowipv6),
        dbmaxmatches=options.number("dbmaxmatches", base.dbmaxmatches, 0, 10_000),
        dbpurgeage=options.convert("dbpurgeage", base.dbpurgeage, _purgeage),
        is_keepbans=options.flag("keepbans", base.is_keepbans),
    )


def _level(text: str) -> str:
    level = text.strip().upper()
    if level not in _LEVELS and not (level.isascii() and level.isdigit() and len(level) < 4):
        raise Trouble("unknown level", text, suggest(level, _LEVELS, "write INFO, NOTICE, WARNING, ERROR or DEBUG"))
    return level


def _allowipv6(text: str) -> str:
    word = text.strip().lower()
    if word not in ("auto", "1", "on", "true", "yes", "0", "off", "false", "no"):
        raise Trouble("neither auto nor yes nor no", text, "write auto, yes or no")
    return word


def _purgeage(text: str) -> float:
    seconds = parse_seconds(text)
    if seconds < 0:
        raise Trouble("time out of range", text, "write 0 or more seconds")
    return seconds
