"""Listeners: the syslog sockets of the running configuration, kept over reloads.

Owns them. They are opened at the start, while the daemon has the rights for low ports, owners of socket files and keys
of certificates; a reload keeps each socket whose address stays, so that nothing that waits in it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from stockade.model.clock import Monotonic
from stockade.model.saying import Saying
from stockade.model.settings import Settings, SyslogSettings
from stockade.sources.syslog.listener import Local, SyslogListener


class Listeners:
    """The listeners of one daemon; `local` is what this machine adds to messages."""

    def __init__(self, local: Local) -> None:
        self._local = local
        self._listeners: dict[str, SyslogListener] = {}

    def configure(self, settings: Settings) -> None:
        """Takes a configuration. What is new is opened at its first reading, or by `open`."""
        before, self._listeners = self._listeners, {}
        for wanted in _wanted(settings):
            old = before.pop(wanted.address, None)
            self._listeners[wanted.address] = self._successor(old, wanted)
        for gone in before.values():
            gone.close()

    def _successor(self, old: SyslogListener | None, wanted: SyslogSettings) -> SyslogListener:
        if old is not None and old.settings == wanted:
            old.renew()
            return old
        new = SyslogListener(wanted, self._local)
        if old is not None:
            new.take_over(old)
            old.close()
        return new

    def open(self, now: Monotonic) -> None:
        """Opens every address, with the rights of now; those that cannot be opened are tried again, and say so."""
        for listener in self._listeners.values():
            listener.open(now)

    def take_sayings(self) -> list[Saying]:
        """What they have to say since the last call."""
        return [saying for listener in self._listeners.values() for saying in listener.take_sayings()]

    @property
    def sources(self) -> Sequence[SyslogListener]:
        """The listeners of the present configuration."""
        return list(self._listeners.values())

    def close(self) -> None:
        """Closes them all; idempotent."""
        for listener in self._listeners.values():
            listener.close()


def _wanted(settings: Settings) -> dict[SyslogSettings, None]:
    return dict.fromkeys(listener for jail in settings.jails for listener in jail.syslog)
