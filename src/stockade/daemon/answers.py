"""Answers: what the control socket's reading commands get to see.

In: the parts of the running daemon; out: the typed dictionaries of `control.schema`. Must not change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stockade import __version__
from stockade.control.schema import (
    BanRow,
    BansResult,
    EnforcerStatus,
    HistoryRow,
    JailRow,
    ProblemRow,
    SourceRow,
    StatusResult,
    WhyResult,
    WhyStep,
    WindowRow,
)
from stockade.core import Core
from stockade.core.jail import ActiveBan, Jail
from stockade.daemon.enforcement import Enforcement
from stockade.daemon.sentences import stamp
from stockade.errors import Problem, RequestError
from stockade.ledger import Ledger
from stockade.model.ban import Ban, BanState
from stockade.model.chunk import SourceStatus
from stockade.model.clock import Wall
from stockade.model.identifier import canonical, parse_network

MAX_HISTORY = 100
"""Bans of one identifier that `why` shows; older ones are left out."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything an answer may be made of, at one moment."""

    core: Core
    ledger: Ledger
    enforcement: Enforcement
    sources: Sequence[SourceStatus]
    odd_lines: dict[str, int]
    problems: Sequence[Problem]
    troubles: Sequence[str]
    rights: dict[str, str]
    jails_of: Callable[[str], Sequence[str]]
    started: Wall
    now: Wall


def status(it: Situation, only: str = "") -> StatusResult:
    """`status`, for all jails or one. Raises RequestError for a jail that does not exist."""
    jails = [jail for name, jail in it.core.jails.items() if not jail.is_orphan or jail.bans]
    if only:
        jails = [jail for jail in jails if jail.settings.name == only]
        if not jails:
            raise RequestError(f"there is no jail {only!r}", f"jails: {', '.join(it.core.jails) or 'none'}")
    rows = [_jail_row(it, jail) for jail in jails]
    enforcer = _enforcer(it)
    is_protected, verdict = _verdict(it, rows, enforcer)
    return StatusResult(
        protected=is_protected,
        verdict=verdict,
        uptime_seconds=it.now - it.started,
        version=__version__,
        jails=rows,
        odd_lines=it.odd_lines,
        problems=[str(problem) for problem in it.problems] + list(it.troubles),
        enforcer=enforcer,
        rights=it.rights,
    )


def _verdict(it: Situation, rows: Sequence[JailRow], enforcer: EnforcerStatus) -> tuple[bool, str]:
    """The one sentence that answers "am I protected?"."""
    active = list(it.core.active_bans())
    verified = sum(one.state is BanState.VERIFIED for one in active)
    watching = [row for row in rows if any(source["state"] == "reading" for source in row["sources"])]
    reason = ""
    if it.enforcement.is_dry:
        reason = "this is a dry run, nothing is blocked → start without --dry-run"
    elif enforcer["state"] != "running":
        reason = f"the firewall cannot be changed: {enforcer['detail']}"
    elif not rows:
        reason = "no jail is enabled → write `[sshd]` and `enabled = true` into jail.local"
    elif not watching:
        reason = f"no jail has a log to read: {_what_is_missing(rows)}"
    if reason:
        return False, f"NOT protected: {reason}"
    jails = f"{len(watching)} jail{'s' * (len(watching) != 1)} watching"
    addresses = f"{len(active)} address{'es' * (len(active) != 1)} blocked"
    return True, f"protected: {jails}, {addresses} ({verified} verified in the kernel)"


def _what_is_missing(rows: Sequence[JailRow]) -> str:
    """The logs that are waited for, or what is wrong with them."""
    sources = [source for row in rows for source in row["sources"]]
    failed = [source for source in sources if source["state"] == "failed"]
    if failed:
        return f"{failed[0]['source']}: {failed[0]['detail']}"
    names = [source["source"].removeprefix("file:") for source in sources]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"waiting for {', '.join(names[:3])}{more}" if names else "none is configured → set logpath in jail.local"


def _enforcer(it: Situation) -> EnforcerStatus:
    probe, failure = it.enforcement.probe, it.enforcement.failure
    if it.enforcement.is_dry:
        return EnforcerStatus(state="dry-run", backend="none", detail="commands are recorded, nothing is blocked")
    if failure is not None:
        return EnforcerStatus(state="failed", backend="nftables", detail=f"{failure.message} → {failure.remedy}")
    if probe is None or not probe.is_intact:
        return EnforcerStatus(state="failed", backend="nftables", detail="the table is not in the kernel yet")
    return EnforcerStatus(state="running", backend=probe.backend, detail=f"{probe.networks} networks blocked")


def _jail_row(it: Situation, jail: Jail) -> JailRow:
    settings, counter = jail.settings, it.enforcement.counters.get(jail.settings.name)
    mine = [one for one in it.sources if settings.name in it.jails_of(one.source)]
    state, detail = _jail_state(jail, mine)
    return JailRow(
        name=settings.name,
        state=state,
        detail=detail,
        sources=[
            SourceRow(source=one.source, state=one.state, detail=one.detail, position=one.position, unread=one.unread)
            for one in mine
        ],
        failures_counted=jail.counts["failures"],
        windows=len(jail.windows),
        bans_active=len(jail.bans),
        bans_total=jail.counts["bans"],
        bans_verified=sum(one.state is BanState.VERIFIED for one in jail.bans.values()),
        packets_dropped=counter.packets if counter else 0,
        bytes_dropped=counter.bytes if counter else 0,
        maxretry=settings.maxretry,
        findtime=settings.findtime,
        bantime=settings.ban.bantime,
    )


def _jail_state(jail: Jail, sources: Sequence[SourceStatus]) -> tuple[str, str]:
    if jail.is_orphan:
        return "running", "bans by hand, or of a jail that is no longer configured; they run out"
    failed = [one for one in sources if one.state == "failed"]
    if failed:
        return "degraded", failed[0].detail
    if not any(one.state == "reading" for one in sources):
        detail = sources[0].detail if sources else "no file matches its logpath yet; it is read as soon as one appears"
        return "waiting", detail
    return "running", ""


def bans(it: Situation, only: str = "") -> BansResult:
    """`bans`: newest first."""
    states = {(one.ban.jail, one.ban.id): one.state for one in it.core.active_bans()}
    standing = it.ledger.active_bans(it.now, with_evidence=False)
    rows = [
        ban_row(ban, states.get((ban.jail, ban.id), BanState.DECIDED), it.now)
        for ban in standing
        if not only or ban.jail == only
    ]
    return BansResult(bans=sorted(rows, key=lambda row: row["since"], reverse=True))


def ban_row(ban: Ban, state: BanState, now: Wall) -> BanRow:
    """One ban as the schema wants it."""
    is_standing = state not in (BanState.EXPIRED, BanState.LIFTED)
    return BanRow(
        jail=ban.jail,
        id=ban.id,
        since=ban.since,
        until=ban.until,
        remaining_seconds=max(0.0, ban.until - now) if ban.until is not None and is_standing else None,
        count=ban.count,
        failures=ban.failures,
        origin=ban.origin.value,
        state=state.value,
        reason=ban.reason,
    )


def why(it: Situation, text: str) -> WhyResult:
    """`why`: the evidence for a ban, or the first step that kept an identifier from being banned."""
    names = _spellings(it.core, canonical(text))
    standing = [one for name in names for one in _standing(it.core, name)]
    history = _history(it, names, standing)
    windows = [row for name in names for row in _windows(it.core, name)]
    ignored = next((rule for name in names for rule in _ignored(it.core, name)), None)
    steps = list(_steps(it, standing, history, windows, ignored))
    return WhyResult(
        id=canonical(text),
        verdict="banned" if standing else "not-banned",
        explanation=_explanation(it, standing, history, windows, ignored),
        steps=steps,
        bans=history,
        windows=windows,
        ignored_by=ignored,
    )


def _spellings(core: Core, identifier: str) -> list[str]:
    """The identifier itself, and every banned network that contains it."""
    network = parse_network(identifier)
    names = [identifier]
    if network is None:
        return names
    for jail in core.jails.values():
        for length in {jail.settings.prefix_v6, *_network_lengths(jail, network.version)}:
            if length < network.prefixlen:
                wider = canonical(str(network.supernet(new_prefix=length)))
                if wider not in names:
                    names.append(wider)
    return names


def _network_lengths(jail: Jail, version: int) -> Iterable[int]:
    """Prefix lengths of the networks a jail has banned; one pass over names with a slash."""
    for identifier in jail.bans:
        if "/" in identifier and (":" in identifier) == (version == 6):
            yield int(identifier.rpartition("/")[2])


def _standing(core: Core, identifier: str) -> Iterable[ActiveBan]:
    return (jail.bans[identifier] for jail in core.jails.values() if identifier in jail.bans)


def _history(it: Situation, names: Sequence[str], standing: Sequence[ActiveBan]) -> list[HistoryRow]:
    states = {(one.ban.jail, one.ban.id): one.state for one in standing}
    rows = []
    for past in (past for name in names for past in it.ledger.history(name, MAX_HISTORY)):
        state = past.state or states.get((past.ban.jail, past.ban.id), BanState.EXPIRED)
        row = ban_row(past.ban, state, it.now)
        ban = past.ban
        first, last = dict(ban.fields), dict(ban.last_fields)
        rows.append(HistoryRow(**row, matches=list(ban.matches), fields=first, last_fields=last))
    return sorted(rows, key=lambda row: row["since"], reverse=True)


def _windows(core: Core, identifier: str) -> Iterable[WindowRow]:
    for name, jail in core.jails.items():
        window = jail.windows.find(identifier)
        if window is not None:
            yield WindowRow(
                jail=name,
                count=len(window.times),
                maxretry=jail.settings.maxretry,
                findtime=jail.settings.findtime,
                times=list(window.times),
                matches=list(window.matches()),
            )


def _ignored(core: Core, identifier: str) -> Iterable[str]:
    return (rule for jail in core.jails.values() if not jail.is_orphan and (rule := jail.rules.rule_for(identifier)))


def _steps(
    it: Situation,
    standing: Sequence[ActiveBan],
    history: Sequence[HistoryRow],
    windows: Sequence[WindowRow],
    ignored: str | None,
) -> Iterable[WhyStep]:
    """The way of a line to the kernel, as far as this identifier got."""
    was_seen = bool(windows) or any(row["failures"] for row in history)
    reading = [one.source for one in it.sources if one.state == "reading"]
    yield _step("a log is read", bool(reading), ", ".join(reading[:3]) or "no source is being read")
    seen = "a filter found failures of it" if was_seen else "no filter found a failure of it within findtime"
    yield _step("a filter matched", was_seen, seen)
    yield _step("not ignored", ignored is None, ignored or "no ignore rule applies")
    if not standing:
        for window in windows:
            count = f"{window['count']} of {window['maxretry']} failures within {window['findtime']:g} s"
            yield _step(f"counted in {window['jail']}", False, count)
        return
    for one in standing:
        yield _step(f"banned by {one.ban.jail}", True, one.ban.reason or "by hand")
        detail = "read back and found" if one.state is BanState.VERIFIED else f"its state is {one.state.value}"
        yield _step("blocked in the kernel", one.state is BanState.VERIFIED, detail)


def _step(step: str, is_done: bool, detail: str) -> WhyStep:
    return WhyStep(step=step, outcome="yes" if is_done else "no", detail=detail)


def _explanation(
    it: Situation,
    standing: Sequence[ActiveBan],
    history: Sequence[HistoryRow],
    windows: Sequence[WindowRow],
    ignored: str | None,
) -> str:
    if standing:
        ban = standing[0].ban
        end = "for ever" if ban.until is None else f"until {stamp(ban.until)}"
        return f"{ban.id} is banned by {ban.jail} {end}: {ban.reason or 'by hand'}"
    if ignored is not None:
        return f"not banned: exempt by {ignored}"
    if windows:
        window = windows[0]
        return (
            f"not banned: {window['jail']} has counted {window['count']} of {window['maxretry']} failures within "
            f"{window['findtime']:g} s"
        )
    if history:
        return f"not banned now: its last ban by {history[0]['jail']} {history[0]['state']}"
    return "not banned: no jail has found a failure of it; `stockade test LOG FILTER` shows what a filter sees"


def problem_row(problem: Problem) -> ProblemRow:
    """A problem as the schema wants it."""
    return ProblemRow(
        path=problem.path,
        line=problem.line,
        message=problem.message,
        value=problem.value,
        remedy=problem.remedy,
        jail=problem.jail,
        is_fatal=problem.is_fatal,
    )
