"""The options a jail may have: one table for reading, for suggestions and for what actions may refer to.

Nothing is read here.
"""

from __future__ import annotations

from collections.abc import Mapping

from stockade.config.filters import FILTER_OPTIONS

JAIL_OPTIONS = (
    "enabled",
    "backend",
    "maxretry",
    "maxmatches",
    "findtime",
    "bantime",
    "bantime.increment",
    "bantime.factor",
    "bantime.formula",
    "bantime.multipliers",
    "bantime.maxtime",
    "bantime.rndtime",
    "bantime.overalljails",
    "ignorecommand",
    "ignoreself",
    "ignoreip",
    "ignorecache",
    "filter",
    "logtimezone",
    "logencoding",
    "logpath",
    "skip_if_nologs",
    "systemd_if_nologs",
    "action",
    *FILTER_OPTIONS,
)
"""fail2ban's jail options; actions see them as variables."""

OWN_OPTIONS = ("banprefix6", "logcommand", "spoofable")
CONVENTIONAL = ("port", "protocol", "mode", "chain", "banaction", "banaction_allports")
"""Helper variables of every stock tree; `port` and `protocol` are read as settings as well."""

KNOWN_OPTIONS = (*JAIL_OPTIONS, *OWN_OPTIONS, *CONVENTIONAL)

BUILT_IN: Mapping[str, str] = {
    **dict.fromkeys((*JAIL_OPTIONS, *OWN_OPTIONS, "port"), ""),
    "enabled": "false",
    "backend": "auto",
    "maxretry": "3",
    "maxmatches": "5",
    "findtime": "600",
    "bantime": "600",
    "bantime.increment": "false",
    "bantime.factor": "1",
    "bantime.overalljails": "false",
    "ignoreself": "true",
    "logencoding": "auto",
    "skip_if_nologs": "false",
    "systemd_if_nologs": "true",
    "usedns": "warn",
    "maxlines": "1",
    "banprefix6": "128",
    "spoofable": "watch",
    "protocol": "tcp",
}
"""What counts where an option is written nowhere, as one would write it; "" is nothing."""
