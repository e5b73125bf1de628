"""What the configuration says, after every file, substitution and conversion: one value per jail.

Produced by `config`, read by everyone else. All texts are final: no `%(…)s` and no configuration-time `<tag>` is left
(run-time tags of actions stay). Sizes and times are validated numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stockade.model.clock import Seconds

PERMANENT: Seconds = -1.0
"""A bantime below zero never ends (fail2ban's `bantime = -1`)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class LogPath:
    """One line of `logpath`: a path or shell glob, and whether reading starts at the end."""

    pattern: str
    is_tail: bool = False


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """The `systemd[…]` backend: groups of FIELD=value matches (within a group different fields are AND-ed, equal ones
    OR-ed; groups are OR-ed) and where the journal is."""

    matches: tuple[tuple[str, ...], ...] = ()
    path: str = ""
    files: tuple[str, ...] = ()
    namespace: str = ""
    flags: int | None = None


@dataclass(frozen=True, slots=True)
class SyslogSettings:
    """One address at which syslog messages are received: one item of `listen` in the `syslog[…]` backend.

    `kind` is unix|unix-stream|udp|tcp|tls. Unix sockets have a `path`, permission bits and, where given, an owner and a
    group; the others a numeric `host`, a `port` and the networks that may send (none: whoever reaches the address).
    With `ca`, clients must show a certificate that it signed."""

    kind: str
    host: str = ""
    port: int = 0
    path: str = ""
    senders: tuple[str, ...] = ()
    mode: int = 0o600
    owner: str = ""
    group: str = ""
    cert: str = ""
    key: str = ""
    ca: str = ""

    @property
    def address(self) -> str:
        """As it is written: `udp:192.0.2.1:514`, `tls:[::1]:6514`, `unix:/run/stockade/log`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}:{self.path or f'{host}:{self.port}'}"

    @property
    def is_spoofable(self) -> bool:
        """Whether anybody on the network can send in another's name: UDP has no handshake."""
        return self.kind == "udp"


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """The `command` backend: a program with its arguments, whose output is the log."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """The `docker[…]` and `podman[…]` backends: containers by name (shell patterns, any of them) and by label (`key` or
    `key=pattern`, all of them); `root` is the directory with the engine's containers ("": the usual one)."""

    engine: str
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    root: str = ""


@dataclass(frozen=True, slots=True)
class KernelLogSettings:
    """The `kmsg` backend: the kernel's own log, /dev/kmsg."""


WayIn = CommandSettings | ContainerSettings | KernelLogSettings
"""What feeds a jail besides files, the journal and syslog."""


@dataclass(frozen=True, slots=True)
class JsonSettings:
    """How lines that are JSON objects become text: `text` is a template with fields in braces, `time` the field of the
    time ("": none). `matches` are groups of `field=value`, joined as those of the journal; without any, every object is
    wanted."""

    text: str
    time: str = ""
    matches: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """A filter with all its expressions, in Python `re` syntax with fail2ban's tags still in place (`<HOST>`, …)."""

    name: str
    failregex: tuple[str, ...] = ()
    ignoreregex: tuple[str, ...] = ()
    prefregex: str = ""
    datepattern: tuple[str, ...] = ()
    maxlines: int = 1
    usedns: str = "warn"
    logtimezone: str = ""
    logencoding: str = "auto"
    json: JsonSettings | None = None

    @property
    def reading(self) -> tuple[str, JsonSettings | None]:
        """What a scanner knows one of: filters of one log with another encoding, or other fields, need their own."""
        return self.logencoding, self.json


COMMANDS = (
    "actionstart",
    "actionstop",
    "actionflush",
    "actionreload",
    "actioncheck",
    "actionrepair",
    "actionban",
    "actionprolong",
    "actionreban",
    "actionunban",
)
"""What an action can be asked to do: the options of an action file that hold commands."""


@dataclass(frozen=True, slots=True)
class ActionSettings:
    """One item of `action`: the file's name, the unique name in the jail, the bracket arguments and, for actions read
    from action.d, every command and property (`actionban`, `set?family=inet6`, …) with run-time tags left; `timeout` is
    a number of seconds."""

    name: str
    actname: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BanTimeSettings:
    """`bantime` and `bantime.*`. Times in seconds; `bantime` below zero is permanent. Expressions stay text."""

    bantime: Seconds = 600.0
    is_increment: bool = False
    factor: str = "1"
    formula: str = ""
    multipliers: tuple[int, ...] = ()
    maxtime: Seconds | None = None
    rndtime: Seconds = 0.0
    is_overalljails: bool = False


@dataclass(frozen=True, slots=True)
class IgnoreCache:
    """`ignorecache`: answers of `ignorecommand` are kept by `key` (text with ticket tags), at most `max_count` of them,
    for `max_time` seconds."""

    key: str
    max_count: int = 100
    max_time: Seconds = 300.0


@dataclass(frozen=True, slots=True)
class JailSettings:
    """Everything one jail needs to run. Exactly one of `logpaths`, `journal`, `syslog` and `way_in` feeds it."""

    name: str
    filter: FilterSettings
    logpaths: tuple[LogPath, ...] = ()
    journal: JournalSettings | None = None
    syslog: tuple[SyslogSettings, ...] = ()
    way_in: WayIn | None = None
    is_spoofable_banned: bool = False
    """Whether lines whose sender may be forged (UDP) ban (own key `spoofable = ban`); otherwise it is only said whom
    they would have banned."""
    maxretry: int = 3
    findtime: Seconds = 600.0
    maxmatches: int = 5
    ban: BanTimeSettings = BanTimeSettings()
    ignoreip: tuple[str, ...] = ()
    is_ignoreself: bool = True
    ignorecommand: str = ""
    ignorecache: IgnoreCache | None = None
    prefix_v6: int = 128
    """IPv6 failures are counted and banned per network of this many bits (own key `banprefix6`, 1…128)."""
    port: str = ""
    protocol: str = "tcp"
    actions: tuple[ActionSettings, ...] = ()

    @property
    def is_only_watching(self) -> bool:
        """Whether the jail can ban nobody, because anybody could have sent each of its lines in another's name."""
        is_forgeable = bool(self.syslog) and all(listener.is_spoofable for listener in self.syslog)
        return is_forgeable and not self.is_spoofable_banned


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """`fail2ban.conf` / `stockade.conf`: what concerns the whole daemon."""

    loglevel: str = "INFO"
    logtarget: str = "STDERR"
    allowipv6: str = "auto"
    dbmaxmatches: int = 10
    dbpurgeage: Seconds = 86400.0
    is_keepbans: bool = True
    """Bans stay in the kernel when the daemon stops (own key `keepbans`); their timeouts end them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration: jails that can run, in file order, and the daemon's own part."""

    daemon: DaemonSettings = DaemonSettings()
    jails: tuple[JailSettings, ...] = ()
