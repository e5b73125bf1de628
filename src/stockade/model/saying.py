"""Saying: a line for the log as a value, so that parts which must not write can still say what happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """fail2ban's levels."""

    CRITICAL = 50
    ERROR = 40
    WARNING = 30
    NOTICE = 25
    INFO = 20
    DEBUG = 10


@dataclass(frozen=True, slots=True)
class Saying:
    """One line; `text` may hold what an attacker wrote: whoever writes it out makes it printable."""

    level: Level
    text: str
