"""Every way Stockade can fail, with a stable code, an exit status and what to do.

    StockadeError
    ├── HostError        the machine lacks something: no nftables, disk full, no permission     exit 3
    │   ├── FirewallError    the kernel or libnftables refused a change
    │   ├── LedgerError      the ledger cannot be opened, read or written
    │   ├── RightsError      rights or a sandbox that were asked for cannot be had
    │   └── SourceError      a log source cannot be read
    ├── PeerError        a client, peer or log line is wrong; never stops the daemon           exit 4
    │   ├── RequestError     a request on the control socket is malformed or not permitted
    │   └── Unreachable      no daemon answers on the control socket
    ├── UsageError       the command line is wrong                                             exit 2
    └── Bug              an invariant is broken; the task dies and is restarted             exit 70

A mistake in the configuration is not an exception but a *value*, `Problem`: all of them are collected and reported
together, and a jail without problems runs whatever its neighbours look like. `stockade check` then exits 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class StockadeError(Exception):
    """Carries a message for the operator and the remedy that goes with it."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.remedy}" if self.remedy else self.message


class HostError(StockadeError):
    """The machine lacks something that Stockade needs."""

    code = "host"
    exit_status = 3


class FirewallError(HostError):
    """The kernel or libnftables refused a change."""

    code = "firewall"


class LedgerError(HostError):
    """The ledger cannot be opened, read or written."""

    code = "ledger"


class RightsError(HostError):
    """Rights or a sandbox that were asked for cannot be had."""

    code = "rights"


class SourceError(HostError):
    """A log source cannot be read."""

    code = "source"


class PeerError(StockadeError):
    """A client, a peer or a log line is wrong; the daemon goes on."""

    code = "peer"
    exit_status = 4


class RequestError(PeerError):
    """A request on the control socket is malformed or not permitted."""

    code = "request"


class Unreachable(PeerError):
    """No daemon answers on the control socket."""

    code = "unreachable"


class UsageError(StockadeError):
    """The command line is wrong."""

    code = "usage"
    exit_status = 2


class Bug(StockadeError):
    """An invariant is broken; only the supervisor catches this."""

    code = "bug"
    exit_status = 70


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the configuration: where it is, what stands there and what to write instead.

    `line` counts from 1; 0 means the whole file. `value` is the offending text as written, `jail` the jail it
    disables ("" when none is: a warning).
    """

    path: str
    line: int
    message: str
    value: str = ""
    remedy: str = ""
    jail: str = ""
    is_fatal: bool = True

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        shown = f": {self.value!r}" if self.value else ""
        remedy = f"\n  → {self.remedy}" if self.remedy else ""
        return f"{place}: {self.message}{shown}{remedy}"

    @property
    def in_one_line(self) -> str:
        """The same for a log, where a message is one line."""
        return str(self).replace("\n  → ", " → ")
