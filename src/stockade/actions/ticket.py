"""Ticket: everything a command may say about one ban, and the table of tags that says it.

In: the ban's data and a function for what must be fetched (names, sums, counters). Out: the text of one tag. What a
command does not mention is not fetched. Nothing is quoted here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from stockade.actions.families import family_of
from stockade.model.ban import Ban, BanOrigin

LATE_TAGS = frozenset({
    "ip-host",
    "ipmatches",
    "ipjailmatches",
    "ipfailures",
    "ipjailfailures",
    "jail.banned",
    "jail.banned_total",
    "jail.found",
    "jail.found_total",
    "fq-hostname",
    "sh-hostname",
})  # fmt: skip
"""Tags whose values are fetched only when a command uses them, by the ticket's `look_up`."""

_FIELD = re.compile(r"F-([A-Z0-9_\-]+)")
_FIELD_NAMES = {"id": "fid", "port": "fport"}
"""Fields that the scanner keeps under another name than their tag's."""


def _unknown(tag: str) -> str:
    """What late tags say where nobody can look them up: a host without a name, empty lists, zero."""
    return {"ip-host": "None"}.get(tag, "" if tag.endswith(("matches", "hostname")) else "0")


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ban as a command sees it.

    `id` is "" for commands that concern nobody (start, stop, flush, check). `ip` is the address where it differs from
    `id`. `bantime` is in whole seconds, -1 for ever. `look_up` answers each of LATE_TAGS; it may block, so it belongs
    to whoever runs commands.
    """

    jail: str
    id: str
    time: float
    bantime: int
    ip: str = ""
    bancount: int = 1
    failures: int = 0
    matches: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_restored: bool = False
    look_up: Callable[[str], str] = _unknown

    @property
    def address(self) -> str:
        """What `<ip>` says: the address if there is one besides the id, else the id."""
        return self.ip or self.id

    @property
    def family(self) -> str:
        """`inet4` or `inet6`; "" for an id that is no address."""
        return family_of(self.address)


def empty_ticket(jail: str, now: float, bantime: int, look_up: Callable[[str], str] = _unknown) -> Ticket:
    """The ticket of commands that concern nobody: empty id and fields, the jail's real name, bantime and counters."""
    return Ticket(jail, "", now, bantime, bancount=0, look_up=look_up)


def ticket_of(ban: Ban, look_up: Callable[[str], str] = _unknown) -> Ticket:
    """The ticket of a ban in the ledger; the address of an id that is none is the field `ip`, if there is one."""
    bantime = -1 if ban.until is None else round(ban.until - ban.since)
    ip = ban.fields.get("ip", "")
    return Ticket(
        jail=ban.jail,
        id=ban.id,
        time=ban.since,
        bantime=bantime,
        ip=ip if ip != ban.id and not family_of(ban.id) and family_of(ip) else "",
        bancount=ban.count,
        failures=ban.failures,
        matches=ban.matches,
        fields=ban.fields,
        is_restored=ban.origin is BanOrigin.RESTORED,
        look_up=look_up,
    )


def is_field(tag: str) -> bool:
    """Tells whether a tag names one captured field (`F-USER`), which is empty where the ticket lacks it."""
    return _FIELD.fullmatch(tag) is not None


def is_ticket_tag(tag: str) -> bool:
    """Tells whether a tag is replaced for each ticket; any other `<text>` of a command stays as it is."""
    return tag in _TABLE or tag in LATE_TAGS or is_field(tag)


def value_of(tag: str, ticket: Ticket, family: str) -> str:
    """The text of a ticket tag; `family` is the one the command is run for."""
    if (known := _TABLE.get(tag)) is not None:
        return known(ticket, family)
    if tag in LATE_TAGS:
        return ticket.look_up(tag)
    return _field_value(tag, ticket)


def _field_value(tag: str, ticket: Ticket) -> str:
    name = tag.removeprefix("F-").lower()
    own = ticket.fields.get(_FIELD_NAMES.get(name, name))
    return str(_all_fields(ticket).get(name, "")) if own is None else own


def _all_fields(ticket: Ticket) -> dict[str, object]:
    """The ticket's data in the order and form in which fail2ban prints them."""
    return {"matches": list(ticket.matches), "failures": ticket.failures, **ticket.fields}


def _family(ticket: Ticket, family: str) -> str:
    """The family's name; a banned id without one says None, a command that concerns nobody says nothing."""
    return family or ("None" if ticket.id else "")


def _reversed(ticket: Ticket) -> str:
    """The labels of a reverse lookup, each with its dot, without the zone: `1.2.0.192.`, 32 nibbles for IPv6.

    Of a network, those of its first address.
    """
    try:
        address = ipaddress.ip_address(ticket.address.partition("/")[0])
    except ValueError:
        return ""
    labels = address.exploded.replace(":", "") if address.version == 6 else address.exploded.split(".")
    return "".join(f"{label}." for label in reversed(labels))


def _raw(ticket: Ticket) -> str:
    return (
        f"BanTicket: ip={ticket.id} time={ticket.time} bantime={ticket.bantime} bancount={ticket.bancount}"
        f" #attempts={ticket.failures} matches={list(ticket.matches)!r}"
    )


_TABLE: Mapping[str, Callable[[Ticket, str], str]] = MappingProxyType({
    "ip": lambda ticket, _: ticket.address,
    "fid": lambda ticket, _: ticket.id,
    "family": _family,
    "ip-rev": lambda ticket, _: _reversed(ticket),
    "failures": lambda ticket, _: str(ticket.failures),
    "time": lambda ticket, _: str(ticket.time),
    "bantime": lambda ticket, _: str(ticket.bantime),
    "bancount": lambda ticket, _: str(ticket.bancount),
    "matches": lambda ticket, _: "\n".join(ticket.matches),
    "restored": lambda ticket, _: "1" if ticket.is_restored else "0",
    "F-*": lambda ticket, _: str(_all_fields(ticket)),
    "jail.name": lambda ticket, _: ticket.jail,
    "raw-ticket": lambda ticket, _: _raw(ticket),
})  # fmt: skip
"""Every tag that the ticket itself answers."""
