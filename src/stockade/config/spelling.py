"""Unknown options: legal helper variables in fail2ban, so only those that look like a slip of the pen are reported.

In: merged files and the options a section may have. Out: warnings with the word that was probably meant. An option that
is referred to anywhere (`%(x)s`, `<x>`) is a helper variable and never reported.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from stockade.config.history import Merged, Version
from stockade.config.trouble import Trouble, nearest
from stockade.errors import Problem

_CLOSE = 0.84
"""How alike (difflib ratio) a word must be: one wrong, missing or doubled letter in six or more."""
_REFERENCE = re.compile(r"%\(([^)]+)\)s|<([^ <>]+)>")


def misspelled(merged: Merged, sections: Collection[str], known: Collection[str]) -> list[Problem]:
    """Warnings for options of `sections` and [DEFAULT] that are one slip away from a known one."""
    suspects = {}
    for section in sections:
        suspects.update(_suspects(merged.own(section), known))
    suspects.update(_suspects(merged.defaults, known))
    if not suspects:
        return []
    used = _references(merged)
    return [_warning(option, version, meant) for option, (version, meant) in suspects.items() if option not in used]


def _suspects(options: Mapping[str, list[Version]], known: Collection[str]) -> dict[str, tuple[Version, str]]:
    found = {}
    for option, versions in options.items():
        if option in known or option.partition("?")[0] in known:
            continue
        meant = nearest(option, known, _CLOSE)
        if meant and not _is_variant(option, meant):
            found[option] = (versions[-1], meant)
    return found


def _is_variant(option: str, meant: str) -> bool:
    """Tells whether the name was made from the other on purpose: `action_`, `port2`, `_daemon`."""
    rest = option.removeprefix(meant)
    return option.startswith("_") or (rest != option and not rest[0].isalpha())


def _references(merged: Merged) -> set[str]:
    return {name.rpartition("/")[2].lower() for value in _texts(merged) for name in _names(value)}


def _texts(merged: Merged) -> Iterator[str]:
    for options in (merged.defaults, *merged.sections.values()):
        for versions in options.values():
            yield from (version.value.text for version in versions)


def _names(text: str) -> Iterator[str]:
    for match in _REFERENCE.finditer(text):
        yield match[1] or match[2]


def _warning(option: str, version: Version, meant: str) -> Problem:
    written = version.value
    trouble = Trouble("unknown option", option, f"did you mean {meant!r}?", written.path, written.line)
    return trouble.problem(is_fatal=False)
