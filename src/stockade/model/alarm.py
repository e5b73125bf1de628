"""Alarm: something that may mean that Stockade does not see what it should. The table of its kinds is here.

Raised and ended by `core.watchdog`, shown by `status`, the log, `--json` and the service manager. `docs/watching.md`
has the same table, and a test holds it to this one. Codes are stable; a new kind is a new row.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from stockade.model.clock import Wall


@dataclass(frozen=True, slots=True)
class AlarmKind:
    """One row of the table: what an alarm of this code says, and what to do."""

    code: str
    meaning: str
    remedy: str


_KINDS = (
    AlarmKind(
        "source-silent",
        "A log has been silent for far longer than is usual for it.",
        "look where the service writes now, then correct logpath or journalmatch",
    ),
    AlarmKind(
        "filter-blind",
        "A program's lines look like failed log-ins, and no filter on the log recognises them.",
        "`stockade test LOG FILTER --missed` shows them; correct the filter, or enable a jail for that program",
    ),
    AlarmKind(
        "dates-unread",
        "Nearly all lines that a filter looks at have no date that it can read.",
        "set datepattern to what the log has; `stockade test LOG FILTER` shows what is found",
    ),
    AlarmKind(
        "reader-stalled",
        "A log cannot be read, or bytes wait in it and none of them is read.",
        "check its permissions, and the disk or the network behind it",
    ),
    AlarmKind(
        "reader-behind",
        "What is unread in a log has been growing for minutes.",
        "find out what floods the log; bans by other logs are not delayed by it",
    ),
    AlarmKind(
        "nothing-seen",
        "A log has never given a line although its service accepts connections.",
        "log in to the service once; if the alarm stays, correct logpath or journalmatch",
    ),
    AlarmKind(
        "clock-differs",
        "The times in a log have differed from this machine's clock for more than an hour.",
        "set logtimezone, or correct the clock of whoever writes; meanwhile lines count when they arrive",
    ),
    AlarmKind(
        "pipeline-stalled",
        "A sign of life did not come through all stages of the daemon in time.",
        "read what `stockade status` says of the stage; a restart by the service manager follows if WatchdogSec is set",
    ),
)

ALARM_KINDS = MappingProxyType({kind.code: kind for kind in _KINDS})
"""Every kind by its code, in the order of the documentation."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that stands: what it is about (a log, a jail, a stage), what was noticed, and since when.

    `text` may repeat what an attacker wrote: whoever shows it makes it printable.
    """

    code: str
    subject: str
    text: str
    since: Wall

    @property
    def remedy(self) -> str:
        """What to do."""
        return ALARM_KINDS[self.code].remedy

    @property
    def sentence(self) -> str:
        """The alarm in one line, with its remedy."""
        return f"{self.text} ({self.code}) → {self.remedy}"


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """An alarm began, or ended."""

    alarm: Alarm
    is_begin: bool
