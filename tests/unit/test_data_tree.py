"""The shipped tree: loads without a problem, protects SSH with no file edited, and yields to the operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.config import SHIPPED, load
from stockade.model.settings import JailSettings

FAMILIES = sorted(path.stem.removeprefix("paths-") for path in SHIPPED.glob("paths-*.conf"))
LOGS = (
    *("apache_access", "apache_error", "auditd", "dovecot", "dropbear", "lighttpd_error", "mysql", "nginx_access"),
    *("nginx_error", "postfix", "proftpd", "pureftpd", "solidpop3d", "sshd", "vsftpd", "wuftpd", "exim_main"),
)
"""Users' files name log places by these words with _log …"""
BACKENDS = ("default", "dovecot", "dropbear", "mysql", "postfix", "proftpd", "pureftpd", "sshd", "syslog", "wuftpd")
"""… by these with _backend …"""
OTHERS = (
    *("roundcube_errors_log", "syslog_authpriv", "syslog_daemon", "syslog_ftp", "syslog_local0", "syslog_mail"),
    *("syslog_mail_warn", "syslog_user"),
)
"""… and by these."""


def jails(tmp_path: Path, local: str, *, has_files: bool = True, has_journal: bool = True) -> list[JailSettings]:
    """The enabled jails under an operator's jail.local; nothing may be wrong."""
    (tmp_path / "jail.local").write_text(local)
    loaded = load(overrides=[tmp_path], has_files=lambda pattern: has_files, has_journal=lambda: has_journal)
    assert not loaded.problems
    return list(loaded.settings.jails)


def test_ssh_is_protected_with_no_file_edited() -> None:
    """The default on a fresh machine: one jail, five failures in ten minutes, an hour, IPv6 by /64."""
    loaded = load(has_files=lambda pattern: True)
    assert not loaded.problems
    (jail,) = loaded.settings.jails
    assert (jail.name, jail.maxretry, jail.findtime, jail.ban.bantime) == ("sshd", 5, 600.0, 3600.0)
    assert (jail.prefix_v6, jail.filter.usedns, jail.is_ignoreself) == (64, "no", True)
    assert jail.ignoreip == ("127.0.0.0/8", "::1")
    assert [action.name for action in jail.actions] == ["nftables"]


def test_the_sshd_jail_reads_what_the_machine_has() -> None:
    """Files where there are any, else the journal, else the files that may appear."""
    (on_files,) = load(has_files=lambda pattern: True, has_journal=lambda: True).settings.jails
    (on_journal,) = load(has_files=lambda pattern: False, has_journal=lambda: True).settings.jails
    (waiting,) = load(has_files=lambda pattern: False, has_journal=lambda: False).settings.jails
    expected = ["/var/log/auth.log", "/var/log/secure", "/var/log/messages"]
    assert [path.pattern for path in on_files.logpaths] == expected
    assert on_journal.journal is not None
    assert [path.pattern for path in waiting.logpaths] == expected


def test_a_familiar_jail_local_works(tmp_path: Path) -> None:
    """The few lines that fail2ban's users write first mean the same here."""
    local = (
        "[DEFAULT]\nbantime = 1d\n\n[sshd]\nenabled = true\nport    = ssh\n"
        "logpath = %(sshd_log)s\nbackend = %(sshd_backend)s\n"
    )
    (jail,) = jails(tmp_path, local)
    assert (jail.ban.bantime, jail.port) == (86400.0, "ssh")


def test_the_operator_can_switch_sshd_off(tmp_path: Path) -> None:
    """A default that protects is still a default."""
    assert jails(tmp_path, "[sshd]\nenabled = false\n") == []


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "common"])
def test_a_distribution_can_be_named(tmp_path: Path, family: str) -> None:
    """`before = paths-debian.conf` and its sisters load over the common one."""
    assert jails(tmp_path, f"[INCLUDES]\nbefore = paths-{family}.conf\n")


def test_every_usual_path_name_is_there(tmp_path: Path) -> None:
    """A word of fail2ban's users that is missing would disable the jail that says it."""
    places = [f"{name}_log" for name in LOGS] + list(OTHERS)
    local = [f"[{place}]\nenabled = true\nfilter = sshd\nlogpath = %({place})s\n" for place in places]
    for name in BACKENDS:
        local.append(f"[{name}]\nenabled = true\nfilter = sshd\nlogpath = /x\nbackend = %({name}_backend)s\n")
    found = {jail.name for jail in jails(tmp_path, "\n".join(local))}
    assert {*places, *BACKENDS} <= found
