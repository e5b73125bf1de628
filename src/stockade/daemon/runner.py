"""Runner: executes the core's commands and keeps the order that makes them safe.

A block goes to the enforcer at once; the ledger is written while the kernel works; only then is the ban announced. A
transaction that fails stays pending and is tried again, and the blocks stand meanwhile. Owns the pending record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from time import localtime, strftime

from stockade.core import Core
from stockade.core.commands import Command, EndBan, Ignored, Resolve, RetryBan, StartBan
from stockade.daemon.enforcement import Enforcement
from stockade.daemon.intake import Intake
from stockade.daemon.pending import Pending
from stockade.daemon.words import Level, Words
from stockade.errors import LedgerError
from stockade.ledger import Ledger
from stockade.model.ban import Ban, BanOrigin, BanState
from stockade.model.clock import Wall
from stockade.model.record import BanEnd, Record


class Runner:
    """Executes commands; see the module's docstring."""

    def __init__(
        self, core: Core, ledger: Ledger, enforcement: Enforcement, words: Words, resolve: Callable[[str], object]
    ) -> None:
        self._core = core
        self._ledger = ledger
        self._enforcement = enforcement
        self._words = words
        self._resolve = resolve
        self._pending = Pending()
        self._decided: list[tuple[Level, str]] = []
        self._announcements: list[tuple[Level, str]] = []
        self.ledger_trouble: LedgerError | None = None

    def execute(self, commands: Iterable[Command], now: Wall) -> None:
        """Carries out commands in their order. What they decide is on disk after the next `commit`."""
        for command in commands:
            match command:
                case StartBan():
                    self._start(command, now)
                case RetryBan(ban):
                    self._enforcement.block(ban, now)
                case EndBan(ban, at, state):
                    self._end(ban, at, state)
                case Ignored(jail, identifier, rule):
                    self._words.say_seldom(
                        "Ignore", Level.INFO, "filter", f"[{jail}] Ignore {identifier} by {_source(rule)}"
                    )
                case Resolve(name):
                    self._resolve(name)

    def _start(self, command: StartBan, now: Wall) -> None:
        count = self._ledger.ban_count(command.ban.jail, command.ban.id) + 1
        ban = replace(command.ban, count=count, fields=command.fields, matches=command.matches)
        self._pending.add_ban(ban)
        if not self._enforcement.block(ban, now):
            self._note(Level.WARNING, f"[{ban.jail}] {ban.id} is no address: nothing to block in the firewall")
        until = "for ever" if ban.until is None else f"until {stamp(ban.until)}"
        by_hand = " by hand" if ban.origin is BanOrigin.MANUAL else ""
        self._note(Level.NOTICE, f"[{ban.jail}] Ban {ban.id}")
        self._note(Level.INFO, f"[{ban.jail}] {ban.id} is banned{by_hand} {until}: {ban.reason or 'no reason given'}")

    def _end(self, ban: Ban, at: Wall, state: BanState) -> None:
        self._pending.add_end(BanEnd(ban.jail, ban.id, at, state))
        self._enforcement.unblock(ban)
        self._note(Level.NOTICE, f"[{ban.jail}] Unban {ban.id}")

    def _note(self, level: Level, message: str) -> None:
        self._decided.append((level, message))

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
            is_written = self._write(self._pending.everything(self._core.statistics()), self._pending.committed)
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

    def announce(self) -> None:
        """Tells what is on disk and on its way to the kernel, whatever happens to this process now."""
        if self._enforcement.has_unsent:
            return
        announcements, self._announcements = self._announcements, []
        for level, message in announcements:
            self._words.say(level, "actions", message)


def stamp(at: Wall) -> str:
    """A time as fail2ban prints it: local, to the second."""
    return strftime("%Y-%m-%d %H:%M:%S", localtime(at))


def _source(rule: str) -> str:
    """fail2ban's word for a kind of rule (§6.9 of the dialect), followed by the rule itself."""
    return "ignoreself rule" if rule == "ignoreself" else f"ip ({rule})"
