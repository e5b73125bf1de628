"""What a configuration needs and this machine does not have, now: logs, a journal, programs that actions call.

In: settings that can run, where their options were written, and questions put to the machine. Out: warnings. None of
them keeps a jail from running: logs may appear later, and are waited for. Nothing is opened or run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping

from stockade.config.backends import Machine
from stockade.config.load import Loaded
from stockade.config.options import Effective
from stockade.config.programs import programs
from stockade.config.tags import expand
from stockade.config.text import Text, at_place
from stockade.config.trouble import Trouble
from stockade.errors import Problem
from stockade.model.settings import ActionSettings, JailSettings, JournalSettings, Origin

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs of the system are, whatever PATH whoever asks has."""
_MACHINE = Machine()


def has_program(name: str) -> bool:
    """Tells whether a program of this name, or path, can be run here."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}") is not None


def absent_logs(loaded: Loaded, machine: Machine = _MACHINE) -> Iterator[Problem]:
    """Yields a warning for each jail that has nothing to read at present."""
    for jail in loaded.settings.jails:
        if jail.journal is not None and not _has_journal(jail.journal, machine):
            message = f"[{jail.name}] this machine has no such journal; the jail reads nothing"
            trouble = Trouble(message, jail.journal.path, "start systemd-journald, or set logpath and backend = auto")
            yield _warning(loaded, jail, "backend", trouble)
        patterns = [log.pattern for log in jail.logpaths]
        if patterns and not any(map(machine.has_files, patterns)):
            more = f" and {len(patterns) - 1} more" if len(patterns) > 1 else ""
            message = f"[{jail.name}] there is no such log yet; the jail waits for it"
            remedy = "install or start what writes it, correct logpath, or disable the jail"
            yield _warning(loaded, jail, "logpath", Trouble(message, patterns[0] + more, remedy))


def _has_journal(journal: JournalSettings, machine: Machine) -> bool:
    if journal.files:
        return any(map(machine.has_files, journal.files))
    return machine.has_files(journal.path) if journal.path else machine.has_journal()


def _warning(loaded: Loaded, jail: JailSettings, option: str, trouble: Trouble) -> Problem:
    found = loaded.origins.get((jail.name, option))
    origin = found.origin if found else Origin(f"[{jail.name}]", 0)
    return trouble.at(origin.path, origin.line).problem(is_fatal=False)


def absent_programs(
    loaded: Loaded, is_called: Callable[[ActionSettings], bool], has: Callable[[str], bool] = has_program
) -> Iterator[Problem]:
    """Yields a warning for each program that the command of an action surely calls and that is not here.

    `is_called` says whether an action's commands are run at all. One warning for a command, however many jails use it.
    """
    known: dict[str, bool] = {}
    told: set[tuple[Origin, str]] = set()
    for jail in loaded.settings.jails:
        for action in filter(is_called, jail.actions):
            for origin, program in _calls(action, loaded.actions.get((jail.name, action.actname), {})):
                if program not in known:
                    known[program] = has(program)
                if not known[program] and (origin, program) not in told:
                    told.add((origin, program))
                    message = f"action {action.actname!r} calls a program that is not on this machine"
                    trouble = Trouble(
                        message, program, "install it, or choose another action", origin.path, origin.line
                    )
                    yield trouble.problem(is_fatal=False)


def _calls(action: ActionSettings, written: Mapping[str, Effective]) -> Iterator[tuple[Origin, str]]:
    for option, text in action.properties.items():
        if option.startswith("action") and text and option in written:
            for program in dict.fromkeys(programs(_rendered(action, text))):
                yield written[option].origin, program


def _rendered(action: ActionSettings, text: str) -> str:
    """The command with the tags replaced that are properties of the action; "" when they have no end."""

    def resolve(tag: str) -> Text | None:
        return at_place(action.properties[tag], ("", 0)) if tag in action.properties else None

    try:
        return expand("", at_place(text, ("", 0)), resolve).text
    except Trouble:
        return ""
