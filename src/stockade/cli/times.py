"""Times on the command line: the dialect's grammar (`90`, `10m`, `1d12h`), with a usage error for anything else."""

from __future__ import annotations

from stockade.errors import UsageError

FOR_EVER = ("forever", "permanent", "-1")


def read_time(option: str, text: str, *, may_be_for_ever: bool = False) -> float:
    """Gives the seconds of an option's value, at least 1; -1 is for ever where that is allowed."""
    from stockade.config.times import parse_seconds
    from stockade.config.trouble import Trouble

    if may_be_for_ever and text.strip().lower() in FOR_EVER:
        return -1.0
    try:
        seconds = parse_seconds(text)
    except Trouble:
        seconds = 0.0
    if seconds < 1:
        raise UsageError(f"{option} {text!r} is no time", f"write 90, 10m, 1d12h{' or forever' * may_be_for_ever}")
    return seconds
