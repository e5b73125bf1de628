"""Plan: which jails are replayed, over which logs, with which settings.

In: configuration directories, logs, names of jails, options to try (`maxretry=3`). Out: a `Plan`, or the problems that
stand in the way. A jail without `--jail` is taken when it is enabled and its `logpath` covers the log, and left out
when it cannot run, as the daemon leaves it out; one that is named is taken as it stands, enabled or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from stockade.config import Loaded, load
from stockade.config.listing import jail_names
from stockade.config.names import KNOWN_OPTIONS
from stockade.config.options import Effective
from stockade.errors import Problem, UsageError
from stockade.model.settings import JailSettings, Settings
from stockade.replay.logs import Log, pieces
from stockade.sources.patterns import Pattern

FIXED = {"enabled": "true", "backend": "auto", "logpath": "/dev/null", "action": "", "ignorecommand": ""}
"""What a replayed jail is given: it reads files, whatever it reads on this machine, and nothing runs."""

UNSPARING = {"ignoreip": "", "ignoreself": "false"}
"""What it is given where nobody is to be exempt."""


Judge = Callable[[JailSettings, Mapping[tuple[str, str], Effective]], Iterable[Problem]]
"""Tells what keeps a jail's filter from running, given where its options were written."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings with these jails alone; for each log by name its pieces and the names of the jails that read it.

    `left_out` names jails that read one of the logs and cannot run. `is_possible` is False where such a jail was named,
    or where a log has no other; `problems` say why.
    """

    settings: Settings
    logs: Mapping[str, Sequence[Log]]
    readers: Mapping[str, tuple[str, ...]]
    problems: tuple[Problem, ...] = ()
    left_out: tuple[str, ...] = ()
    is_possible: bool = True

    def jails_of(self, log: str) -> list[JailSettings]:
        """The jails that read a log."""
        return [jail for jail in self.settings.jails if jail.name in self.readers[log]]


def plan_replay(
    base: Path,
    overrides: Sequence[Path],
    logs: Iterable[Log],
    names: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
    *,
    is_ignoring: bool = True,
    judge: Judge = lambda jail, origins: (),
) -> Plan:
    """Chooses jails and reads their settings; `options` are laid over each of them, as raw text of the dialect. Without
    `is_ignoring` nobody is exempt. `judge` compiles the filters.

    Raises UsageError for a jail that is not there and for a log that no jail reads.
    """
    _check_options(options or {})
    grouped = pieces(logs)
    others: tuple[Problem, ...] = ()
    if names:
        _check_names(names, jail_names(base, overrides))
        readers = {log: tuple(dict.fromkeys(names)) for log in grouped}
    else:
        readers, others = _covering(base, overrides, grouped)
    chosen = sorted({name for each in readers.values() for name in each})
    raw = {**(options or {}), **({} if is_ignoring else UNSPARING), **FIXED}
    loaded = load(base, overrides=overrides, jail=dict.fromkeys(chosen, raw), has_files=lambda pattern: True)
    jails, problems = _usable(loaded, chosen, judge)
    usable = {jail.name for jail in jails}
    left_out = tuple(name for name in chosen if name not in usable)
    return Plan(
        replace(loaded.settings, jails=jails),
        grouped,
        {log: tuple(name for name in mine if name in usable) for log, mine in readers.items()},
        tuple(dict.fromkeys((*problems, *others))),
        left_out,
        is_possible=not (names and left_out) and all(usable.intersection(mine) for mine in readers.values()),
    )


def _usable(loaded: Loaded, chosen: Sequence[str], judge: Judge) -> tuple[tuple[JailSettings, ...], list[Problem]]:
    """The chosen jails whose filters compile, and the problems of all chosen ones and of no jail."""
    jails = [jail for jail in loaded.settings.jails if jail.name in chosen]
    mistakes = {jail.name: list(judge(jail, loaded.origins)) for jail in jails}
    problems = [each for each in loaded.problems if each.jail in chosen or (each.is_fatal and not each.jail)]
    problems += [mistake for mine in mistakes.values() for mistake in mine]
    return tuple(jail for jail in jails if not mistakes[jail.name]), problems


def _check_options(options: Mapping[str, str]) -> None:
    for name in options:
        if name.lower() not in KNOWN_OPTIONS:
            near = get_close_matches(name.lower(), KNOWN_OPTIONS, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}?" if near else "`stockade config JAIL` shows a jail's options"
            raise UsageError(f"jails have no option {name!r}", hint)


def _check_names(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else "`stockade config` shows the jails that are enabled"
            raise UsageError(f"there is no jail {name!r}", hint)


def _covering(
    base: Path, overrides: Sequence[Path], logs: Mapping[str, object]
) -> tuple[dict[str, tuple[str, ...]], tuple[Problem, ...]]:
    """The enabled jails whose `logpath` covers each log, and what keeps further ones from being known."""
    loaded = load(base, overrides=overrides, has_files=lambda pattern: True)
    jails = loaded.settings.jails
    broken = tuple(problem for problem in loaded.problems if problem.is_fatal)
    patterns = {jail.name: [Pattern.of(path) for path in jail.logpaths] for jail in jails}
    covering = {
        log: tuple(name for name, mine in patterns.items() if any(pattern.accepts(log) for pattern in mine))
        for log in logs
    }
    for log, found in covering.items():
        if not found and not broken:
            raise UsageError(f"no enabled jail reads {log}", _likely(log, patterns))
    return covering, broken


def _likely(log: str, patterns: Mapping[str, Sequence[Pattern]]) -> str:
    """The jails whose logs have the same name elsewhere: a copy of a log is often replayed."""
    name = log.rpartition("/")[2]
    alike = [
        jail for jail, mine in patterns.items() if any(each.parts and each.parts[-1].accepts(name) for each in mine)
    ]
    if alike:
        return f"say which jails do: {' '.join(f'--jail {jail}' for jail in alike[:5])}"
    return f"say which jails do, with --jail; enabled: {', '.join(list(patterns)[:10]) or 'none'}"
