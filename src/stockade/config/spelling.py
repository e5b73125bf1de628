"""Unknown options: legal helper variables in fail2ban, so only those that look like a slip of the pen are reported.

In: merged files and the options a section may have. Out: warnings with the word that was probably meant. An option that
is referred to anywhere (`%(x)s`, `<x>`) is a helper variable and never reported.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from stockade.config.history import Merged, Version
from stockade.config.limits import MAX_WARNINGS, MAX_WORDS
from stockade.config.trouble import Trouble, nearest
from stockade.errors import Problem

_CLOSE = 0.84
"""How alike (difflib ratio) a word must be: one wrong, missing or doubled letter in six or more."""
_REFERENCE = re.compile(r"%\(([^)]+)\)s|<([^ <>]+)>")


def misspelled(merged: Merged, sections: Collection[str], known: Collection[str]) -> list[Problem]:
    """Warnings for options of `sections` and [DEFAULT] that are one slip away from a known one."""
    strange = _strange(merged, sections, known)
    suspects = dict(islice(_suspects(strange, known), MAX_WARNINGS))
    if not suspects:
        return []
    used = _references(merged)
    return [_warning(option, version, meant) for option, (version, meant) in suspects.items() if option not in used]


def _strange(merged: Merged, sections: Collection[str], known: Collection[str]) -> dict[str, Version]:
    """The first so many names that no option has, each with one place."""
    found: dict[str, Version] = {}
    for options in (*(merged.own(section) for section in sections), merged.defaults):
        for option, versions in options.items():
            if option not in known and option.partition("?")[0] not in known:
                found[option] = versions[-1]
            if len(found) == MAX_WORDS:
                return found
    return found


def _suspects(strange: Mapping[str, Version], known: Collection[str]) -> Iterator[tuple[str, tuple[Version, str]]]:
    for option, version in strange.items():
        meant = nearest(option, known, _CLOSE)
        if meant and not _is_variant(option, meant):
            yield option, (version, meant)


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
