"""The names of services in the journal: sshd's many, and those that look like what an operator wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

import stockade
from stockade.config.journalmatch import parse_journalmatch
from stockade.sources.journal_names import SSHD, Groups, similar, widened


def test_the_shipped_filter_asks_for_sshd_by_every_name() -> None:
    """What the shipped jail reads is exactly what an older match is widened to, so it needs no widening itself."""

    text = (Path(stockade.__file__).parent / "data/filter.d/sshd.conf").read_text()
    lines = text.partition("journalmatch =")[2].partition("\n\n")[0]
    assert parse_journalmatch(lines) == SSHD
    assert widened(SSHD) == SSHD


@pytest.mark.parametrize(
    "groups",
    [
        (),
        (("_SYSTEMD_UNIT=nginx.service",),),
        (("_UID=0",),),
        (("_SYSTEMD_UNIT=sshd.service", "_HOSTNAME=web1"),),
        (("_SYSTEMD_UNIT=sshd.service",), ("_COMM=sshd", "_TRANSPORT=syslog")),
        (("_SYSTEMD_UNIT=sshd-internal.service",),),
    ],
)
def test_what_is_not_plainly_sshd_is_taken_by_the_letter(groups: Groups) -> None:
    """Other services, and sshd with a restriction of the operator's own, are read as written."""
    assert widened(groups) == groups


@pytest.mark.parametrize(
    "group", [("_SYSTEMD_UNIT=sshd.service",), ("_COMM=sshd", "_UID=0"), ("_SYSTEMD_UNIT=sshd@1.service",)]
)
def test_one_name_of_sshd_stands_for_all(group: tuple[str, ...]) -> None:
    """What was asked for is still read, every other name as well, and groups of other services stay."""
    assert widened((group, ("_COMM=web",))) == (group, ("_COMM=web",), *SSHD)


@pytest.mark.parametrize(
    ("match", "values", "found"),
    [
        ("_SYSTEMD_UNIT=sshd.service", ["ssh.service", "cron.service"], ["ssh.service"]),
        ("_SYSTEMD_UNIT=dovecot.service", ["dovecot2.service"], ["dovecot2.service"]),
        ("_COMM=sshd", ["sshd-session", "bash"], ["sshd-session"]),
        ("_SYSTEMD_UNIT=sshd.service", ["sshd@4.service"], ["sshd@4.service"]),
        ("_EXE=/usr/sbin/sshd", ["/usr/local/sbin/sshd"], ["/usr/local/sbin/sshd"]),
        ("_SYSTEMD_UNIT=nginx.service", ["cron.service", ""], []),
        ("_COMM=a", ["a-b"], []),
        ("_COMM=web1", ["web2", "web3", "web4", "web5"], ["web5", "web4", "web3"]),
    ],
)
def test_names_that_look_alike(match: str, values: list[str], found: list[str]) -> None:
    """Kind and instance of a unit and the directory of a program do not count; three are named at most."""
    assert similar(match, values) == found


def test_hostile_names_are_not_shown() -> None:
    """Anybody may write an identifier into the journal: what is long or unsafe to show is no suggestion."""
    assert similar("SYSLOG_IDENTIFIER=web", ["web\x1b[2J", "we\nb", "web-" + "x" * 100]) == []
