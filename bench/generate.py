#!/usr/bin/env python3
"""Deterministic corpora for the benchmarks: `attack`, `quiet` and `nginx`.

Owns what the benchmark's logs look like. In: a kind, a number of lines, a seed. Out: the same bytes for the same
arguments on every machine (integer methods of `random.Random` only). Addresses are reserved ones: 198.18.0.0/15
(RFC 2544), 100.64.0.0/10 for more than 131,072 hosts, 2001:db8::/32, 192.0.2.0/24, 203.0.113.0/24. Must not read a
clock: stamps are spread evenly over six hours that end at a fixed time.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

END = 1795302000
"""2026-11-21 23:00:00 UTC, the time of the last line."""
SPAN = 21600
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ADMIN = "203.0.113.7"
HOSTNAME = "srv1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to generate. `hosts` is the number of attacking addresses, `v6` the percentage of them that are IPv6."""

    lines: int = 1_000_000
    seed: int = 1
    hosts: int = 5000
    v6: int = 0
    stamp: str = "bsd"


def address(index: int, seed: int, v6: int) -> str:
    """Gives the pool's address of that index; different indexes of one family give different addresses."""
    if v6 and (index * 2654435761 >> 7) % 100 < v6:
        j = (index * 40503 + seed) & 0xFFFFFFFF
        return f"2001:db8:{j >> 16:x}:{j & 0xFFFF:x}::{(j * 7919 & 0xFFFF) or 1:x}"
    if index < 1 << 17:
        j = (index * 48271 + seed * 101) % (1 << 17)
        return f"198.{18 + (j >> 16)}.{j >> 8 & 255}.{j & 255}"
    j = ((index - (1 << 17)) * 48271 + seed * 101) % (1 << 22)
    return f"100.{64 + (j >> 16)}.{j >> 8 & 255}.{j & 255}"


def stamps(plan: Plan) -> Iterator[str]:
    """Yields one time stamp a line: `bsd` (Nov 21 17:00:00), `iso` (with microseconds) or `clf`."""
    last, text = None, ""
    for i in range(plan.lines):
        microseconds = (END - SPAN) * 1_000_000 + SPAN * 1_000_000 * i // plan.lines
        second = microseconds // 1_000_000
        if second != last:
            last, text = second, _stamp(second, plan.stamp)
        yield f"{text}.{microseconds % 1_000_000:06d}+00:00" if plan.stamp == "iso" else text


def _stamp(second: int, style: str) -> str:
    t = time.gmtime(second)
    clock = f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    month = MONTHS[t.tm_mon - 1]
    if style == "bsd":
        return f"{month} {t.tm_mday:2d} {clock}"
    if style == "clf":
        return f"{t.tm_mday:02d}/{month}/{t.tm_year}:{clock} +0000"
    return f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d}T{clock}"


USERS = (
    *("admin", "test", "user", "oracle", "ubuntu", "postgres", "git", "ftpuser", "guest", "pi", "support", "mysql"),
    *("nagios", "hadoop", "deploy", "jenkins", "minecraft", "ansible", "vagrant", "www", "dev", "es", "tomcat"),
    *("zabbix", "operator"),
)
PAM = "authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost="
OFFER = "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1"
KEY = "ED25519 SHA256:k3yBqQZb8sYwWf1cZr2m7S1vX0Yt9oHn4uLdE5aGq2c"


def ssh_session(rng: random.Random, ip: str) -> Iterator[str]:
    """Yields the messages of one SSH connection in order, without prefix; 2 % are an administrator's login."""
    port = rng.randrange(1024, 65536)
    kind = rng.randrange(100)
    at = f"{ip} port {port}"
    if kind < 45:
        yield from _unknown_user(rng, ip, port)
    elif kind < 75:
        yield from _root(rng, ip, port)
    elif kind < 82:
        yield f"Connection closed by authenticating user root {at} [preauth]"
    elif kind < 86:
        yield f"Connection closed by {at} [preauth]"
    elif kind < 88:
        yield f"Connection reset by {at} [preauth]"
    elif kind < 91:
        yield "error: kex_exchange_identification: Connection closed by remote host"
        yield f"Connection closed by {at}"
    elif kind < 93:
        yield f"banner exchange: Connection from {at}: invalid format"
    elif kind < 95:
        yield f"Unable to negotiate with {at}: no matching key exchange method found. Their offer: {OFFER} [preauth]"
    elif kind < 96:
        user = rng.choice(USERS)
        yield f"User {user} from {ip} not allowed because not listed in AllowUsers"
        yield f"Failed password for invalid user {user} from {at} ssh2"
        yield f"Connection closed by invalid user {user} {at} [preauth]"
    elif kind < 97:
        yield f"Did not receive identification string from {at}"
    elif kind < 98:
        yield f"fatal: Timeout before authentication for {at}"
    else:
        yield from _administrator(port)


def _unknown_user(rng: random.Random, ip: str, port: int) -> Iterator[str]:
    user = rng.choice(USERS)
    yield f"Invalid user {user} from {ip} port {port}"
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        yield "pam_unix(sshd:auth): check pass; user unknown"
        yield f"pam_unix(sshd:auth): {PAM}{ip} "
        yield f"Failed password for invalid user {user} from {ip} port {port} ssh2"
    yield f"Received disconnect from {ip} port {port}:11: Bye Bye [preauth]"
    yield f"Disconnected from invalid user {user} {ip} port {port} [preauth]"


def _root(rng: random.Random, ip: str, port: int) -> Iterator[str]:
    yield f"pam_unix(sshd:auth): {PAM}{ip}  user=root"
    tries = rng.choice((1, 1, 1, 2, 3, 6))
    for _ in range(tries):
        yield f"Failed password for root from {ip} port {port} ssh2"
    if tries < 6:
        yield f"Received disconnect from {ip} port {port}:11: Bye Bye [preauth]"
        yield f"Disconnected from authenticating user root {ip} port {port} [preauth]"
        return
    yield f"error: maximum authentication attempts exceeded for root from {ip} port {port} ssh2 [preauth]"
    yield f"Disconnecting authenticating user root {ip} port {port}: Too many authentication failures [preauth]"
    yield f"PAM 5 more authentication failures; {PAM.partition('; ')[2]}{ip}  user=root"
    yield "PAM service(sshd) ignoring max retries; 6 > 3"


def _administrator(port: int) -> Iterator[str]:
    yield f"Accepted publickey for deploy from {ADMIN} port {port} ssh2: {KEY}"
    yield "pam_unix(sshd:session): session opened for user deploy(uid=1000) by (uid=0)"
    yield f"Received disconnect from {ADMIN} port {port}:11: disconnected by user"
    yield f"Disconnected from user deploy {ADMIN} port {port}"
    yield "pam_unix(sshd:session): session closed for user deploy"


def attack(plan: Plan) -> Iterator[str]:
    """An auth.log under attack: sshd only, many hosts, eight interleaved connections at any time."""
    rng, clock = random.Random(plan.seed), stamps(plan)
    pool = [address(i, plan.seed, plan.v6) for i in range(plan.hosts)]
    live: list[tuple[int, Iterator[str]]] = []
    pid = 1000
    while True:
        while len(live) < 8:
            pid = 1000 + (pid - 999) % 4_000_000
            live.append((pid, ssh_session(rng, rng.choice(pool))))
        slot = rng.randrange(8)
        message = next(live[slot][1], None)
        if message is None:
            live.pop(slot)
            continue
        stamp = next(clock, None)
        if stamp is None:
            return
        yield f"{stamp} {HOSTNAME} sshd[{live[slot][0]}]: {message}"


ADMINS = ("alice", "bob", "carol", "deploy")


def housekeeping(rng: random.Random, pid: int) -> Iterator[str]:
    """Yields the lines of one everyday event: a cron job, a sudo command, a login session, a su."""
    kind = rng.randrange(100)
    if kind < 62:
        user = rng.choice(("root", "root", "root", "www-data", "munin"))
        uid = 0 if user == "root" else 33
        yield f"CRON[{pid}]: pam_unix(cron:session): session opened for user {user}(uid={uid}) by (uid=0)"
        yield f"CRON[{pid}]: pam_unix(cron:session): session closed for user {user}"
    elif kind < 82:
        user = rng.choice(ADMINS)
        yield (
            f"sudo:    {user} : TTY=pts/{rng.randrange(9)} ; PWD=/home/{user} ; USER=root ; "
            f"COMMAND=/usr/bin/systemctl status unit{rng.randrange(400)}.service"
        )
        uid = 1000 + ADMINS.index(user)
        yield f"sudo: pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid={uid})"
        yield "sudo: pam_unix(sudo:session): session closed for user root"
    elif kind < 96:
        user, number = rng.choice(ADMINS), rng.randrange(1, 100000)
        uid = 1000 + ADMINS.index(user)
        yield f"systemd-logind[612]: New session {number} of user {user}."
        yield f"systemd: pam_unix(systemd-user:session): session opened for user {user}(uid={uid}) by (uid=0)"
        yield f"systemd-logind[612]: Session {number} logged out. Waiting for processes to exit."
        yield f"systemd-logind[612]: Removed session {number}."
    else:
        yield f"su[{pid}]: (to postgres) root on none"
        yield f"su[{pid}]: pam_unix(su-l:session): session opened for user postgres(uid=112) by (uid=0)"
        yield f"su[{pid}]: pam_unix(su-l:session): session closed for user postgres"


def quiet(plan: Plan) -> Iterator[str]:
    """An auth.log of a quiet server: 95 % cron, systemd-logind, sudo and su, 5 % sshd."""
    rng = random.Random(plan.seed)
    pool = [address(i, plan.seed, plan.v6) for i in range(plan.hosts)]
    pid = 5000
    good: Iterator[str] = iter(())
    bad: Iterator[str] = iter(())
    bad_pid = pid
    for stamp in stamps(plan):
        is_ssh = rng.randrange(100) < 5
        message = next(bad if is_ssh else good, None)
        while message is None:
            pid = 1000 + (pid - 999) % 4_000_000
            if is_ssh:
                bad_pid, bad = pid, ssh_session(rng, rng.choice(pool))
                message = next(bad, None)
            else:
                good = housekeeping(rng, pid)
                message = next(good, None)
        yield f"{stamp} {HOSTNAME} sshd[{bad_pid}]: {message}" if is_ssh else f"{stamp} {HOSTNAME} {message}"


AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
)
PROBES = (
    "/wp-login.php",
    "/xmlrpc.php",
    "/.env",
    "/.git/config",
    "/phpmyadmin/index.php",
    "/phpMyAdmin/scripts/setup.php",
    "/cgi-bin/luci",
    "/boaform/admin/formLogin",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/wp-content/plugins/wp-file-manager/readme.txt",
    "/administrator/index.php",
    "/solr/admin/info/system?wt=json",
    "/index.php?page=http://192.0.2.9/shell.txt",
)
ROBOTS = (*("Mozilla/5.0 zgrab/0.x",) * 7, "Mozilla/5.0 Jorgee")
PATHS = ("/", "/static/app.{:05d}.js", "/img/{:05d}.webp", "/article/{:05d}", "/api/v1/items/{:05d}?page=2")
STATUSES = (200, 200, 200, 200, 304, 301, 404)


def nginx(plan: Plan) -> Iterator[str]:
    """An nginx access log in the combined format with 2 % of probes and refused logins."""
    rng = random.Random(plan.seed)
    pool = [address(i, plan.seed, plan.v6) for i in range(plan.hosts)]
    clients = [f"203.0.113.{i}" for i in range(1, 255)] + [f"192.0.2.{i}" for i in range(1, 255)]
    for stamp in stamps(plan):
        if rng.randrange(1000) < 20:
            yield _probe(rng, rng.choice(pool), stamp)
            continue
        n = rng.randrange(100000)
        path = PATHS[n % 5].format(n)
        status = STATUSES[n % 7 if n % 11 == 0 else 0]
        version = "2.0" if n & 1 else "1.1"
        yield (
            f'{clients[n % 508]} - - [{stamp}] "GET {path} HTTP/{version}" {status} {200 + n % 60000} '
            f'"https://www.example.org/" "{AGENTS[n % 4]}"'
        )


def _probe(rng: random.Random, ip: str, stamp: str) -> str:
    kind = rng.randrange(10)
    if kind < 6:
        return f'{ip} - - [{stamp}] "GET {rng.choice(PROBES)} HTTP/1.1" 404 153 "-" "{rng.choice(ROBOTS)}"'
    if kind < 8:
        return f'{ip} - admin [{stamp}] "GET /admin/ HTTP/1.1" 401 179 "-" "curl/7.88.1"'
    if kind < 9:
        return f'{ip} - - [{stamp}] "POST /login HTTP/1.1" 403 548 "https://www.example.org/login" "{AGENTS[2]}"'
    return f'{ip} - - [{stamp}] "\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xFC\\x03\\x03" 400 157 "-" "-"'


KINDS: dict[str, tuple[Callable[[Plan], Iterator[str]], str]] = {
    "attack": (attack, "bsd"),
    "quiet": (quiet, "bsd"),
    "nginx": (nginx, "clf"),
}
"""Every corpus with the style of its stamps."""


def write(kind: str, plan: Plan, out: BinaryIO) -> str:
    """Writes a corpus and returns the SHA-256 of its bytes in hexadecimal."""
    digest = hashlib.sha256()
    lines = KINDS[kind][0](plan)
    while block := list(islice(lines, 4096)):
        data = ("\n".join(block) + "\n").encode()
        digest.update(data)
        out.write(data)
    return digest.hexdigest()


def main() -> None:
    """Writes one corpus to standard output or to a file."""
    parser = argparse.ArgumentParser(description="Writes a deterministic benchmark log.")
    usual = Plan()
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--lines", type=int, default=usual.lines)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--hosts", type=int, default=usual.hosts, help="how many addresses attack")
    parser.add_argument("--v6", type=int, default=usual.v6, help="percentage of them that are IPv6")
    parser.add_argument("--stamp", choices=("bsd", "iso", "clf"), help="style of the time stamps")
    parser.add_argument("--output", type=Path, help="file to write (default: standard output)")
    a = parser.parse_args()
    plan = Plan(a.lines, a.seed, a.hosts, a.v6, a.stamp or KINDS[a.kind][1])
    if a.output is None:
        write(a.kind, plan, sys.stdout.buffer)
        return
    with a.output.open("wb") as out:
        print(write(a.kind, plan, out))


if __name__ == "__main__":
    main()
