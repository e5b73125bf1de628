"""The reader's front door: directories in, the whole configuration and every problem out.

Never raises for what stands in a file. A problem with a jail's name disables that jail only. A fatal problem without
one (a syntax error in [DEFAULT], an unreadable `jail.local`) concerns everything: `Loaded.is_whole` is then False and
whoever holds a running configuration should keep it. Each call reads everything anew; nothing is kept between calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stockade import __version__
from stockade.config.actions import ACTION_OPTIONS
from stockade.config.backends import Machine
from stockade.config.daemon import read_daemon
from stockade.config.filters import FILTER_OPTIONS, build_filter, combine, read_filter
from stockade.config.history import INCLUDES, Merged
from stockade.config.ini import DEFAULT, IniFile, Value
from stockade.config.interpolate import Scope
from stockade.config.jails import JailReader
from stockade.config.limits import MAX_JAIL_NAME, MAX_JAILS
from stockade.config.merge import TreeReader
from stockade.config.modes import unknown_modes
from stockade.config.names import KNOWN_OPTIONS
from stockade.config.options import Effective, Findings, OptionReader
from stockade.config.paths import SHIPPED, is_there, search_path
from stockade.config.spelling import misspelled
from stockade.config.syslog import clashes
from stockade.config.trouble import Trouble
from stockade.errors import Problem
from stockade.model.settings import DaemonSettings, FilterSettings, JailSettings, Settings

GIVEN = "(given)"
"""The path shown for options that came with the call."""

_MACHINE = Machine()
_KNOWN_IN = {"filter.d": FILTER_OPTIONS, "action.d": ACTION_OPTIONS}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The yield of one load.

    `origins` maps (jail, option) of enabled jails to the effective text and where each line of it was written; the
    daemon's own options stand under the jail "".
    """

    settings: Settings
    problems: tuple[Problem, ...] = ()
    origins: Mapping[tuple[str, str], Effective] = field(default_factory=dict)
    actions: Mapping[tuple[str, str], Mapping[str, Effective]] = field(default_factory=dict)
    """(jail, action's name in the jail) → its commands and properties, in the same form."""

    @property
    def is_whole(self) -> bool:
        """Tells whether nothing is wrong that concerns more than single jails."""
        return not any(problem.is_fatal and not problem.jail for problem in self.problems)


def load(
    base: Path = SHIPPED,
    *,
    overrides: Sequence[Path] = (),
    jail: Mapping[str, Mapping[str, str]] | None = None,
    has_files: Callable[[str], bool] = _MACHINE.has_files,
    has_journal: Callable[[], bool] = _MACHINE.has_journal,
) -> Loaded:
    """Reads `base` and the directories laid over it; `config.paths` says which files those are.

    `jail` holds raw options by section that are laid over the merged jail files, last. `has_files(pattern)` and
    `has_journal()` say what exists now; they decide only where `backend = auto` may mean either.
    """
    roots = search_path(base, overrides)
    if not base.is_dir():
        missing = Trouble("the configuration directory does not exist", "", "check --config", str(base))
        return Loaded(Settings(), (missing.problem(),))
    findings = Findings()
    reader = TreeReader(roots)
    daemon = DaemonSettings()
    jails: tuple[JailSettings, ...] = ()
    try:
        daemon = read_daemon(reader, findings.problems, findings.origins)
        merged = _read_jail_files(reader, jail or {})
        jails = _read_jails(reader, merged, Machine(has_files, has_journal), findings)
        findings.problems += _warnings(reader)
    except Trouble as trouble:
        findings.problems.append(trouble.at(str(base), 0).problem())
    problems = tuple(dict.fromkeys(findings.problems))
    return Loaded(Settings(daemon, jails), problems, findings.origins, findings.actions)


def _read_jail_files(reader: TreeReader, given: Mapping[str, Mapping[str, str]]) -> Merged:
    """The merged jail files under the fixed values of [DEFAULT] and what came with the call."""
    merged = reader.read("jail")
    merged.add(_given({section: dict(options) for section, options in given.items()}))
    merged.add(_given({DEFAULT: {"fail2ban_version": __version__, "fail2ban_confpath": str(reader.roots[0])}}))
    return merged


def _given(sections: Mapping[str, Mapping[str, str]]) -> IniFile:
    values = {
        section: {option.lower(): Value(text, GIVEN, (0,) * (text.count("\n") + 1)) for option, text in options.items()}
        for section, options in sections.items()
    }
    return IniFile(GIVEN, values)


def _read_jails(reader: TreeReader, merged: Merged, machine: Machine, findings: Findings) -> tuple[JailSettings, ...]:
    problems = findings.problems
    problems += [flaw.trouble.problem() for flaw in merged.flaws if flaw.section in ("", DEFAULT, INCLUDES)]
    jails: list[JailSettings] = []
    enabled: list[str] = []
    flawed: dict[str, list[Trouble]] = {}
    for flaw in merged.flaws:
        flawed.setdefault(flaw.section, []).append(flaw.trouble)
    for name in merged.sections:
        if name == INCLUDES:
            continue
        flaws = flawed.get(name, [])
        jail = JailReader(reader, merged, name, machine=machine, findings=findings)
        if not jail.is_enabled():
            findings.origins.pop((name, "enabled"), None)
            problems += [flaw.problem(is_fatal=False) for flaw in flaws]
            continue
        if len(enabled) == MAX_JAILS:
            message = f"more than {MAX_JAILS} jails are enabled; this one and those behind it are left out"
            problems.append(Trouble(message, name, "disable some", *merged.place(name)).problem())
            break
        enabled.append(name)
        flaws += _check_name(name, merged)
        problems += [flaw.problem(name) for flaw in flaws]
        settings = jail.read()
        if settings is not None and not flaws:
            jails.append(settings)
    problems += misspelled(merged, enabled, KNOWN_OPTIONS)
    return _without_clashes(jails, findings)


def _without_clashes(jails: Sequence[JailSettings], findings: Findings) -> tuple[JailSettings, ...]:
    """The jails without those that want to listen on another's address in another way."""
    wrong = dict(clashes(jails))
    for jail, trouble in wrong.items():
        origin = findings.origins[jail, "backend"].origin
        findings.problems.append(trouble.at(origin.path, origin.line).problem(jail))
    return tuple(jail for jail in jails if jail.name not in wrong)


def _warnings(reader: TreeReader) -> list[Problem]:
    """What else is odd in the filter and action files that were used."""
    found: list[Problem] = []
    for merged in reader.known():
        found += [trouble.problem(is_fatal=False) for trouble in merged.warnings]
        folder = merged.name.partition("/")[0]
        if folder in _KNOWN_IN:
            found += [flaw.trouble.problem(is_fatal=False) for flaw in merged.flaws[1:]]
            found += misspelled(merged, ["Definition"], _KNOWN_IN[folder])
    return found


def _check_name(name: str, merged: Merged) -> list[Trouble]:
    """What is wrong with a jail's name; it appears in commands, in logs and in the firewall."""
    path, line = merged.place(name)
    if len(name) > MAX_JAIL_NAME or not name.isprintable() or name != name.strip() or name.startswith("-"):
        remedy = f"use up to {MAX_JAIL_NAME} printable characters, not beginning with -"
        return [Trouble("not a name for a jail", name, remedy, path, line)]
    return []


def load_filter(
    base: Path,
    item: str,
    *,
    overrides: Sequence[Path] = (),
    options: Mapping[str, str] | None = None,
    is_journal: bool = False,
) -> tuple[FilterSettings, tuple[Problem, ...]]:
    """Reads one filter, such as `sshd[mode=aggressive]`, as a jail without own options would.

    `item` may begin with the path of a file (`./my.conf[…]`, `/etc/…/x.conf`) or with `filter.d/`. `options` are
    the jail's own filter options (`failregex`, `usedns`, `logtimezone`, …), final texts.
    """
    problems: list[Problem] = []
    reader = TreeReader(search_path(base, overrides))
    given = Merged("jail")
    given.add(_given({"test": {name: text.replace("%", "%%") for name, text in (options or {}).items()}}))
    jail = OptionReader(Scope(given, "test"), "", problems, {})
    own = {name: text for name in FILTER_OPTIONS if (text := jail.find(name)) is not None}
    try:
        place, bracket, arguments = item.partition("[")
        name, merged = _filter_file(reader, place.strip())
        variables = {"enabled": "True", "backend": "systemd" if is_journal else "auto", "filter": item}
        item = f"{name}{bracket}{arguments}"
        name, definition = read_filter(reader, item, variables, is_journal=is_journal, merged=merged)
        texts = combine(definition, own)
        problems += [trouble.problem(is_fatal=False) for trouble in unknown_modes(definition, texts)]
        settings = build_filter(name, texts, jail)
    except Trouble as trouble:
        problems.append(trouble.at(item, 0).problem())
        settings = FilterSettings(item)
    return settings, tuple(problems)


def _filter_file(reader: TreeReader, place: str) -> tuple[str, Merged | None]:
    """The filter's name and, where a file was named, that file."""
    path = Path(place)
    if "/" in place.removeprefix("filter.d/") and is_there(path):
        return path.stem, reader.read_file(path)
    return place.removeprefix("filter.d/").removesuffix(".conf"), None
