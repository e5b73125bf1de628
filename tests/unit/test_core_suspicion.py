"""Which lines look like failed log-ins."""

from __future__ import annotations

import time

import pytest

from stockade.core.suspicion import MAX_LINE, looks_like_failure, program_of, suspicious_lines

SUSPICIOUS = (
    b"Jan  5 01:31:41 srv sshd-session[7]: Failed password for invalid user admin from 192.0.2.1 port 22 ssh2",
    b"2026-01-05T01:31:41Z imapd: LOGIN FAILED, user=bob, ip=[2001:db8::7]",
    b"dovecot: auth: passwd-file(bob,198.51.100.4): unknown user",
    b'{"level":2,"remoteAddr":"203.0.113.9","message":"Login failed: bob"}',
    b"vsftpd: FAIL LOGIN: Client 192.0.2.8, bad password",
    b"app: authentication failure; rhost=2001:db8:0:0:0:0:0:1",
)

ORDINARY = (
    b"Jan  5 01:31:41 srv CRON[9]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
    b"Jan  5 01:31:41 srv sshd[9]: Accepted publickey for bob from 192.0.2.1 port 22 ssh2",
    b"connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.1",
    b'192.0.2.1 - - [05/Jan/2026:01:31:41 +0000] "GET /login-failed?user=x HTTP/1.1" 200 7 "-" "auth denied"',
    b"Jan  5 01:31:41 srv kernel: eth0: link becomes ready",
    b"postfix/smtpd[1]: disconnect from unknown[192.0.2.1] ehlo=1 quit=1 commands=2",
    b"sudo: pam_unix(sudo:auth): authentication failure; logname= uid=1000 user=bob",
    b"named: client 192.0.2.4: query failed (SERVFAIL) for example.org/IN/A",
)


@pytest.mark.parametrize("line", SUSPICIOUS)
def test_failed_log_ins_look_so(line: bytes) -> None:
    """A word of failure near a word of logging in, and an address on the line."""
    assert looks_like_failure(line)


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_lines_do_not(line: bytes) -> None:
    """Other failures, other addresses, and what a visitor of a web site writes between quotes are not suspicious."""
    assert not looks_like_failure(line)


def test_lines_are_found_in_a_piece_of_a_log() -> None:
    """Whole lines only, at most as many as are wanted, and not the unfinished last one."""
    data = b"\n".join((*ORDINARY, *SUSPICIOUS, b"Failed password for x from 192.0.2.77"))
    assert tuple(suspicious_lines(data, 100)) == SUSPICIOUS
    assert tuple(suspicious_lines(data, 2)) == SUSPICIOUS[:2]
    assert list(suspicious_lines(b"", 5)) == []


def test_programs() -> None:
    """The word before the number in brackets, or before the colon; a line without one names nobody."""
    assert program_of(SUSPICIOUS[0]) == "sshd-session"
    assert program_of(SUSPICIOUS[1]) == "imapd"
    assert program_of(b"Jan  5 01:31:41 srv postfix/smtpd[1]: x") == "postfix/smtpd"
    assert program_of(b"192.0.2.1 - - x") == ""
    assert program_of(b"\xff\xfe: x") == ""


@pytest.mark.parametrize("unit", [b"fail", b"auth ", b"a:", b"1.", b'"', b"::", b"\x00"])
def test_hostile_lines_cost_little(unit: bytes) -> None:
    """16 KiB of anything an attacker may write are searched in a few milliseconds."""
    data = (unit * 16_384)[:16_384]
    started = time.process_time()
    list(suspicious_lines(data + b"\n", 40))
    looks_like_failure(data[:MAX_LINE] + b" 192.0.2.1")
    assert time.process_time() - started < 0.05
