"""The loop: waits for logs, clients, the enforcer and deadlines, and gives each its turn.

Owns the selector and the order within one turn: read → decide → block → write → answer. One thread; whatever could
take long (names) happens elsewhere. Nothing here decides who is banned.
"""

from __future__ import annotations

import selectors
import signal
import socket
from collections.abc import Iterator, Sequence
from functools import partial

from stockade.actions.shell import Shell
from stockade.control.server import ControlServer, Request
from stockade.core.events import ClockStepped, Event, Failures, OwnAddresses, Resolved, Tick
from stockade.core.steps import ClockSteps
from stockade.daemon import host
from stockade.daemon.clock import Clock
from stockade.daemon.ignorefiles import CHECK_SECONDS
from stockade.daemon.parts import Parts
from stockade.daemon.portions import Portions
from stockade.daemon.remarks import Remarks
from stockade.daemon.requests import Requests
from stockade.daemon.sentences import of_found, of_lookup
from stockade.daemon.vitals import Vitals
from stockade.daemon.words import Level, printable
from stockade.model.chunk import Chunk, Entries, Source
from stockade.model.clock import Monotonic, Seconds, Wall

COMMIT_SECONDS: Seconds = 0.25
"""How long counted failures and progress may wait for their transaction. Bans do not wait, and neither does the first
progress of a run: without a cursor nobody could tell, after a crash, which files had been begun."""

TURN_SECONDS: Seconds = 0.005
"""How long a turn goes on reading while there is more. It lasts longer by the pieces under way, one of each source."""

ASK_SECONDS: Seconds = 5.0
"""How often the enforcer is asked how it is and what was dropped, and the watchdog looks round."""

REMEMBER_SECONDS: Seconds = 600.0
"""How often what the watchdog has learnt goes to the ledger; a crash costs that much of it."""

OWN_ADDRESS_SECONDS: Seconds = 60.0
"""How often this machine's own addresses are looked up."""

PURGE_SECONDS: Seconds = 600.0
"""How often old history is deleted from the ledger, a bounded piece at a time."""

PURGE_ROWS = 2000


class Loop:
    """Runs the daemon until a signal ends it."""

    def __init__(self, parts: Parts, clock: Clock, server: ControlServer, requests: Requests) -> None:
        self._parts = parts
        self._clock = clock
        self._server = server
        self._requests = requests
        self._selector = selectors.DefaultSelector()
        self._wake, self._wakened = socket.socketpair()
        self._due: dict[str, Monotonic] = {}
        self._eager: set[Source] = set()
        self._watched: dict[Source, int] = {}
        self._commit_pause: Seconds = 0.0
        self._is_stopping = False
        self._is_verdict_due = False
        self._is_protected: bool | None = None
        self._portions = Portions()
        self._remarks = Remarks()
        self._vitals = Vitals(parts)
        self._steps = ClockSteps(clock.wall(), clock.steady())

    def run(self) -> None:
        """Turns until SIGTERM or SIGINT; SIGHUP reloads. Commits a last time before it returns."""
        self._catch_signals()
        self._server.register(self._selector, "control")
        self._selector.register(self._parts.enforcement.fileno(), selectors.EVENT_READ, "enforcer")
        self._selector.register(self._parts.resolver.fileno(), selectors.EVENT_READ, "resolver")
        self._selector.register(self._wakened, selectors.EVENT_READ, "signal")
        self._watch_sources()
        host.tell_service_manager("READY=1")
        while not self._is_stopping:
            self._turn()
        host.tell_service_manager("STOPPING=1")
        self._use_up()
        self._parts.remember(self._clock.monotonic())
        self._parts.runner.commit(self._parts.intake, is_whole=True)
        self._parts.runner.announce()

    def _turn(self) -> None:
        mono = self._clock.monotonic()
        ready = self._selector.select(self._wait(mono))
        now, mono = self._clock.wall(), self._clock.monotonic()
        self._mind_clock(now)
        requests: list[Request] = []
        for key, mask in ready:
            requests += self._attend(key, mask, now, mono)
        self._read_sources(mono)
        if now >= self._parts.core.deadline():
            self._handle(Tick(), now)
        for request in requests:
            if request.command == "reload":
                self._use_up()
            self._requests.begin(request, now)
        self._chores(now, mono)
        self._finish_turn(mono)

    def _mind_clock(self, now: Wall) -> None:
        """Lets bans and windows follow when somebody sets the clock; before anything else sees the new time."""
        step = self._steps.take(now, self._clock.steady())
        if step:
            text = f"the clock was set {abs(step):.0f} s {'forward' if step > 0 else 'back'}; every ban lasts as before"
            self._parts.words.say(Level.WARNING, "server", text)
            self._handle(ClockStepped(step), now)

    def _wait(self, mono: Monotonic) -> float:
        """Seconds until something is due; 0 while a source has more."""
        if self._eager:
            return 0.0
        due = [*self._due.values(), Monotonic(mono + max(0.0, self._parts.core.deadline() - self._clock.wall()))]
        due += [at] if (at := self._vitals.due()) is not None else []
        due += [deadline for source in self._sources() if (deadline := source.deadline(mono)) is not None]
        due += [at for at in (self._server.deadline(mono), self._parts.ignore_commands.deadline()) if at is not None]
        return max(0.0, min(due) - mono)

    def _attend(self, key: selectors.SelectorKey, mask: int, now: Wall, mono: Monotonic) -> Iterator[Request]:
        """Takes one ready descriptor."""
        match key.data:
            case "control":
                yield from self._server.handle(key, mask, mono)
            case "enforcer":
                for event in self._parts.enforcement.receive():
                    self._handle(event, now)
                self._say_protection(now)
            case "resolver":
                for answer in self._parts.resolver.take():
                    self._say_resolved(answer.name, answer.addresses)
                    self._handle(Resolved(answer.name, answer.addresses), now)
            case "signal":
                self._take_signals(self._wakened.recv(64))
            case Shell():
                return  # every turn looks after all of them
            case source:
                self._eager.add(source)

    def _say_protection(self, now: Wall) -> None:
        """Says in the log whether the machine is protected: at the start and whenever that changes."""
        if self._is_verdict_due and not self._parts.enforcement.is_asked:
            self._is_verdict_due = False
            is_protected, verdict = self._requests.verdict(now)
            host.tell_service_manager(f"STATUS={verdict}")
            if is_protected is not self._is_protected:
                self._is_protected = is_protected
                self._parts.words.say(Level.NOTICE if is_protected else Level.WARNING, "server", verdict)

    def _read_sources(self, mono: Monotonic) -> None:
        """Takes a piece of every source that is ready, due or has more, again and again until the turn has been long
        enough: a flood in one log delays the others, clients and the enforcer by no more."""
        until = mono + TURN_SECONDS
        while True:
            for source in self._sources():
                deadline = source.deadline(mono)
                if source in self._eager or (deadline is not None and deadline <= mono):
                    self._read(source, mono)
            if not self._eager or self._clock.monotonic() >= until:
                return

    def _read(self, source: Source, mono: Monotonic) -> None:
        if not self._portions.has(source):
            self._read_on(source, mono)
        piece = self._portions.take(source)
        if piece is not None:
            self._look_at(piece)

    def _use_up(self) -> None:
        """Looks at everything that has been read, before sources are closed."""
        for piece in self._portions.take_all():
            self._look_at(piece)

    def _read_on(self, source: Source, mono: Monotonic) -> None:
        items = source.read(mono)
        self._portions.add(source, items)
        self._eager.discard(source)
        for saying in self._parts.take_sayings():
            self._parts.words.say_seldom("log files", saying.level, "filter", saying.text)
        if items:
            self._vitals.was_read(source)
            self._eager.add(source)
            self._due.setdefault("commit", Monotonic(mono + self._commit_pause))
        elif source.fileno() != self._watched.get(source, -1):
            self._watch_sources()

    def _look_at(self, item: Chunk | Entries) -> None:
        """Scans what was read and lets the core decide."""
        now = self._clock.wall()
        failures, odd = self._parts.intake.take(item, now)
        for event in failures:
            if not self._vitals.took(event, partial(self._handle, now=now)):
                self._say_found(event)
                self._handle(event, now)
        self._parts.enforcement.flush()
        for jail, one in odd:
            message = f"[{jail}] odd line ({one.reason}): {printable(one.line[:200])}"
            self._parts.words.say_seldom("odd line", Level.WARNING, "filter", message)
        self._say_remarks(now)

    def _sources(self) -> Sequence[Source]:
        """What is read: the configured sources and, last, the sign of life, which so waits for them."""
        return (*self._parts.sources, self._vitals.pulse)

    def _say_resolved(self, name: str, addresses: Sequence[str]) -> None:
        """Warns, where a jail has `usedns = warn`, that a name in its log was believed."""
        waiting = (jail for jail in self._parts.core.jails.values() if jail.is_waiting_for(name))
        if addresses and any(jail.settings.filter.usedns == "warn" for jail in waiting):
            sentence = of_lookup(name, addresses)
            self._parts.words.say_seldom("DNS lookup", sentence.level, sentence.logger, printable(sentence.text))

    def _say_remarks(self, now: Wall) -> None:
        for jail, note in self._parts.intake.take_notes():
            for sentence in self._remarks.sentences(jail, note, now):
                self._parts.words.say(Level.WARNING, "filter", sentence)

    def _say_found(self, event: Failures) -> None:
        words = self._parts.words
        total, shown = len(event.found), words.left("Found")
        for index in range(min(total, shown)):
            failure = event.found.failure(index)
            sentence = of_found(event.jail, failure.id, failure.time)
            words.say_seldom("Found", sentence.level, sentence.logger, sentence.text)
        words.leave_out("Found", max(0, total - shown))

    def _handle(self, event: Event, now: Wall) -> None:
        self._parts.runner.execute(self._parts.core.handle(event, now), now)

    def _chores(self, now: Wall, mono: Monotonic) -> None:
        """What comes round by the clock."""
        if self._is_due("ask", ASK_SECONDS, mono):
            self._parts.enforcement.ask()
            self._is_verdict_due = True
            self._vitals.look_round(now, mono)
        if self._is_due("remember", REMEMBER_SECONDS, mono):
            self._parts.remember(mono)
        if self._is_due("own addresses", OWN_ADDRESS_SECONDS, mono):
            self._handle(OwnAddresses(host.own_addresses(), host.own_names()), now)
        if self._parts.ignore_files and self._is_due("ignore files", CHECK_SECONDS, mono):
            for event in self._parts.ignore_files.read_changed(mono):
                self._handle(event, now)
        for answer in self._parts.ignore_commands.turn(self._selector, mono):
            self._handle(answer, now)
        if self._is_due("purge", PURGE_SECONDS, mono):
            self._parts.purge(now, PURGE_ROWS)
        self._server.expire(mono)

    def _is_due(self, chore: str, period: Seconds, mono: Monotonic) -> bool:
        if self._due.get(chore, mono) > mono:
            return False
        self._due[chore] = Monotonic(mono + period)
        return True

    def _finish_turn(self, mono: Monotonic) -> None:
        """Blocks go out, decisions reach the disk, and only then are clients answered."""
        runner = self._parts.runner
        self._parts.enforcement.flush()
        is_late = self._due.get("commit", Monotonic(mono + 1)) <= mono
        if is_late:
            self._due.pop("commit", None)
            self._commit_pause = COMMIT_SECONDS
        if (runner.has_decisions or is_late) and not runner.commit(self._parts.intake, is_whole=is_late):
            self._due.setdefault("commit", Monotonic(mono + COMMIT_SECONDS))
        runner.announce()
        self._vitals.turn(mono)
        self._requests.finish(self._clock.wall())
        if self._requests.take_reloaded():
            self._watch_sources()

    def _watch_sources(self) -> None:
        """Follows the sources of the present configuration; each is read once at once."""
        for descriptor in self._watched.values():
            self._selector.unregister(descriptor)
        sources = [source for source in self._parts.sources if source.fileno() >= 0]
        self._watched = {source: source.fileno() for source in sources}
        for source, descriptor in self._watched.items():
            self._selector.register(descriptor, selectors.EVENT_READ, source)
        self._eager = set(self._parts.sources)

    def _catch_signals(self) -> None:
        self._wake.setblocking(False)
        self._wakened.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _leave_to_loop)

    def _take_signals(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if number == signal.SIGHUP:
                self._use_up()
                self._requests.reload_by_signal(self._clock.wall())
            elif number in (signal.SIGTERM, signal.SIGINT):
                self._is_stopping = True

    def close(self) -> None:
        """Lets go of the selector and the signals' socket pair."""
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._wake.close()
        self._wakened.close()


def _leave_to_loop(_number: int, _frame: object) -> None:
    """The signal arrives through the wake-up descriptor."""
