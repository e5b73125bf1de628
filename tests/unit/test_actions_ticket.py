"""Ticket tags: what each says, and that nothing is fetched that a command does not mention."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.actions import LATE_TAGS, Ticket, empty_ticket, ticket_of
from stockade.actions.ticket import value_of
from stockade.model.ban import Ban, BanOrigin
from stockade.model.clock import Wall
from tests.actions_help import one_action, parts

TICKET = Ticket(
    "web",
    "192.0.2.1",
    1_700_000_000.5,
    600,
    bancount=2,
    failures=5,
    matches=("one", "two"),
    fields={"user": "alice", "fid": "raw id", "fport": "22", "a-b": "dash", "1": "digit"},
    is_restored=True,
    look_up=lambda tag: f"late {tag}",
)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("ip", "192.0.2.1"),
        ("fid", "192.0.2.1"),
        ("family", "inet4"),
        ("ip-rev", "1.2.0.192."),
        ("failures", "5"),
        ("time", "1700000000.5"),
        ("bantime", "600"),
        ("bancount", "2"),
        ("matches", "one\ntwo"),
        ("restored", "1"),
        ("jail.name", "web"),
        ("F-USER", "alice"),
        ("F-ID", "raw id"),
        ("F-PORT", "22"),
        ("F-A-B", "dash"),
        ("F-1", "digit"),
        ("F-NONE", ""),
        ("F-MATCHES", "['one', 'two']"),
        ("F-FAILURES", "5"),
        (
            "F-*",
            "{'matches': ['one', 'two'], 'failures': 5, 'user': 'alice', 'fid': 'raw id', 'fport': '22',"
            " 'a-b': 'dash', '1': 'digit'}",
        ),
        (
            "raw-ticket",
            "BanTicket: ip=192.0.2.1 time=1700000000.5 bantime=600 bancount=2 #attempts=5 matches=['one', 'two']",
        ),
        *((tag, f"late {tag}") for tag in sorted(LATE_TAGS)),
    ],
)
def test_every_tag_of_a_ticket(tag: str, value: str) -> None:
    """The table of tags, value by value."""
    assert value_of(tag, TICKET, TICKET.family) == value


@pytest.mark.parametrize(
    ("id", "ip", "shown", "family", "reversed_labels"),
    [
        ("2001:db8::1", "", "2001:db8::1", "inet6", "1." + "0." * 23 + "8.b.d.0.1.0.0.2."),
        ("alice", "192.0.2.1", "192.0.2.1", "inet4", "1.2.0.192."),
        ("alice", "", "alice", "None", ""),
        ("192.0.2.0/24", "", "192.0.2.0/24", "inet4", "0.2.0.192."),
    ],
)
def test_ids_and_addresses(id: str, ip: str, shown: str, family: str, reversed_labels: str) -> None:  # noqa: A002
    """`<ip>` is the address where there is one besides the id; `<fid>` is always the id."""
    ticket = Ticket("web", id, 1.0, 60, ip=ip)
    found = [value_of(tag, ticket, ticket.family) for tag in ("ip", "fid", "family", "ip-rev")]
    assert found == [shown, id, family, reversed_labels]


def test_a_time_without_a_fraction_stays_as_it_was_given() -> None:
    """A log with zones gives whole seconds, and those are printed without a point."""
    assert value_of("time", Ticket("web", "192.0.2.1", 1_700_000_000, 60), "inet4") == "1700000000"


def test_the_ticket_that_concerns_nobody() -> None:
    """Start and stop see no id and no fields, but the jail, its ban time and the family they are run for."""
    ticket = empty_ticket("web", 5.0, 600)
    tags = ("ip", "fid", "F-USER", "matches", "ip-host", "family", "jail.name", "bantime", "time", "bancount")
    assert [value_of(tag, ticket, "inet6") for tag in tags] == [
        *("", "", "", "", "None", "inet6", "web", "600", "5.0", "0")
    ]
    assert value_of("family", ticket, "") == ""


def test_nothing_is_fetched_that_is_not_mentioned(tmp_path: Path) -> None:
    """A lookup may cost seconds: each late tag is asked once, if the command has it, and else never."""
    asked: list[str] = []

    def look_up(tag: str) -> str:
        asked.append(tag)
        return "h"

    action = one_action(tmp_path, '[Definition]\nactionban = "<ip-host>" "<ip-host>" <ip>\nactionunban = <ip>\n')
    ticket = Ticket("web", "192.0.2.1", 1.0, 60, look_up=look_up)
    assert parts(action.script("actionunban", "inet4", ticket)) == ["192.0.2.1"]
    assert asked == []
    assert parts(action.script("actionban", "inet4", ticket)) == ['"h" "h" 192.0.2.1']
    assert asked == ["ip-host"]


def test_a_ticket_of_a_ban() -> None:
    """Length, origin and data come from the ledger's ban; a free id keeps its address besides it."""
    ban = Ban("web", "alice", Wall(100.0), Wall(700.4), 3, 4, BanOrigin.RESTORED, "", {"ip": "192.0.2.1"}, ("m",))
    ticket = ticket_of(ban)
    assert (ticket.id, ticket.ip, ticket.bantime, ticket.bancount, ticket.failures) == ("alice", "192.0.2.1", 600, 3, 4)
    assert (ticket.is_restored, ticket.family, ticket.matches) == (True, "inet4", ("m",))
    for_ever = ticket_of(Ban("web", "192.0.2.1", Wall(100.0), None, fields={"ip": "192.0.2.1"}))
    assert (for_ever.bantime, for_ever.ip, for_ever.is_restored) == (-1, "", False)
