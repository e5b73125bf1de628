"""Parts: everything one running daemon is made of, and how a reload exchanges the parts that the configuration made.

Owns core, intake, sources and runner for the present configuration. In: a configuration; out: parts that fit together.
A reload builds the new ones completely before the old ones go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import SystemRandom

from stockade.control.schema import ReloadResult
from stockade.core import Core
from stockade.core.events import OwnAddresses, Restored
from stockade.core.past import MAX_PAST
from stockade.daemon import answers, host
from stockade.daemon.configuration import Configuration, read_configuration
from stockade.daemon.enforcement import Enforcement
from stockade.daemon.feeds import Feeds
from stockade.daemon.history import History
from stockade.daemon.ignorecommands import IgnoreCommands
from stockade.daemon.ignorefiles import IgnoreFiles
from stockade.daemon.intake import Intake, Observing
from stockade.daemon.listeners import Listeners
from stockade.daemon.options import Options
from stockade.daemon.runner import Ask, Runner
from stockade.daemon.scanners import Scanners
from stockade.daemon.situation import Situation
from stockade.daemon.watching import Watching
from stockade.daemon.waysin import WaysIn
from stockade.daemon.words import Level, Words
from stockade.errors import LedgerError, RequestError
from stockade.ledger import Ledger
from stockade.model.alarm import AlarmChange
from stockade.model.ban import Ban
from stockade.model.chunk import Source
from stockade.model.clock import Monotonic, Seconds, Wall
from stockade.model.record import Progress
from stockade.model.saying import Saying
from stockade.resolve import Resolver

MAX_SAID = 10_000
"""Lines about bans that come back or go together, at the start and the end; of the rest only the number is said."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """What a reload does not touch."""

    options: Options
    ledger: Ledger
    enforcement: Enforcement
    resolver: Resolver
    ignore_commands: IgnoreCommands
    words: Words
    rights: dict[str, str]
    started: Wall
    listeners: Listeners
    ways_in: WaysIn


class Parts:
    """The running daemon's parts; see the module's docstring."""

    def __init__(self, fixed: Fixed, configuration: Configuration) -> None:
        self._fixed = fixed
        self._configuration = configuration
        self.core = Core(configuration.settings, fixed.started, SystemRandom().random)
        ask = Ask(fixed.resolver.ask, fixed.ignore_commands.ask)
        self.runner = Runner(self.core, fixed.ledger, fixed.enforcement, fixed.words, ask)
        fixed.ignore_commands.configure(configuration.settings)
        self._ignore_files = IgnoreFiles(configuration.settings)
        self._learn_exemptions(fixed.started)
        self._restore(fixed.started)
        known = {one.cursor.source: one for one in fixed.ledger.progress()}
        self._feeds = _feeds(configuration, known, fixed.started, fixed)
        self._observing = Observing(self._stream_of)
        self._watching = Watching(self._observing.streams, fixed.ledger.counters())
        self._observe()
        self.intake = Intake(self._feeds.jails_of, Scanners(configuration).open, known, self._observing)
        if fixed.options.stdin:
            self._feeds.add_stdin()

    @property
    def enforcement(self) -> Enforcement:
        """The conversation with the enforcer."""
        return self._fixed.enforcement

    @property
    def resolver(self) -> Resolver:
        """Names to addresses, elsewhere."""
        return self._fixed.resolver

    @property
    def ignore_commands(self) -> IgnoreCommands:
        """The jails' `ignorecommand`, at work."""
        return self._fixed.ignore_commands

    @property
    def ignore_files(self) -> IgnoreFiles:
        """The lists that `ignoreip` names."""
        return self._ignore_files

    @property
    def words(self) -> Words:
        """The log."""
        return self._fixed.words

    @property
    def sources(self) -> Sequence[Source]:
        """What is read at present."""
        return self._feeds.sources

    def take_sayings(self) -> Sequence[Saying]:
        """What the sources have to say since the last call."""
        return [*self._feeds.take_sayings(), *self._fixed.listeners.take_sayings()]

    def _stream_of(self, source: str) -> str:
        return self._feeds.stream_of(source)

    def _observe(self) -> None:
        """Has the counters of the jails and the streams of the present configuration at hand."""
        counters = self._fixed.ledger.counters()
        for jail in self._configuration.settings.jails:
            self._observing.tallies.restore(jail.name, counters)
        self._observing.streams.keep(self._feeds.streams())

    def look_round(self, stages: Mapping[str, Seconds], now: Wall, mono: Monotonic) -> list[AlarmChange]:
        """Lets the watchdog look at everything."""
        return self._watching.look(self._feeds.status(), self._configuration.open_probe, stages, now, mono)

    def remember(self, mono: Monotonic) -> None:
        """Puts what the watchdog has learnt into the next transaction."""
        self.runner.remember(self._watching.counters(mono))

    def _learn_exemptions(self, now: Wall) -> None:
        """Tells the core who is exempt before it sees a ban or a failure."""
        self.core.handle(OwnAddresses(host.own_addresses(), host.own_names()), now)
        for event in self._ignore_files.read_changed(Monotonic(0.0)):
            self.core.handle(event, now)
        for problem in self._ignore_files.problems:
            self._fixed.words.say(Level.WARNING, "filter", problem.in_one_line)

    def _restore(self, now: Wall) -> None:
        """Takes up where the last run stopped. The kernel comes first, so that there is no gap: bans, then what ran out
        meanwhile, then open windows and counters."""
        ledger = self._fixed.ledger
        standing = ledger.active_bans(now, with_evidence=False)
        self._fixed.enforcement.ensure(standing, now)
        self.core.restore_counters(ledger.counters())
        overdue = [replace(ban, fields={}, matches=()) for ban in ledger.overdue_bans(now)]
        past = ledger.past(now, self._configuration.settings.daemon.dbpurgeage, MAX_PAST // 2)
        restored = Restored([*overdue, *standing], ledger.windows(), past)
        self._say_each("Restore Ban", standing)
        self.runner.execute(self.core.handle(restored, now), now)
        if standing:
            message = f"{len(standing)} bans restored from the ledger; they end when they would have ended"
            self._fixed.words.say(Level.INFO, "actions", message)

    def _say_each(self, what: str, bans: Sequence[Ban]) -> None:
        for ban in bans[:MAX_SAID]:
            self._fixed.words.say(Level.NOTICE, "actions", f"[{ban.jail}] {what} {ban.id}")
        if len(bans) > MAX_SAID:
            self._fixed.words.say(Level.NOTICE, "actions", f"{what}: {len(bans) - MAX_SAID} more")

    def say_repealed(self) -> None:
        """Says of every ban that its block leaves the kernel with the daemon."""
        self._say_each("Repeal Ban", [active.ban for active in self.core.active_bans()])

    def reload(self, now: Wall) -> ReloadResult:
        """Takes a new configuration; RequestError, and nothing changes, when anything is wrong with it."""
        fresh = read_configuration(self._fixed.options, now)
        wrong = [problem for problem in fresh.problems if problem.is_fatal]
        if wrong:
            for problem in wrong:
                self.words.say(Level.ERROR, "server", problem.in_one_line)
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise RequestError(
                f"the new configuration is not used, the running one stays: {wrong[0]}{more}",
                "`stockade check` shows every problem",
            )
        return self._exchange(fresh, now)

    def _exchange(self, fresh: Configuration, now: Wall) -> ReloadResult:
        before = {jail.name: jail for jail in self._configuration.settings.jails}
        after = {jail.name: jail for jail in fresh.settings.jails}
        known = self.intake.progress()
        self._fixed.listeners.configure(fresh.settings)
        feeds = _feeds(fresh, known, now, self._fixed)
        self._configuration = fresh
        self.words.configure(fresh.settings.daemon.loglevel)
        self._fixed.ledger.keep_matches(fresh.settings.daemon.dbmaxmatches)
        self._fixed.ignore_commands.configure(fresh.settings)
        self._ignore_files = IgnoreFiles(fresh.settings)
        adjustments = self.core.configure(fresh.settings, now)
        self.runner.execute(adjustments, now)
        self._learn_exemptions(now)
        self._feeds.hand_over(feeds)
        self._feeds = feeds
        self._observe()
        self._watching.configured()
        self.intake = Intake(feeds.jails_of, Scanners(fresh).open, known, self._observing)
        self.words.say(Level.INFO, "server", f"configuration reloaded: {len(after)} jails")
        return ReloadResult(
            added=sorted(after.keys() - before.keys()),
            removed=sorted(before.keys() - after.keys()),
            changed=sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
            unchanged=sorted(name for name in after.keys() & before.keys() if after[name] == before[name]),
            problems=[answers.problem_row(problem) for problem in fresh.problems],
        )

    def situation(self, now: Wall) -> Situation:
        """Everything that answers are made of."""
        return Situation(
            core=self.core,
            ledger=self._fixed.ledger,
            enforcement=self._fixed.enforcement,
            sources=self._feeds.status(),
            odd_lines=self.intake.odd_lines(),
            problems=self._configuration.problems,
            troubles=self._troubles(),
            rights=self._fixed.rights,
            tallies=self._observing.tallies,
            watching=self._watching,
            stream_of=self._feeds.stream_of,
            jails_of=lambda source: [jail.name for jail in self._feeds.jails_of(source)],
            started=self._fixed.started,
            now=now,
        )

    def _troubles(self) -> list[str]:
        trouble = self.runner.ledger_trouble
        files = [str(problem) for problem in self._ignore_files.problems]
        return [*([str(trouble)] if trouble is not None else []), *self._fixed.ledger.notices, *files]

    def purge(self, now: Wall, rows: int) -> None:
        """Deletes a piece of old history."""
        try:
            self._fixed.ledger.purge(now, self._configuration.settings.daemon.dbpurgeage, rows)
        except LedgerError as error:
            self.words.say(Level.WARNING, "database", error.message)

    def close(self) -> None:
        """Lets go of the sources."""
        self._feeds.close()


def _feeds(configuration: Configuration, known: Mapping[str, Progress], now: Wall, fixed: Fixed) -> Feeds:
    """The sources of a configuration, each where it was left."""
    cursors = {name: progress.cursor for name, progress in known.items()}
    is_old = History(configuration, now).is_old
    settings, listeners = configuration.settings, fixed.listeners.sources
    fixed.ways_in.configure(settings, cursors, now)
    return Feeds(settings, cursors, now, is_old=is_old, listeners=listeners, ways_in=fixed.ways_in)
