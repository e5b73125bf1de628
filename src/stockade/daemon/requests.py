"""Requests: what clients of the control socket ask for, from the question to the answer.

Reading commands are answered in the same turn; those that change something after the ledger has it. In: checked
requests; out: results of `control.schema`. Must not speak the wire.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from traceback import format_exc
from typing import cast

from stockade import __version__
from stockade.control.protocol import VERSION
from stockade.control.schema import BanResult, LiftedRow, PingResult, UnbanResult, VersionResult
from stockade.control.server import ControlServer, Request
from stockade.core.commands import Command, EndBan
from stockade.core.core import MANUAL_JAIL
from stockade.core.events import BanAsked, UnbanAsked
from stockade.daemon import answers, host
from stockade.daemon.parts import Parts
from stockade.daemon.verdict import verdict
from stockade.daemon.words import Level
from stockade.errors import Bug, LedgerError, RequestError, StockadeError
from stockade.model.clock import Monotonic, Seconds, Wall
from stockade.model.identifier import parse_network

Answer = Callable[[Wall], object]

FRESH_SECONDS: Seconds = 1.0
"""How long `status` waits for the enforcer's present figures, and a change for its way to the enforcer."""


@dataclass(frozen=True, slots=True)
class _Unanswered:
    """An answer that is due, and until when it may wait for the enforcer."""

    client: int
    answer: Answer
    wait_until: Wall


class Requests:
    """Begins requests and finishes them; see the module's docstring."""

    def __init__(self, parts: Parts, server: ControlServer, monotonic: Callable[[], Monotonic]) -> None:
        """`monotonic` is the clock by which the service manager is told of a reload."""
        self._parts = parts
        self._server = server
        self._monotonic = monotonic
        self._unanswered: list[_Unanswered] = []
        self._is_reloaded = False
        self.bugs = 0

    def begin(self, request: Request, now: Wall) -> None:
        """Takes up one request; it is answered by `finish`, after what it changes is on disk."""
        self._guarded(request.client, partial(self._take_up, request, now))

    def _take_up(self, request: Request, now: Wall) -> None:
        answer = self._begin(request, now)
        if request.command == "status":
            self._parts.enforcement.ask()
        patience = FRESH_SECONDS if request.command in ("status", "ban", "unban") else 0.0
        self._unanswered.append(_Unanswered(request.client, answer, Wall(now + patience)))

    def finish(self, now: Wall) -> None:
        """Answers everything that was begun. When the ledger refused, what changes something gets that error."""
        unanswered, self._unanswered = self._unanswered, []
        for one in unanswered:
            is_waiting = self._parts.enforcement.is_asked or self._parts.enforcement.has_unsent
            if one.wait_until > now and is_waiting:
                self._unanswered.append(one)
            else:
                self._guarded(one.client, partial(self._answer, one.client, one.answer, now))

    def _answer(self, client: int, answer: Answer, now: Wall) -> None:
        self._server.reply(client, cast(dict[str, object], answer(now)))

    def _guarded(self, client: int, work: Callable[[], object]) -> None:
        """Supervises one request: whatever goes wrong with it is answered, and never ends the daemon."""
        try:
            work()
        except StockadeError as error:
            self._server.reply(client, error)
        except Exception as bug:
            self.bugs += 1
            self._parts.words.say(Level.CRITICAL, "server", f"bug in a request: {format_exc()}")
            self._server.reply(client, Bug(f"a bug: {type(bug).__name__}", "please report it; the daemon's log has it"))

    def verdict(self, now: Wall) -> tuple[bool, str]:
        """Whether the machine is protected, and the first line of `status`."""
        return verdict(self._parts.situation(now))

    def _begin(self, request: Request, now: Wall) -> Answer:
        arguments = request.arguments
        jail = str(arguments.get("jail", ""))
        match request.command:
            case "ping":
                return lambda _: PingResult(pong=True)
            case "version":
                return lambda _: VersionResult(version=__version__, protocol=VERSION, pid=os.getpid())
            case "status":
                return lambda at: answers.status(self._parts.situation(at), jail)
            case "bans":
                return lambda at: answers.bans(self._parts.situation(at), jail)
            case "why":
                return lambda at: answers.why(self._parts.situation(at), str(arguments["id"]))
            case "ban":
                return self._ban(request, now)
            case "unban":
                return self._unban(request, now)
            case "reload":
                return self.reload(now)
            case other:
                raise RequestError(f"the daemon does not know {other!r}", "use the stockade command it came with")

    def _ban(self, request: Request, now: Wall) -> Answer:
        ids = cast(tuple[str, ...], request.arguments["ids"])
        jail = str(request.arguments.get("jail", ""))
        if jail and jail not in self._parts.core.jails:
            raise RequestError(f"there is no jail {jail!r}", f"jails: {', '.join(self._parts.core.jails) or 'none'}")
        wrong = [text for text in ids if parse_network(text) is None]
        if wrong:
            raise RequestError(f"{wrong[0]!r} is no address and no network", "for example 192.0.2.1 or 2001:db8::/64")
        seconds = request.arguments.get("seconds")
        asked = BanAsked(
            ids,
            jail,
            None if seconds is None else float(cast(float, seconds)),
            str(request.arguments.get("reason", "")),
        )
        self._execute(self._parts.core.handle(asked, now), now)
        return lambda at: self._when_on_disk(lambda: self._banned(ids, jail or MANUAL_JAIL, at))

    def _banned(self, ids: tuple[str, ...], jail: str, now: Wall) -> BanResult:
        rows = answers.bans(self._parts.situation(now), jail)["bans"]
        return BanResult(bans=[row for row in rows if row["id"] in ids])

    def _unban(self, request: Request, now: Wall) -> Answer:
        ids = cast(tuple[str, ...], request.arguments.get("ids", ()))
        if request.arguments.get("last"):
            newest = answers.bans(self._parts.situation(now))["bans"][:1]
            ids = tuple(row["id"] for row in newest)
        commands = self._parts.core.handle(UnbanAsked(ids, is_all=bool(request.arguments.get("all"))), now)
        self._execute(commands, now)
        lifted = [LiftedRow(jail=c.ban.jail, id=c.ban.id) for c in commands if isinstance(c, EndBan)]
        found = {row["id"] for row in lifted}
        result = UnbanResult(lifted=lifted, not_banned=[text for text in ids if not _is_named(text, found)])
        return lambda _: self._when_on_disk(lambda: result)

    def _execute(self, commands: list[Command], now: Wall) -> None:
        self._parts.runner.execute(commands, now)

    def _when_on_disk(self, answer: Callable[[], object]) -> object:
        trouble = self._parts.runner.ledger_trouble
        if trouble is not None:
            raise LedgerError(f"it is in effect but not on disk: {trouble.message}", trouble.remedy)
        return answer()

    def reload(self, now: Wall) -> Answer:
        """Reads the configuration again; anything wrong with it leaves the running one untouched."""
        host.tell_service_manager(f"RELOADING=1\nMONOTONIC_USEC={int(self._monotonic() * 1e6)}")
        try:
            result = self._parts.reload(now)
        finally:  # also when the running configuration stays: sd_notify(3) wants an end to every reload
            host.tell_service_manager("READY=1")
        self._is_reloaded = True
        return lambda _: result

    def reload_by_signal(self, now: Wall) -> None:
        """The same for SIGHUP, where nobody waits for an answer; what is wrong is in the log."""
        self._guarded(0, partial(self.reload, now))

    def take_reloaded(self) -> bool:
        """Whether the sources changed since the last call."""
        is_reloaded, self._is_reloaded = self._is_reloaded, False
        return is_reloaded


def _is_named(text: str, found: set[str]) -> bool:
    """Whether an identifier, or something inside the network it names, was lifted."""
    network = parse_network(text)
    if text in found or network is None:
        return text in found
    others = [other for name in found if (other := parse_network(name)) is not None]
    return any(other.version == network.version and other.overlaps(network) for other in others)
