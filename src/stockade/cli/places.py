"""Places: which directories hold the configuration when the command line names one, or none."""

from __future__ import annotations

from pathlib import Path

from stockade.config import SHIPPED
from stockade.daemon.configuration import overlays
from stockade.errors import UsageError


def configuration(given: Path | None) -> tuple[Path, tuple[Path, ...]]:
    """Gives the shipped directory and what is laid over it, as the daemon would read them.

    Raises UsageError for a directory that does not exist.
    """
    if given is not None and not given.is_dir():
        raise UsageError(f"there is no configuration directory {str(given)!r}", "check --config")
    return SHIPPED, overlays(str(given) if given else "")
