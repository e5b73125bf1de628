"""Numbers, sizes, durations and times as people read them. Pure: text in a fixed form from numbers."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def duration(seconds: float | None) -> str:
    """Gives at most two units, largest first: `42s`, `5m 12s`, `1d 3h`; below zero or None is `for ever`."""
    if seconds is None or seconds < 0:
        return "for ever"
    rest = round(seconds)
    for index, (size, unit) in enumerate(_UNITS):
        if rest >= size:
            smaller, name = _UNITS[index + 1] if index + 1 < len(_UNITS) else (1, "")
            second = rest % size // smaller if name else 0
            return f"{rest // size}{unit} {second}{name}" if second else f"{rest // size}{unit}"
    return "0s"


def count(number: int) -> str:
    """Gives a number with its thousands apart: `12,044`."""
    return f"{number:,}"


def size(number: float) -> str:
    """Gives bytes in the largest fitting unit: `614.2 KiB`."""
    for unit in _SIZES:
        if abs(number) < 1024 or unit == _SIZES[-1]:
            break
        number /= 1024
    return f"{number:.0f} B" if unit == "B" else f"{number:,.1f} {unit}"


def moment(epoch: float | None) -> str:
    """Gives a time in the machine's zone to the second; None is `never`."""
    if epoch is None:
        return "never"
    try:
        return datetime.fromtimestamp(epoch, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return f"{epoch:.0f}"


def plural(number: int, one: str, many: str = "") -> str:
    """Gives a counted noun: `1 ban`, `1,204 bans`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"
