"""Start: from a process with rights to a daemon without them.

The order matters. The enforcer is forked first, before anything hostile is read; then the configuration says which logs
must be readable; then the control socket is made and every right is dropped for good; only then are the ledger and the
logs opened.

Late imports: nothing may be imported after rights are dropped, because the interpreter's own files may be readable for
root only. What the standard library would import by itself (the codec of host names) is imported here.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - see `late imports`
import os
import resource
from collections.abc import Sequence
from contextlib import ExitStack
from glob import iglob
from itertools import islice
from pathlib import Path
from socket import gethostname

from stockade import __version__, rights
from stockade.control.server import ControlServer
from stockade.daemon.clock import Clock
from stockade.daemon.configuration import Configuration, read_configuration
from stockade.daemon.enforcement import Enforcement
from stockade.daemon.ignorecommands import IgnoreCommands
from stockade.daemon.listeners import Listeners
from stockade.daemon.loop import Loop
from stockade.daemon.memory import settle_collector
from stockade.daemon.options import Options
from stockade.daemon.parts import Fixed, Parts
from stockade.daemon.requests import Requests
from stockade.daemon.waysin import WaysIn, places
from stockade.daemon.words import Level, Words
from stockade.enforce.link import Link
from stockade.errors import HostError, SourceError
from stockade.ledger import Ledger
from stockade.resolve import Resolver
from stockade.rights import Identity, Rights
from stockade.sources.syslog.listener import Local

MAX_PROBED = 4096
"""Existing log files whose readability is tried before rights are dropped; sources report on the others."""


def run(options: Options, link: Link) -> None:
    """Runs the daemon until a signal ends it; `link` leads to the enforcer. Raises StockadeError when it cannot.

    Blocks are only removed at a clean end: whatever goes wrong, who is banned stays banned.
    """
    is_keep = True
    try:
        setup = _Setup(options, link, Clock())
        setup.serve()
        is_keep = setup.is_keeping_bans
        setup.words.say(Level.INFO, "server", f"Exiting Stockade; bans {'stay in' if is_keep else 'leave'} the kernel")
    finally:
        link.close(is_keep=is_keep)


class _Setup:
    """What comes before the loop, step by step."""

    def __init__(self, options: Options, link: Link, clock: Clock) -> None:
        self.options = options
        self.link = link
        self.clock = clock
        self.words = Words(clock.wall)
        self.words.say(Level.INFO, "server", f"Starting Stockade v{__version__}")
        self.configuration = read_configuration(options, clock.wall())
        self.words.configure(self.configuration.settings.daemon.loglevel)
        for problem in self.configuration.problems:
            self.words.say(Level.ERROR if problem.is_fatal else Level.WARNING, "server", problem.in_one_line)

    @property
    def is_keeping_bans(self) -> bool:
        """Whether blocks stay in the kernel when the daemon has ended."""
        return self.options.is_keeping_bans(self.configuration.settings.daemon.is_keepbans)

    def serve(self) -> None:
        """Makes state and socket, gives up every right, and turns the loop."""
        _raise_file_limit()
        identity = rights.identity_for(rights.DAEMON)
        _prepare_state(Path(self.options.state), identity)
        server = _listen(self.options, identity)
        listeners = self._open_listeners()
        ways_in = self._prepare_ways_in()
        try:
            dropped = _drop(self.configuration, identity, self.options, self.words)
            with ExitStack() as stack:
                parts, loop = self._loop(server, dropped, (listeners, ways_in), stack)
                loop.run()
                if not self.is_keeping_bans:
                    parts.say_repealed()
        finally:
            server.close()
            listeners.close()
            ways_in.close()

    def _open_listeners(self) -> Listeners:
        """Opens the syslog sockets; what cannot be opened is tried again, and says so."""
        local = Local(self.clock.wall, self.configuration.zone, gethostname())
        listeners = Listeners(local)
        listeners.configure(self.configuration.settings)
        listeners.open(self.clock.monotonic())
        return listeners

    def _prepare_ways_in(self) -> WaysIn:
        """Opens the kernel's log where a jail reads it; without it, the others run all the same."""
        ways_in = WaysIn()
        try:
            ways_in.prepare(self.configuration.settings)
        except SourceError as error:
            self.words.say(Level.ERROR, "server", str(error))
        return ways_in

    def _loop(
        self, server: ControlServer, dropped: Rights, kept: tuple[Listeners, WaysIn], stack: ExitStack
    ) -> tuple[Parts, Loop]:
        started = self.clock.wall()
        maxmatches = self.configuration.settings.daemon.dbmaxmatches
        ledger = Ledger.open(self.options.ledger_path, now=started, maxmatches=maxmatches)
        stack.callback(ledger.close)
        allowed = self.configuration.settings.daemon.allowipv6.strip().lower()
        resolver = Resolver(self.clock.monotonic, with_ipv6=allowed in ("auto", "1", "on", "true", "yes"))
        stack.callback(resolver.close)
        enforcement = Enforcement(self.link)
        ignore_commands = IgnoreCommands(self.words, os.environ)
        stack.callback(ignore_commands.close)
        fixed = Fixed(
            self.options,
            ledger,
            enforcement,
            resolver,
            ignore_commands,
            self.words,
            _shown(dropped),
            started,
            *kept,
        )
        parts = Parts(fixed, self.configuration)
        stack.callback(parts.close)
        loop = Loop(parts, self.clock, server, Requests(parts, server, self.clock.monotonic))
        stack.callback(loop.close)
        settle_collector()
        return parts, loop


def _raise_file_limit() -> None:
    """One descriptor for every log file: as many as the host allows, not as few as it starts with."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _prepare_state(state: Path, identity: Identity) -> None:
    """Makes the state directory and hands it, and a ledger from an earlier identity, to the daemon's user."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            for path in (state, *state.glob("ledger.sqlite3*")):
                os.chown(path, identity.uid, identity.gid, follow_symlinks=False)
    except OSError as error:
        raise HostError(
            f"cannot prepare the state directory {state}: {error.strerror}",
            "make it writable, or choose another: --state",
        ) from error


def _listen(options: Options, identity: Identity) -> ControlServer:
    """Makes the control socket for root, the daemon's user and its group. A directory made for it becomes the daemon's,
    so that the socket can be removed at the end; in any other one a stale socket stays and is replaced at the next
    start."""
    path = Path(options.socket)
    if os.geteuid() != 0:
        return ControlServer(path)
    if not path.parent.exists():
        path.parent.mkdir(mode=0o755, parents=True)
        os.chown(path.parent, identity.uid, identity.gid)
    return ControlServer(path, owner_uid=identity.uid, group=identity.gid)


def _drop(configuration: Configuration, identity: Identity, options: Options, words: Words) -> Rights:
    """Gives up every right that reading the configured logs does not need."""
    paths = _log_files(configuration)
    groups = rights.reading_groups([str(Path(path).parent) for path in paths] + paths)
    hidden = rights.unreadable(paths, identity, groups)
    keep: Sequence[str] = ()
    if hidden and os.geteuid() == 0:
        keep = ("CAP_DAC_READ_SEARCH",)
        words.say(
            Level.NOTICE,
            "server",
            f"{hidden[0]} is readable for root only: keeping CAP_DAC_READ_SEARCH (chgrp adm and chmod g+r to avoid it)",
        )
    is_looking_on = options.dry_run and os.geteuid() != 0
    insecure = rights.INSECURE if is_looking_on else frozenset(options.insecure)
    return rights.drop(identity, groups=groups, keep=keep, insecure=insecure)


def _log_files(configuration: Configuration) -> list[str]:
    patterns = [log.pattern for jail in configuration.settings.jails for log in jail.logpaths]
    patterns += places(configuration.settings)
    return list(islice((path for pattern in patterns for path in iglob(pattern)), MAX_PROBED))


def _shown(dropped: Rights) -> dict[str, str]:
    """Rights as `status` shows them."""
    return {
        "uid": str(dropped.uid),
        "gid": str(dropped.gid),
        "groups": ",".join(map(str, dropped.groups)) or "none",
        "capabilities": ",".join(dropped.capabilities) or "none",
        "insecure": ",".join(dropped.insecure) or "none",
    }
