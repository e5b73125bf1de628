"""What a configuration has to offer by name: its jails, enabled or not, and its filters. For whoever must choose.

In: directories. Out: names. Reads no option; a file that cannot be read offers nothing here, and `load` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stockade.config.history import INCLUDES
from stockade.config.merge import TreeReader
from stockade.config.paths import names_in, search_path
from stockade.config.trouble import Trouble


def jail_names(base: Path, overrides: Sequence[Path] = ()) -> tuple[str, ...]:
    """Returns the name of every jail that is written somewhere, in file order."""
    try:
        merged = TreeReader(search_path(base, overrides)).read("jail")
    except Trouble:
        return ()
    return tuple(name for name in merged.sections if name != INCLUDES)


def filter_names(base: Path, overrides: Sequence[Path] = ()) -> tuple[str, ...]:
    """Returns the name of every filter file, sorted; those meant for inclusion only (`…common`) are among them."""
    return tuple(names_in(search_path(base, overrides), "filter.d"))
