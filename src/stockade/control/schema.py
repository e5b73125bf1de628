"""The result of every command on the control socket, and with it of `--json`: one typed dictionary each.

The daemon builds these, the command line prints them unchanged. Times are seconds since 1970 (UTC), durations are
seconds. Fields are only ever added; readers ignore fields they do not know. Must not import another part.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class PingResult(TypedDict):
    """`ping`: the daemon's loop turns."""

    pong: bool


class VersionResult(TypedDict):
    """`version`: who answers. `protocol` is the version of the wire format."""

    version: str
    protocol: int
    pid: int


class SourceRow(TypedDict):
    """One log that a jail reads. `state` is reading|waiting|failed; `unread` is None where it cannot be known.

    While there is a backlog, `rate` is in bytes a second and `eta_seconds` the time to its end. `clock_offset_seconds`
    is by how much the log's clock is ahead of this machine's. Each of them is None where it is not known.
    """

    source: str
    state: str
    detail: str
    position: int
    unread: int | None
    rate: float | None
    eta_seconds: float | None
    clock_offset_seconds: float | None


class JailRow(TypedDict):
    """One jail. `windows` counts identifiers with failures inside findtime; `bans_total` counts since the ledger began.

    `state` is running (all its sources are read), waiting (a source is not there yet) or degraded (something needs a
    hand; `detail` says what and how). `bans_verified` are those the kernel confirmed. `bantime` below 0 is permanent.
    `funnel` counts since the ledger began how far lines got: read, candidate, dated, matched, address, not ignored,
    counted, banned, verified. Lines and candidates of a log that several jails share are those of all of them.
    """

    name: str
    state: str
    detail: str
    sources: list[SourceRow]
    failures_counted: int
    windows: int
    bans_active: int
    bans_total: int
    bans_verified: int
    packets_dropped: int
    bytes_dropped: int
    maxretry: int
    findtime: float
    bantime: float
    funnel: dict[str, int]


class AlarmRow(TypedDict):
    """Something that may mean that Stockade does not see what it should. `code` is one of docs/watching.md; `subject` a
    log, a program in it, or a stage of the daemon."""

    code: str
    subject: str
    text: str
    remedy: str
    since: float


class EnforcerStatus(TypedDict):
    """The process that blocks. `state` is running|failed|dry-run; `backend` is, for example, "nftables"."""

    state: str
    backend: str
    detail: str


class StatusResult(TypedDict):
    """`status`: `verdict` is the one sentence that answers "am I protected?".

    `odd_lines` counts lines that hit a limit, by reason; `problems` are sentences, each with its remedy; `rights` says
    what the daemon may do (uid, capabilities, sandbox) as short texts by name. `alarms` are those that stand, oldest
    first; `alarms_raised` counts since the ledger began, by code.
    """

    protected: bool
    verdict: str
    uptime_seconds: float
    version: str
    jails: list[JailRow]
    odd_lines: dict[str, int]
    problems: list[str]
    enforcer: EnforcerStatus
    rights: dict[str, str]
    alarms: list[AlarmRow]
    alarms_raised: dict[str, int]


class BanRow(TypedDict):
    """One ban. `until` and `remaining_seconds` are None for a permanent one; `count` says how often so far.

    `origin` is filter|manual|restored, `state` decided|applied|verified|failed|expired|lifted.
    """

    jail: str
    id: str
    since: float
    until: float | None
    remaining_seconds: float | None
    count: int
    failures: int
    origin: str
    state: str
    reason: str


class BansResult(TypedDict):
    """`bans`: what is banned now, newest first."""

    bans: list[BanRow]


class BanResult(TypedDict):
    """`ban`: the bans as they stand in the ledger now, one per id and jail."""

    bans: list[BanRow]


class LiftedRow(TypedDict):
    """One ban that was ended by hand."""

    jail: str
    id: str


class UnbanResult(TypedDict):
    """`unban`: what was lifted, and the asked-for ids that were not banned."""

    lifted: list[LiftedRow]
    not_banned: list[str]


class WhyStep(TypedDict):
    """One step on the way from a log line to the kernel. `outcome` is yes|no|unknown; `detail` says why."""

    step: str
    outcome: str
    detail: str


class HistoryRow(BanRow):
    """A ban, present or past, with the complete log lines that led to it.

    `fields` are the captured groups of the first failure; `last_fields` those of the last, empty where they are equal.
    """

    matches: list[str]
    fields: dict[str, str]
    last_fields: dict[str, str]


class WindowRow(TypedDict):
    """What one jail counts of this identifier at the moment."""

    jail: str
    count: int
    maxretry: int
    findtime: float
    times: list[float]
    matches: list[str]


class WhyResult(TypedDict):
    """`why`: the verdict, one sentence of explanation and the evidence. `ignored_by` names the `ignoreip` entry."""

    id: str
    verdict: Literal["banned", "not-banned"]
    explanation: str
    steps: list[WhyStep]
    bans: list[HistoryRow]
    windows: list[WindowRow]
    ignored_by: str | None


class ProblemRow(TypedDict):
    """One mistake in the configuration (`check`, `reload`). `line` 0 means the whole file; `jail` "" none."""

    path: str
    line: int
    message: str
    value: str
    remedy: str
    jail: str
    is_fatal: bool


class ReloadResult(TypedDict):
    """`reload`: which jails changed, and what is wrong with the ones that could not. Running bans stay."""

    added: list[str]
    removed: list[str]
    changed: list[str]
    unchanged: list[str]
    problems: list[ProblemRow]


class ErrorReply(TypedDict):
    """What is answered instead of a result; `code` is one of `errors.py`."""

    ok: Literal[False]
    code: str
    message: str
    remedy: str
