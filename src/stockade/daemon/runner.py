"""Runner: executes the core's commands and keeps the order that makes them safe.

A block goes to the enforcer at once; the ledger is written while the kernel works; only then is the ban announced. A
transaction that fails stays pending and is tried again, and the blocks stand meanwhile. Owns the pending record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from stockade.core import Core
from stockade.core.commands import (
    AlreadyBanned,
    AskIgnore,
    Beaten,
    ChangeBan,
    Command,
    EndBan,
    Forgive,
    FoundBad,
    Ignored,
    NotBegun,
    RedateBan,
    Resolve,
    RetryBan,
    StartBan,
    Withheld,
)
from stockade.daemon import sentences
from stockade.daemon.enforcement import Enforcement
from stockade.daemon.intake import Intake
from stockade.daemon.pending import Pending
from stockade.daemon.sentences import Sentence
from stockade.daemon.words import Level, Words
from stockade.errors import LedgerError
from stockade.ledger import Ledger
from stockade.model.ban import Ban, BanState
from stockade.model.clock import Wall
from stockade.model.record import BanEnd, Forgiven, Record

BEATS = "heart.beats"
"""The counter by which a sign of life shows in the ledger: its number in the present run."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Where the core's questions go; the answers come back as events."""

    addresses: Callable[[str], object]
    whether_ignored: Callable[[AskIgnore], object]


class Runner:
    """Executes commands; see the module's docstring."""

    def __init__(
        self,
        core: Core,
        ledger: Ledger,
        enforcement: Enforcement,
        words: Words,
        ask: Ask,
    ) -> None:
        self._core = core
        self._ledger = ledger
        self._enforcement = enforcement
        self._words = words
        self._pending = Pending()
        self._ask = ask
        self._decided: list[Sentence] = []
        self._announcements: list[Sentence] = []
        self._beat = 0
        self.beat_on_disk = 0
        self.ledger_trouble: LedgerError | None = None

    def execute(self, commands: Iterable[Command], now: Wall) -> None:
        """Carries out commands in their order. What they decide is on disk after the next `commit`."""
        for command in commands:
            match command:
                case StartBan():
                    self._start(command, now)
                case ChangeBan(ban):
                    self._change(ban, now)
                case RedateBan(ban):
                    self._pending.add_ban(ban)
                case RetryBan(ban):
                    self._enforcement.block(ban, now)
                case EndBan(ban, at, state):
                    self._end(ban, at, state)
                case Forgive(jail, identifier):
                    self._pending.add_forgiven(Forgiven(jail, identifier))
                case NotBegun() | AlreadyBanned() | FoundBad() | Withheld() | Ignored():
                    self._tell(command)
                case AskIgnore():
                    self._ask.whether_ignored(command)
                case Resolve(name):
                    self._ask.addresses(name)
                case Beaten(number):
                    self._beat = number
                    self._pending.add_counters({BEATS: number})

    def _tell(self, command: NotBegun | AlreadyBanned | FoundBad | Withheld | Ignored) -> None:
        """Says what has no other effect."""
        match command:
            case NotBegun():
                self._say_seldom("expired bantime", sentences.of_not_begun(command))
            case AlreadyBanned():
                self._say_seldom("already banned", sentences.of_repeat(command))
            case FoundBad():
                self._say_seldom("Found bad", sentences.of_bad(command))
            case Withheld():
                self._say_seldom("withheld", sentences.of_withheld(command))
            case Ignored():
                self._say_seldom("Ignore", sentences.of_ignored(command))

    def _start(self, command: StartBan, now: Wall) -> None:
        ban = replace(command.ban, fields=command.fields, matches=command.matches, last_fields=command.last_fields)
        self._pending.add_ban(ban)
        if not self._enforcement.block(ban, now):
            text = f"[{ban.jail}] {ban.id} is no address: nothing to block in the firewall"
            self._decided.append(Sentence(Level.WARNING, "actions", text))
        self._decided += sentences.of_start(replace(command, ban=ban))

    def _change(self, ban: Ban, now: Wall) -> None:
        self._pending.add_ban(ban)
        self._enforcement.block(ban, now)
        self._decided.append(sentences.of_ban(ban))

    def _end(self, ban: Ban, at: Wall, state: BanState) -> None:
        self._pending.add_end(BanEnd(ban.jail, ban.id, at, state))
        self._enforcement.unblock(ban)
        self._decided.append(Sentence(Level.NOTICE, "actions", f"[{ban.jail}] Unban {ban.id}"))

    def _say_seldom(self, kind: str, sentence: Sentence) -> None:
        """Says what an attacker can cause as often as he likes."""
        self._words.say_seldom(kind, sentence.level, sentence.logger, sentence.text)

    @property
    def has_decisions(self) -> bool:
        """Whether bans or ends wait for the disk."""
        return self._pending.has_decisions

    def commit(self, intake: Intake, *, is_whole: bool) -> bool:
        """Writes what was decided; False when the ledger refused.

        Bans that filters decided may go ahead of their cursors, which follow with the next whole commit: read again
        after a crash, the same lines meet a ban that stands. Everything else waits for the whole.
        """
        self._enforcement.flush()
        if is_whole or not self._pending.has_only_found_bans:
            self._pending.add_windows(self._core.take_changed_windows())
            self._pending.add_progress(intake.take_progress())
            self._pending.add_counters(intake.take_counters())
            is_written = self._write(self._pending.everything(self._core.statistics()), self._pending.committed)
            self.beat_on_disk = self._beat if is_written else self.beat_on_disk
        else:
            bans = {name: count for name, count in self._core.statistics().items() if name.endswith(".bans")}
            records = (*self._pending.decided(), Record(counters=bans))
            is_written = self._write(records, self._pending.committed_decisions)
        return is_written

    def _write(self, records: tuple[Record, ...], when_written: Callable[[], None]) -> bool:
        try:
            self._ledger.commit_all(records)
        except LedgerError as error:
            if self.ledger_trouble is None:
                self._words.say(Level.ERROR, "database", f"{error.message}; blocks stand, {error.remedy}")
            self.ledger_trouble = error
            return False
        self.ledger_trouble = None
        when_written()
        self._announcements += self._decided
        self._decided = []
        return True

    def remember(self, counters: Mapping[str, int]) -> None:
        """Takes counters that the next whole transaction is to hold."""
        self._pending.add_counters(counters)

    def announce(self) -> None:
        """Tells what is on disk and on its way to the kernel, whatever happens to this process now."""
        if self._enforcement.has_unsent:
            return
        announcements, self._announcements = self._announcements, []
        for sentence in announcements:
            self._words.say(sentence.level, sentence.logger, sentence.text)
