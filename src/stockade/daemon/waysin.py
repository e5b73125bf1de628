"""Ways in: the commands, selections of containers and the kernel's log of the running configuration, kept over reloads.

Owns them. The kernel's log is opened at the start, while the daemon still has the right to; a reload keeps every source
that is wanted as before, so that no command is interrupted. Must not interpret what is read.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from stockade.errors import SourceError
from stockade.model.chunk import SourceStatus
from stockade.model.clock import Wall
from stockade.model.cursor import Cursor
from stockade.model.saying import Saying
from stockade.model.settings import CommandSettings, ContainerSettings, JailSettings, KernelLogSettings, Settings, WayIn
from stockade.sources import kmsg
from stockade.sources.command import Command
from stockade.sources.containers.containers import Containers
from stockade.sources.containers.engines import ROOTS
from stockade.sources.kmsg import KernelLog, open_kernel_log

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STATISTICS = Path("/proc/stat")

WaySource = Command | Containers | KernelLog


def source_name(source: WaySource) -> str:
    """The name under which a source, or everything it reads, is known."""
    return kmsg.SOURCE if isinstance(source, KernelLog) else source.source


def booted() -> Wall:
    """When this machine booted, by its present clock, in whole seconds (proc(5), btime); 0 where it is not told."""
    try:
        lines = STATISTICS.read_bytes().decode("ascii", "replace").split("\n")
    except OSError:
        return Wall(0.0)
    return Wall(float(next((line.split()[1] for line in lines if line.startswith("btime ")), "0")))


class WaysIn:
    """The sources of one daemon; `kernel_path` is the kernel's log."""

    def __init__(self, *, kernel_path: str = kmsg.DEVICE) -> None:
        self._kernel_path = kernel_path
        self._kernel = -1
        self._sources: dict[WayIn, WaySource] = {}
        self.failed: list[SourceStatus] = []

    def prepare(self, settings: Settings) -> None:
        """Opens what needs rights that the daemon is about to give up; raises SourceError. Everything else can wait."""
        if self._kernel < 0 and any(isinstance(jail.way_in, KernelLogSettings) for jail in settings.jails):
            self._kernel = open_kernel_log(self._kernel_path)

    def configure(self, settings: Settings, cursors: Mapping[str, Cursor], now: Wall) -> None:
        """Takes a configuration; what cannot be had is in `failed`."""
        before, self._sources, self.failed = self._sources, {}, []
        for jail in settings.jails:
            wanted = jail.way_in
            if wanted is None or wanted in self._sources:
                continue
            since = Wall(now - max(other.findtime for other in settings.jails if other.way_in == wanted))
            if wanted in before:
                self._sources[wanted] = before.pop(wanted)
                continue
            try:
                self._sources[wanted] = self._opened(wanted, settings, cursors, since)
            except SourceError as error:
                self.failed.append(SourceStatus(kmsg.SOURCE, "failed", f"{error.message} → {error.remedy}"))
        for gone in before.values():
            gone.close()

    def _opened(self, wanted: WayIn, settings: Settings, cursors: Mapping[str, Cursor], since: Wall) -> WaySource:
        match wanted:
            case CommandSettings():
                return Command(wanted, os.environ)
            case ContainerSettings():
                return Containers(wanted, since, cursors)
            case KernelLogSettings():
                self.prepare(settings)
                descriptor, self._kernel = self._kernel, -1
                boot = BOOT_ID.read_bytes().decode("ascii", "replace").strip() if BOOT_ID.exists() else "unknown"
                host, cursor = os.uname().nodename, cursors.get(kmsg.SOURCE)
                return KernelLog(descriptor, boot=boot, host=host, booted=booted, since=since, cursor=cursor)

    @property
    def sources(self) -> Sequence[WaySource]:
        """The sources of the present configuration."""
        return list(self._sources.values())

    def jails_of(self, source: WaySource, settings: Settings) -> list[JailSettings]:
        """The jails that a source feeds."""
        wanted = next((way for way, mine in self._sources.items() if mine is source), None)
        return [jail for jail in settings.jails if jail.way_in == wanted]

    def take_sayings(self) -> list[Saying]:
        """What the commands have to say since the last call."""
        return [
            each for source in self._sources.values() if isinstance(source, Command) for each in source.take_sayings()
        ]

    def close(self) -> None:
        """Closes them all; idempotent."""
        for source in self._sources.values():
            source.close()
        if self._kernel >= 0:
            os.close(self._kernel)
            self._kernel = -1


def places(settings: Settings) -> list[str]:
    """Patterns of what has to be read of container engines: whoever gives up rights must keep those for them."""
    wanted = (jail.way_in for jail in settings.jails)
    roots = [glob.escape(way.root or ROOTS[way.engine]) for way in wanted if isinstance(way, ContainerSettings)]
    return [f"{root}{inside}" for root in dict.fromkeys(roots) for inside in ("", "/*/*", "/*/userdata/ctr.log")]
