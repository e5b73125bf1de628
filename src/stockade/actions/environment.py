"""What a command of an action sees of the daemon's environment: a stated few variables, never all of them.

In: the environment of the process. Out: the commands' own. Secrets that were handed to the daemon (tokens, sockets of
the service manager) stay out; ban data never travels this way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked for when the daemon has no PATH of its own."""

KEPT: Final = frozenset({"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR"})
KEPT_PREFIXES: Final = ("LC_",)
KEPT_SUFFIXES: Final = ("_proxy", "_PROXY")
"""Names that are passed on: programs, language, time zone, scratch space and the proxies that web reports need."""


def command_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Picks what commands may see of `inherited`; PATH and HOME are always there."""
    chosen = {name: value for name, value in inherited.items() if _is_kept(name)}
    return {"PATH": PATH, "HOME": "/", **chosen}


def _is_kept(name: str) -> bool:
    return name in KEPT or name.startswith(KEPT_PREFIXES) or name.endswith(KEPT_SUFFIXES)
