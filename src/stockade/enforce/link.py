"""Link: how the daemon talks to whatever blocks, be it the enforcer's process or the recorder of a dry run.

In: requests. Out: their serial numbers at once, replies later, in order. Never blocks, except `close`.
"""

from __future__ import annotations

from typing import Protocol

from stockade.enforce.protocol import Reply, Request
from stockade.errors import FirewallError


class EnforcerBusy(FirewallError):
    """Too many requests wait; the caller keeps what it has and tries again after some replies."""

    code = "enforcer-busy"


class EnforcerGone(FirewallError):
    """The enforcer's process has ended; blocks stay in the kernel.

    The daemon has given up the rights to start another one, so it ends with this error, and the service manager starts
    both again; the new enforcer adopts the blocks.
    """

    code = "enforcer-gone"


class Link(Protocol):
    """Held by `Enforcer` and `Recorder`; the contract tests run against both."""

    @property
    def is_dry(self) -> bool:
        """Whether nothing is really blocked."""

    @property
    def waiting(self) -> int:
        """Requests without a reply."""

    def send(self, request: Request) -> int:
        """Sends or queues a request; gives the serial number of its reply.

        Raises EnforcerBusy, EnforcerGone, or ValueError for a request that breaks the protocol's bounds.
        """

    def receive(self) -> list[Reply]:
        """Takes the replies that are there, and sends what is queued; raises EnforcerGone."""

    def fileno(self) -> int:
        """A descriptor that becomes readable when `receive` has something."""

    def wants_write(self) -> bool:
        """Whether requests are queued: then call `receive` when the descriptor becomes writable, too."""

    def call(self, request: Request, seconds: float) -> Reply:
        """Sends a request and waits for its reply; for start and tests. Earlier replies are kept for `receive`."""

    def close(self, is_keep: bool = True) -> None:
        """Ends it; without `is_keep` every block goes. Idempotent, takes a few seconds at most."""
