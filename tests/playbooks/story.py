"""A small language for stories about the core: failures happen, time passes, commands are expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stockade.core import Core
from stockade.core.bantime import Draw
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
)
from stockade.core.events import Event, Failures, Tick
from stockade.core.jail import no_chance
from stockade.model.clock import Wall
from stockade.model.failure import Listed
from stockade.model.settings import BanTimeSettings, FilterSettings, JailSettings, Settings

START = Wall(1_000_000.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A failure as the scanner would hand it over."""

    id: str
    time: Wall
    ip: str = ""
    is_name: bool = False
    rule: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    matches: list[str] = field(default_factory=list)


def jail(
    name: str = "sshd", *, bantime: float = 600, ban: BanTimeSettings | None = None, **settings: object
) -> JailSettings:
    """Settings of a jail with three tries in ten minutes."""
    known = {"maxretry": 3, "findtime": 600.0, **settings}
    times = ban or BanTimeSettings(bantime)
    return JailSettings(name, FilterSettings(name), ban=times, **known)  # type: ignore[arg-type]


def growing(bantime: float = 600, **settings: object) -> BanTimeSettings:
    """Ban times that grow with repetition."""
    return BanTimeSettings(bantime, is_increment=True, **settings)  # type: ignore[arg-type]


class Told(Listed):
    """Failures as a scan would yield them."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        super().__init__([one.id for one in seen])
        self._seen = seen

    def failure(self, index: int, /) -> Seen:
        """One of them."""
        return self._seen[index]


class Story:
    """One core, its clock, and what it said last."""

    def __init__(self, *jails: JailSettings, draw: Draw = no_chance) -> None:
        self.now = START
        self.core = Core(Settings(jails=jails or (jail(),)), self.now, draw)
        self.core.handle(Tick(), self.now)

    def after(self, seconds: float) -> Story:
        """Lets time pass."""
        self.now = Wall(self.now + seconds)
        return self

    def tells(self, event: Event) -> list[str]:
        """Gives the core an event and shows its commands as short sentences."""
        return [sentence(command) for command in self.core.handle(event, self.now)]

    def fails(self, *ids: str, jail: str = "sshd", ago: float = 0, **details: object) -> list[str]:
        """Failures of these identifiers, all at the same time."""
        seen = [Seen(i, Wall(self.now - ago), **details) for i in ids]  # type: ignore[arg-type]
        return self.tells(Failures(jail, Told(seen)))

    def is_banned_for(self, seconds: float, *ids: str, jail: str = "sshd") -> list[str]:
        """Failures until the first ban and past its end; shows what the last of them led to."""
        told: list[str] = []
        while not any(one.startswith("ban ") for one in told):
            told = self.fails(*ids, jail=jail)
        self.after(seconds).ticks()
        return told

    def starts(self, identifier: str, jail: str = "sshd", **details: object) -> StartBan | None:
        """One failure; the ban that it leads to, with its evidence."""
        seen = [Seen(identifier, self.now, **details)]  # type: ignore[arg-type]
        commands = self.core.handle(Failures(jail, Told(seen)), self.now)
        return next((one for one in commands if isinstance(one, StartBan)), None)

    def questions(self, *ids: str, jail: str = "sshd", **details: object) -> list[AskIgnore]:
        """What is asked of `ignorecommand` when these fail."""
        seen = [Seen(i, self.now, **details) for i in ids]  # type: ignore[arg-type]
        commands = self.core.handle(Failures(jail, Told(seen)), self.now)
        return [one for one in commands if isinstance(one, AskIgnore)]

    def reloads(self, *jails: JailSettings) -> list[str]:
        """Takes a new configuration."""
        return [sentence(command) for command in self.core.configure(Settings(jails=jails), self.now)]

    def ticks(self) -> list[str]:
        """Lets the core look at its deadlines."""
        return self.tells(Tick())


def sentence(command: Command) -> str:
    """A command in words."""
    match command:
        case StartBan(ban=ban):
            length = "for ever" if ban.until is None else f"for {ban.until - ban.since:g}"
            return f"ban {ban.id} in {ban.jail} {length}"
        case ChangeBan(ban):
            length = "for ever" if ban.until is None else f"for {ban.until - ban.since:g}"
            return f"change {ban.id} in {ban.jail} to {length}"
        case Forgive(jail_name, identifier):
            return f"forgive {identifier or 'all'} in {jail_name}"
        case NotBegun(jail_name, identifier):
            return f"not begun {identifier} in {jail_name}"
        case AlreadyBanned(ban, late):
            return f"already banned {ban.id} in {ban.jail}, {late:g} late"
        case FoundBad(jail_name, identifier, _, earlier, weight, is_ban):
            return f"bad {identifier} in {jail_name}, {earlier} -> {weight}{', ban' * is_ban}"
        case AskIgnore(jail_name, key, identifier, _):
            return f"ask {identifier} in {jail_name} as {key}"
        case RedateBan(ban):
            return f"redate {ban.id} in {ban.jail}"
        case Beaten(number):
            return f"beat {number}"
        case RetryBan(ban):
            return f"retry {ban.id} in {ban.jail}"
        case EndBan(ban, _, state):
            return f"{state.value} {ban.id} in {ban.jail}"
        case Ignored(jail_name, identifier, rule):
            return f"ignore {identifier} in {jail_name} by {rule}"
        case Resolve(name):
            return f"resolve {name}"
