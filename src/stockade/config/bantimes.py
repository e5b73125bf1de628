"""`bantime` and `bantime.*` of one jail.

In: the jail's options. Out: `BanTimeSettings`; expressions stay text, but are proven to have a value.
"""

from __future__ import annotations

from collections.abc import Callable

from stockade.config.limits import MAX_ITEMS, MAX_SECONDS
from stockade.config.options import OptionReader
from stockade.config.trouble import Trouble
from stockade.model.arithmetic import REMEDY, Formula, NoValue, evaluate_factor
from stockade.model.settings import PERMANENT, BanTimeSettings


def read_ban(options: OptionReader) -> BanTimeSettings:
    """Reads the ban times; wrong ones are fatal problems of the jail."""
    bantime = options.seconds("bantime", 600.0, -MAX_SECONDS)
    maxtime = options.seconds("bantime.maxtime", 0.0, 0.0)
    return BanTimeSettings(
        bantime=PERMANENT if bantime < 0 else float(int(bantime)),
        is_increment=options.flag("bantime.increment", False),
        factor=options.convert("bantime.factor", "1", _checked(evaluate_factor, "1")),
        formula=options.convert("bantime.formula", "", _checked(_try_formula, "")),
        multipliers=options.convert("bantime.multipliers", (), _multipliers),
        maxtime=maxtime or None,
        rndtime=options.seconds("bantime.rndtime", 0.0, 0.0),
        is_overalljails=options.flag("bantime.overalljails", False),
    )


def _try_formula(text: str) -> None:
    """Raises NoValue unless the formula yields a number for a first and for a much repeated ban."""
    formula = Formula(text)
    for count in (1, 30):
        formula.seconds(time=600.0, count=count, factor=1.0)


def _checked(compute: Callable[[str], object], default: str) -> Callable[[str], str]:
    """A parser that keeps the text once it has been computed; empty text is the default."""

    def parse(text: str) -> str:
        try:
            if text.strip():
                compute(text)
        except NoValue as error:
            raise Trouble(str(error), text, REMEDY) from None
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
