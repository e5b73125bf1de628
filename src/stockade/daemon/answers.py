"""Answers: what the control socket's reading commands get to see.

In: the parts of the running daemon; out: the typed dictionaries of `control.schema`. Must not change anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stockade import __version__
from stockade.control.schema import (
    AlarmRow,
    BanRow,
    BansResult,
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
from stockade.daemon.funnel import funnel
from stockade.daemon.sentences import stamp
from stockade.daemon.situation import Situation, shown_jails, sources_by_jail
from stockade.daemon.verdict import enforcer_status, verdict_on
from stockade.daemon.words import printable
from stockade.errors import Problem, RequestError
from stockade.model.alarm import Alarm
from stockade.model.ban import Ban, BanState
from stockade.model.chunk import SourceStatus
from stockade.model.clock import Wall
from stockade.model.identifier import canonical, parse_network

MAX_HISTORY = 100
"""Bans of one identifier that `why` shows; older ones are left out."""


def status(it: Situation, only: str = "") -> StatusResult:
    """`status`, for all jails or one. Raises RequestError for a jail that does not exist."""
    jails = shown_jails(it)
    if only:
        jails = [jail for jail in jails if jail.settings.name == only]
        if not jails:
            raise RequestError(f"there is no jail {only!r}", f"jails: {', '.join(it.core.jails) or 'none'}")
    read_by = sources_by_jail(it)
    is_protected, sentence = verdict_on(it, jails, read_by)
    return StatusResult(
        protected=is_protected,
        verdict=sentence,
        uptime_seconds=it.now - it.started,
        version=__version__,
        jails=[_jail_row(it, jail, read_by.get(jail.settings.name, ())) for jail in jails],
        odd_lines=it.odd_lines,
        problems=[str(problem) for problem in it.problems] + list(it.troubles),
        enforcer=enforcer_status(it),
        rights=it.rights,
        alarms=[_alarm_row(alarm) for alarm in it.watching.alarms()],
        alarms_raised=dict(it.watching.raised()),
    )


def _alarm_row(alarm: Alarm) -> AlarmRow:
    """An alarm as the schema wants it; what an attacker wrote in it is made printable here."""
    text, subject = printable(alarm.text), printable(alarm.subject)
    return AlarmRow(code=alarm.code, subject=subject, text=text, remedy=alarm.remedy, since=alarm.since)


def _jail_row(it: Situation, jail: Jail, mine: Sequence[SourceStatus]) -> JailRow:
    settings, counter = jail.settings, it.enforcement.counters.get(jail.settings.name)
    state, detail = _jail_state(jail, mine)
    return JailRow(
        name=settings.name,
        state=state,
        detail=detail,
        sources=[_source_row(it, one) for one in mine],
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
        funnel=funnel(it.tallies.of(settings.name), jail.counts),
    )


def _source_row(it: Situation, one: SourceStatus) -> SourceRow:
    pace = it.watching.pace(one.source)
    return SourceRow(
        source=one.source,
        state=one.state,
        detail=one.detail,
        position=one.position,
        unread=one.unread,
        rate=pace.rate if pace else None,
        eta_seconds=pace.eta() if pace else None,
        clock_offset_seconds=it.watching.offset(it.stream_of(one.source)),
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
    return "running", _doubted(jail)


def _doubted(jail: Jail) -> str:
    """What is said of a jail whose lines over UDP ban nobody."""
    is_doubting = any(listener.is_spoofable for listener in jail.settings.syslog)
    if not is_doubting or jail.settings.is_spoofable_banned:
        return ""
    seen = f"{jail.counts['doubted']} failures so far" if jail.counts["doubted"] else "no failure so far"
    return f"lines over UDP ban nobody, because anybody can forge their sender ({seen}) → spoofable = ban"


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
    doubts = [step for name in names for step in _doubts(it.core, name)]
    ignored = next((rule for name in names for rule in _ignored(it.core, name)), None)
    steps = list(_steps(it, standing, history, windows, ignored, doubts=doubts))
    return WhyResult(
        id=canonical(text),
        verdict="banned" if standing else "not-banned",
        explanation=_explanation(it, standing, history, windows, ignored, doubts=doubts),
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


def _doubts(core: Core, identifier: str) -> Iterable[WhyStep]:
    """Failures that did not count because anybody could have sent their lines."""
    for name, jail in core.jails.items():
        doubt = jail.doubts.find(identifier)
        if doubt is not None:
            number = f"{doubt.failures} failure{'s' * (doubt.failures != 1)}"
            detail = f"{number} came over UDP, where anybody can forge the sender → spoofable = ban in [{name}]"
            yield _step(f"counted in {name}", False, detail)


def _ignored(core: Core, identifier: str) -> Iterable[str]:
    return (rule for jail in core.jails.values() if not jail.is_orphan and (rule := jail.rules.rule_for(identifier)))


def _steps(
    it: Situation,
    standing: Sequence[ActiveBan],
    history: Sequence[HistoryRow],
    windows: Sequence[WindowRow],
    ignored: str | None,
    *,
    doubts: Sequence[WhyStep],
) -> Iterable[WhyStep]:
    """The way of a line to the kernel, as far as this identifier got."""
    was_seen = bool(windows or doubts) or any(row["failures"] for row in history)
    reading = [one.source for one in it.sources if one.state == "reading"]
    yield _step("a log is read", bool(reading), ", ".join(reading[:3]) or "no source is being read")
    yield from _passed(it)
    seen = "a filter found failures of it" if was_seen else "no filter found a failure of it within findtime"
    yield _step("a filter matched", was_seen, seen)
    yield _step("not ignored", ignored is None, ignored or "no ignore rule applies")
    if not standing:
        yield from doubts
        for window in windows:
            count = f"{window['count']} of {window['maxretry']} failures within {window['findtime']:g} s"
            yield _step(f"counted in {window['jail']}", False, count)
        return
    for one in standing:
        yield _step(f"banned by {one.ban.jail}", True, one.ban.reason or "by hand")
        detail = "read back and found" if one.state is BanState.VERIFIED else f"its state is {one.state.value}"
        yield _step("blocked in the kernel", one.state is BanState.VERIFIED, detail)


def _passed(it: Situation) -> Iterable[WhyStep]:
    """Where lines stop on their way, jail by jail: a filter that never matches shows here."""
    for name, jail in it.core.jails.items():
        counts = funnel(it.tallies.of(name), jail.counts)
        if not jail.is_orphan:
            detail = ", ".join(f"{counts[stage]:,} {stage}" for stage in ("read", "candidate", "dated", "matched"))
            outcome = "yes" if counts["matched"] else "unknown"
            yield WhyStep(step=f"lines of {name}", outcome=outcome, detail=detail)


def _step(step: str, is_done: bool, detail: str) -> WhyStep:
    return WhyStep(step=step, outcome="yes" if is_done else "no", detail=detail)


def _explanation(
    it: Situation,
    standing: Sequence[ActiveBan],
    history: Sequence[HistoryRow],
    windows: Sequence[WindowRow],
    ignored: str | None,
    *,
    doubts: Sequence[WhyStep],
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
    if doubts:
        return f"not banned: {doubts[0]['detail']}"
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
