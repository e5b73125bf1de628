"""`bantime` and `bantime.*` of one jail.

In: the jail's options. Out: `BanTimeSettings`; expressions stay text, but are proven to have a value.
"""

from __future__ import annotations

from collections.abc import Callable

from stockade.config.expressions import check_factor, check_formula
from stockade.config.limits import MAX_ITEMS, MAX_SECONDS
from stockade.config.options import OptionReader
from stockade.config.trouble import Trouble
from stockade.model.settings import PERMANENT, BanTimeSettings


def read_ban(options: OptionReader) -> BanTimeSettings:
    """Reads the ban times; wrong ones are fatal problems of the jail."""
    bantime = options.seconds("bantime", 600.0, -MAX_SECONDS)
    maxtime = options.seconds("bantime.maxtime", 0.0, 0.0)
    return BanTimeSettings(
        bantime=PERMANENT if bantime < 0 else float(int(bantime)),
        is_increment=options.flag("bantime.increment", False),
        factor=options.convert("bantime.factor", "1", _checked(check_factor, "1")),
        formula=options.convert("bantime.formula", "", _checked(check_formula, "")),
        multipliers=options.convert("bantime.multipliers", (), _multipliers),
        maxtime=maxtime or None,
        rndtime=options.seconds("bantime.rndtime", 0.0, 0.0),
        is_overalljails=options.flag("bantime.overalljails", False),
    )


def _checked(check: Callable[[str], None], default: str) -> Callable[[str], str]:
    """A parser that keeps the text once `check` has accepted it; empty text is the default."""

    def parse(text: str) -> str:
        if text.strip():
            check(text)
        return text.strip() or default

    return parse


def _multipliers(text: str) -> tuple[int, ...]:
    remedy = "write whole numbers separated by blanks, such as 1 2 4 8 16"
    words = text.split()
    if len(words) > MAX_ITEMS:
        raise Trouble(f"more than {MAX_ITEMS} numbers", "", remedy)
    for word in words:
        if not (word.isascii() and word.isdigit() and len(word) <= 9):
            raise Trouble("not a list of whole numbers", word, remedy)
    return tuple(int(word) for word in words)
