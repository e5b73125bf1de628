"""Knows by which names services write to the journal, and what an operator's match that finds nothing may have meant.

sshd's unit is ssh.service or sshd.service, its processes are sshd, sshd-session or sshd-auth, and a connection may have
a unit of its own. In: matches as configured, names that occur in the journal. Out: wider matches, names that look
alike. Touches no journal. Why this is safe: docs/decisions/0024-sshd-by-every-name.md.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from itertools import islice

Groups = tuple[tuple[str, ...], ...]

_UNITS = ("ssh.service", "sshd.service")
_PROGRAMS = ("sshd", "sshd-session", "sshd-auth")
_ROOT = "_UID=0"

SSHD: Groups = (
    (_ROOT, *(f"_SYSTEMD_UNIT={unit}" for unit in _UNITS)),
    (_ROOT, *(f"_COMM={program}" for program in _PROGRAMS)),
    (_ROOT, *(f"SYSLOG_IDENTIFIER={program}" for program in _PROGRAMS)),
)
"""Everything that some sshd writes. root's number comes from the kernel and nobody else can claim it; the identifier
also finds a connection that was over before journald could look up its process."""

_SSHD_NAMES = frozenset(match for group in SSHD for match in group) - {_ROOT}
_LIKE_SSHD = ("_SYSTEMD_UNIT=ssh@", "_SYSTEMD_UNIT=sshd@")
_ALIKE = 0.75
MAX_NAMES, MAX_CHARS = 500, 80
"""Names of the journal among which one that looks alike is searched, and their length; further, longer and unprintable
ones are not seen."""


def widened(groups: Groups) -> Groups:
    """The same matches, and every other name of sshd if one group asks for sshd by name and for nothing else.

    A group that also asks for anything but root is somebody's own choice and is taken by the letter, and so are all
    matches beside it.
    """
    if not any(map(_is_sshd, groups)) or any(_is_sshd_restricted(group) for group in groups):
        return groups
    present = [set(group) for group in groups]
    return groups + tuple(group for group in SSHD if set(group) not in present)


def similar(match: str, values: Iterable[str]) -> list[str]:
    """Those of `values` of the match's field which the operator may have meant, the likeliest first, three at most."""
    wanted = _stem(match.partition("=")[2])
    stems: dict[str, str] = {}
    for value in islice(values, MAX_NAMES):
        if len(value) <= MAX_CHARS and value.isprintable():
            stems.setdefault(_stem(value), value)
    alike = difflib.get_close_matches(wanted, stems, n=3, cutoff=_ALIKE)
    longer = [stem for stem in stems if len(wanted) >= 3 and stem.startswith(wanted + "-") and stem not in alike]
    return [stems[stem] for stem in (*alike, *longer)][:3]


def _is_sshd(group: Sequence[str]) -> bool:
    others = {match for match in group if match != _ROOT}
    return bool(others) and all(_names_sshd(match) for match in others)


def _is_sshd_restricted(group: Sequence[str]) -> bool:
    return any(map(_names_sshd, group)) and not _is_sshd(group)


def _names_sshd(match: str) -> bool:
    return match in _SSHD_NAMES or match.startswith(_LIKE_SSHD)


def _stem(value: str) -> str:
    """A name without the kind of the unit and without its instance: `sshd@2.service` is `sshd`."""
    return value.rsplit("/", 1)[-1].removesuffix(".service").partition("@")[0]
