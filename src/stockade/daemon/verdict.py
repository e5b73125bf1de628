"""The verdict: the one sentence that answers "am I protected?", for `status`, the log and the service manager.

In: the situation. Out: yes or no, and why. Looked at every few seconds, so it makes no rows for thousands of files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stockade.control.schema import EnforcerStatus
from stockade.core.jail import Jail
from stockade.daemon.situation import Situation, shown_jails, sources_by_jail
from stockade.model.ban import BanState
from stockade.model.chunk import SourceStatus

ReadBy = Mapping[str, Sequence[SourceStatus]]
"""The sources of each jail, by its name."""


def verdict(it: Situation) -> tuple[bool, str]:
    """Whether this machine is protected, and the sentence."""
    return verdict_on(it, shown_jails(it), sources_by_jail(it))


def verdict_on(it: Situation, jails: Sequence[Jail], read_by: ReadBy) -> tuple[bool, str]:
    """The same, as far as some jails are concerned."""
    watching = [jail for jail in jails if any(one.state == "reading" for one in read_by.get(jail.settings.name, ()))]
    reason = _reason(it, jails, watching, read_by)
    if reason:
        return False, f"NOT protected: {reason}"
    active = list(it.core.active_bans())
    verified = sum(one.state is BanState.VERIFIED for one in active)
    shown = f"{len(watching)} jail{'s' * (len(watching) != 1)} watching"
    addresses = f"{len(active)} address{'es' * (len(active) != 1)} blocked"
    return True, f"protected: {shown}, {addresses} ({verified} verified in the kernel){_alarmed(it)}"


def _reason(it: Situation, jails: Sequence[Jail], watching: Sequence[Jail], read_by: ReadBy) -> str:
    """Why it is not protected; "" when it is."""
    enforcer = enforcer_status(it)
    if it.enforcement.is_dry:
        return "this is a dry run, nothing is blocked → start without --dry-run"
    if enforcer["state"] != "running":
        return f"the firewall cannot be changed: {enforcer['detail']}"
    if not jails:
        return "no jail is enabled → write `[sshd]` and `enabled = true` into jail.local"
    if not watching:
        sources = [one for jail in jails for one in read_by.get(jail.settings.name, ())]
        return f"no jail has a log to read: {_what_is_missing(sources)}"
    if all(jail.settings.is_only_watching for jail in watching):
        return "lines over UDP ban nobody, because anybody can forge their sender → use TCP, or spoofable = ban"
    return ""


def _alarmed(it: Situation) -> str:
    """What the first line says of alarms: they do not unmake the protection there is, but nobody shall miss them."""
    codes = dict.fromkeys(alarm.code for alarm in it.watching.alarms())
    number = len(it.watching.alarms())
    return f"; {number} alarm{'s' * (number != 1)}: {', '.join(codes)}" if codes else ""


def _what_is_missing(sources: Sequence[SourceStatus]) -> str:
    """The logs that are waited for, or what is wrong with them."""
    failed = [one for one in sources if one.state == "failed"]
    if failed:
        return f"{failed[0].source}: {failed[0].detail}"
    names = [one.source.removeprefix("file:") for one in sources]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"waiting for {', '.join(names[:3])}{more}" if names else "none is configured → set logpath in jail.local"


def enforcer_status(it: Situation) -> EnforcerStatus:
    """How the process is doing that blocks."""
    probe, failure = it.enforcement.probe, it.enforcement.failure
    if it.enforcement.is_dry:
        return EnforcerStatus(state="dry-run", backend="none", detail="commands are recorded, nothing is blocked")
    if failure is not None:
        return EnforcerStatus(state="failed", backend="nftables", detail=f"{failure.message} → {failure.remedy}")
    if probe is None or not probe.is_intact:
        return EnforcerStatus(state="failed", backend="nftables", detail="the table is not in the kernel yet")
    return EnforcerStatus(state="running", backend=probe.backend, detail=f"{probe.networks} networks blocked")
