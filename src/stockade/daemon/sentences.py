"""Sentences: what the daemon says of a decision, in the words that other programs read (§6.9 of the dialect).

In: commands of the core; out: level, logger and text. The messages of fail2ban's contract are kept to the letter; what
is added stands in lines of its own. Must not write anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import localtime, strftime

from stockade.core.commands import AlreadyBanned, FoundBad, Ignored, NotBegun, StartBan, Withheld
from stockade.core.ignore import FILE, IGNORECOMMAND, IGNOREIP, IGNORESELF
from stockade.daemon.words import Level
from stockade.model.ban import Ban, BanOrigin
from stockade.model.clock import Seconds
from stockade.model.identifier import parse_network

_MINUTE, _HOUR, _DAY, _WEEK, _YEAR = 60, 3600, 86_400, 604_800, 31_536_000


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of the log."""

    level: Level
    logger: str
    text: str


def stamp(at: float) -> str:
    """A time as fail2ban prints it: local, to the second. One beyond what the machine's calendar knows as a number."""
    try:
        return strftime("%Y-%m-%d %H:%M:%S", localtime(at))
    except (OverflowError, ValueError, OSError):
        return f"{at:.0f}"


def span(seconds: Seconds) -> str:
    """A duration as fail2ban prints it (§2.4): at most three units, the coarser the longer it is."""
    for least, unit, units in (
        (_YEAR, _DAY, (("y", _YEAR), ("w", _WEEK), ("d", _DAY))),
        (_WEEK, _HOUR, (("w", _WEEK), ("d", _DAY), ("h", _HOUR))),
        (_DAY, _MINUTE, (("d", _DAY), ("h", _HOUR), ("m", _MINUTE))),
        (3595, 10, (("h", _HOUR), ("m", _MINUTE), ("s", 1))),
        (0, 1, (("m", _MINUTE), ("s", 1))),
    ):
        if seconds >= least:
            return _in_units(round(seconds / unit) * unit, units)
    return "0"


def _in_units(left: int, units: tuple[tuple[str, int], ...]) -> str:
    words = []
    for name, size in units:
        count, left = divmod(left, size)
        words += [f"{count}{name}"] if count else []
    return " ".join(words) or "0"


def of_start(command: StartBan) -> Iterator[Sentence]:
    """A ban begins."""
    ban, previous = command.ban, command.previous
    yield Sentence(Level.NOTICE, "actions", f"[{ban.jail}] Ban {ban.id}")
    yield of_ban(ban)
    if previous is None:
        return
    known = f"{previous.count} # last {stamp(previous.since)}"
    grown = f"{span(command.usual)} to {_length(ban)}"
    yield Sentence(Level.INFO, "observer", f"[{ban.jail}] IP {ban.id} is bad: {known} - incr {grown}")
    if ban.until is None or ban.until - ban.since > command.usual:
        end = "infinite" if ban.until is None else stamp(ban.until)
        text = f"[{ban.jail}] Increase Ban {ban.id} ({previous.count + 1} # {_length(ban)} -> {end})"
        yield Sentence(Level.NOTICE, "observer", text)


def of_ban(ban: Ban) -> Sentence:
    """Until when a ban stands, and why."""
    until = "for ever" if ban.until is None else f"until {stamp(ban.until)}"
    by_hand = " by hand" if ban.origin is BanOrigin.MANUAL else ""
    text = f"[{ban.jail}] {ban.id} is banned{by_hand} {until}: {ban.reason or 'no reason given'}"
    return Sentence(Level.INFO, "actions", text)


def _length(ban: Ban) -> str:
    return "permanent" if ban.until is None else span(ban.until - ban.since)


def of_repeat(command: AlreadyBanned) -> Sentence:
    """Somebody who is banned was seen again: the later, the louder (§4.3)."""
    late = command.late
    level = Level.DEBUG if late < 3 else Level.NOTICE if late < 60 else Level.WARNING
    return Sentence(level, "actions", f"[{command.ban.jail}] {command.ban.id} already banned")


def of_not_begun(command: NotBegun) -> Sentence:
    """A ban that would be over already."""
    return Sentence(Level.INFO, "actions", f"[{command.jail}] Ignore {command.id}, expired bantime")


def of_found(jail: str, identifier: str, at: float) -> Sentence:
    """A failure was found that counts for its own time."""
    return Sentence(Level.INFO, "filter", f"[{jail}] Found {identifier} - {stamp(at)}")


def of_lookup(name: str, addresses: Iterable[str]) -> Sentence:
    """A name in a log was resolved, and its addresses count as those that failed."""
    found = ", ".join(f"'{address}'" for address in sorted(addresses))
    return Sentence(Level.WARNING, "ipdns", f"Determined IP using DNS Lookup: {name} = {{{found}}}")


def of_bad(command: FoundBad) -> Sentence:
    """A failure of a repeat offender; the weight is printed as the fraction it is for fail2ban."""
    then = ", Ban" if command.is_ban else ""
    known = f"{command.earlier} # -> {float(command.weight)}{then}"
    text = f"[{command.jail}] Found {command.id}, bad - {stamp(command.time)}, {known}"
    return Sentence(Level.INFO, "observer", text)


def of_withheld(command: Withheld) -> Sentence:
    """A ban that is not made, because anybody could have sent its lines."""
    text = f"[{command.jail}] {command.id} is not banned: its {command.failures} failures came over UDP"
    return Sentence(Level.NOTICE, "actions", f"{text}, where anybody can forge the sender")


def of_ignored(command: Ignored) -> Sentence:
    """A failure that does not count."""
    text = f"[{command.jail}] Ignore {command.id} by {_source(command)}"
    return Sentence(Level.INFO, "filter", text)


def _source(command: Ignored) -> str:
    """fail2ban's word for a kind of rule (§2.6); `stockade why` names the rule itself."""
    if command.rule in (IGNORESELF, IGNORECOMMAND):
        return {IGNORESELF: "ignoreself rule", IGNORECOMMAND: "command"}[command.rule]
    entry = command.rule.removeprefix(IGNOREIP)
    if entry.startswith(FILE):
        return entry
    return "ip" if entry == command.id or parse_network(entry) is not None else "dns"
