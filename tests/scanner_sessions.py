"""A plain model of sessions (§3.4 of the dialect), to hold the scanner against.

Owns: the small daemon `d` of the dialect's walk-through, as filter and as model. The model keeps dictionaries and lists
and follows the steps of the text one by one; it must not be fast or bounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.scanner_specs import Filter, Rule, rule

_IP = r"(?:(?P<ip4>\d+\.\d+\.\d+\.\d+)|(?P<ip6>[\da-f]*:[\da-f:]+))"
_ADDRESSES = ("ip4", "ip6")
DOOR = Filter(
    "door",
    prefix=Rule(r"^ d\[(?P<mlfid>\d+)\]: (?P<content>.+)$", literals=(b" d[",)),
    rules=(
        rule(rf"^(?P<nofail>connect) from {_IP}$", "connect"),
        rule(r"^auth fail(?: for (?P<user>\S+))?$", "auth"),
        rule(rf"^(?P<nofail>(?P<mlfforget>closed))(?: by {_IP})?$", "closed"),
        rule(r"^(?P<mlfgained>accepted) (?P<user>\S+)$", "accepted"),
        rule(rf"^(?P<mlfforget>kicked) {_IP}$", "kicked"),
    ),
)

Report = tuple[str, str, tuple[str, ...]]
"""Address, user and lines of a failure."""


@dataclass(slots=True)
class _Session:
    data: dict[str, str]
    users: set[str] = field(default_factory=set)
    collected: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    is_quiet: bool = False
    is_pending: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One matched line: session, groups, flags."""

    id: str
    text: str
    groups: dict[str, str]
    is_nofail: bool = False
    is_gained: bool = False
    is_forget: bool = False

    @property
    def line(self) -> str:
        """The line in the log."""
        return f" d[{self.id}]: {self.text}"


def event(number: int, action: str, word: str) -> Event:
    """One of the daemon's messages; `word` is an address or a user, "" for none."""
    tail = {"connect": " from ", "auth": " for ", "closed": " by ", "accepted": " ", "kicked": " "}[action] + word
    text = {"auth": "auth fail"}.get(action, action) + (tail if word else "")
    address = "ip6" if ":" in word else "ip4"
    name = "user" if action in {"auth", "accepted"} else address
    is_nofail, is_forget = action in {"connect", "closed"}, action in {"closed", "kicked"}
    groups = {name: word} if word else {}
    return Event(str(number), text, groups, is_nofail, action == "accepted", is_forget)


def expected(events: Iterable[Event]) -> list[Report]:
    """The failures that the dialect's text gives, step by step."""
    sessions: dict[str, _Session] = {}
    reports: list[Report] = []
    for each in events:
        report = _step(sessions, each)
        if report is not None:
            reports.append(report)
    return reports


def _step(sessions: dict[str, _Session], each: Event) -> Report | None:
    session = sessions.get(each.id)
    if session is not None:
        _merge(session, each)
        if each.is_forget:
            del sessions[each.id]
    else:
        session = _Session(dict(each.groups), {each.groups["user"]} if "user" in each.groups else set())
        if not each.is_forget:
            sessions[each.id] = session
    is_quiet = each.is_nofail or each.is_gained
    if session.is_pending or len(session.users) > 1:
        is_quiet = False
    session.is_pending, session.is_quiet = False, is_quiet
    if is_quiet:
        if not each.is_forget:
            session.collected.append(each.line)
        return None
    session.stored = [*session.collected, *session.stored, each.line]
    session.collected = []
    address = next((session.data[name] for name in _ADDRESSES if name in session.data), None)
    if address is None:
        session.is_pending = True
        return None
    return address, session.data.get("user", ""), tuple(session.stored)


def _merge(session: _Session, each: Event) -> None:
    if "user" in each.groups:
        session.users.add(each.groups["user"])
    was_quiet, session.is_quiet = session.is_quiet, False
    if each.is_gained:
        session.is_pending = False
    if not was_quiet and not session.is_pending:
        session.stored = []
    if any(name in each.groups for name in _ADDRESSES):
        session.data = {name: value for name, value in session.data.items() if name not in _ADDRESSES}
    session.data.update(each.groups)
