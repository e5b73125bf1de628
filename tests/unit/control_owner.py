"""A small owner of a real ControlServer, in a thread: answers from canned results that have the schema's shape."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from stockade.control.schema import BanRow, BansResult, JailRow, StatusResult, WhyResult
from stockade.control.server import ControlServer, Request
from stockade.errors import StockadeError
from stockade.model.clock import Monotonic

Answer = Callable[[Request], Mapping[str, object] | StockadeError]


class Owner:
    """Runs the server's loop until the block ends; `requests` is what came in."""

    def __init__(self, path: Path, answer: Answer, *, owner_uid: int | None = None) -> None:
        self.path = path
        self.requests: list[Request] = []
        self._answer = answer
        self._server = ControlServer(path, owner_uid=owner_uid, mode=0o666)
        self._wake, self._ring = os.pipe()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._ring, b"x")
        self._thread.join()
        os.close(self._ring)
        os.close(self._wake)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            self._server.register(selector)
            selector.register(self._wake, selectors.EVENT_READ)
            while True:
                for key, mask in selector.select():
                    if key.fd == self._wake:
                        self._server.close()
                        return
                    for request in self._server.handle(key, mask, Monotonic(0.0)):
                        self.requests.append(request)
                        self._server.reply(request.client, self._answer(request))


NOW = 1_767_573_101.0
"""2026-01-05 00:31:41 UTC, when all canned results were made."""


def jail_row(name: str = "sshd") -> JailRow:
    """A jail in good health."""
    return JailRow(
        name=name,
        state="running",
        detail="",
        sources=[
            {
                "source": "file:/var/log/auth.log",
                "state": "reading",
                "detail": "",
                "position": 18_874_368,
                "unread": 0,
                "rate": None,
                "eta_seconds": None,
                "clock_offset_seconds": 0.4,
            }
        ],
        failures_counted=12_044,
        windows=12,
        bans_active=23,
        bans_total=187,
        bans_verified=23,
        packets_dropped=10_482,
        bytes_dropped=628_920,
        maxretry=5,
        findtime=600.0,
        bantime=86_400.0,
        funnel={
            "read": 402_117,
            "candidate": 31_020,
            "dated": 31_020,
            "matched": 24_310,
            "address": 12_044,
            "not ignored": 12_001,
            "counted": 1_411,
            "banned": 187,
            "verified": 187,
        },
    )


def status_result(*jails: JailRow) -> StatusResult:
    """A protected machine."""
    return StatusResult(
        protected=True,
        verdict="protected: 1 jail watching, 23 addresses blocked (23 verified)",
        uptime_seconds=187_320.0,
        version="0.1.0",
        jails=list(jails or (jail_row(),)),
        odd_lines={},
        problems=[],
        enforcer={"state": "running", "backend": "nftables", "detail": "table inet stockade"},
        rights={"daemon": "uid 998, no capabilities", "enforcer": "CAP_NET_ADMIN"},
        alarms=[],
        alarms_raised={"source-silent": 0, "filter-blind": 1},
    )


def degraded_result() -> StatusResult:
    """A machine whose jail waits for its log, whose firewall fails and which met hostile lines."""
    waiting = jail_row("nginx-http-auth")
    waiting.update(
        state="waiting",
        detail="no log file yet → it is picked up when it appears",
        sources=[
            {
                "source": "file:/var/log/nginx/error.log",
                "state": "waiting",
                "detail": "does not exist",
                "position": 0,
                "unread": None,
                "rate": None,
                "eta_seconds": None,
                "clock_offset_seconds": None,
            }
        ],
        failures_counted=0,
        windows=0,
        bans_active=0,
        bans_total=0,
        bans_verified=0,
        packets_dropped=0,
        bytes_dropped=0,
        funnel=dict.fromkeys(waiting["funnel"], 0),
    )
    unverified = jail_row()
    unverified.update(state="degraded", detail="3 bans are not in the kernel → see problems", bans_verified=20)
    unverified["sources"][0].update(unread=2_147_483_648, rate=94_371_840.0, eta_seconds=22.8)
    unverified["sources"][0]["clock_offset_seconds"] = -3_600.0
    result = status_result(unverified, waiting)
    result.update(
        protected=False,
        verdict="NOT protected: 3 of 23 bans are not in the kernel → nft list table inet stockade",
        alarms=[
            {
                "code": "filter-blind",
                "subject": "file:/var/log/auth.log sshd-session",
                "text": "/var/log/auth.log: no filter recognises lines of sshd-session",
                "remedy": "correct the filter",
                "since": NOW - 3_600,
            }
        ],
        odd_lines={"match-limit": 4, "too-long": 1},
        problems=["the firewall refused 3 blocks: No space left on device → raise net.core.optmem_max"],
        enforcer={"state": "failed", "backend": "nftables", "detail": "set full"},
    )
    return result


def ban_row(identifier: str = "192.0.2.7", **changes: object) -> BanRow:
    """A verified ban of one day."""
    row = BanRow(
        jail="sshd",
        id=identifier,
        since=NOW - 3_600,
        until=NOW + 82_800,
        remaining_seconds=82_800.0,
        count=1,
        failures=5,
        origin="filter",
        state="verified",
        reason="",
    )
    row.update(changes)  # type: ignore[typeddict-item]
    return row


def bans_result() -> BansResult:
    """Four bans, each of another kind."""
    return BansResult(
        bans=[
            ban_row("203.0.113.99", remaining_seconds=42.0, until=NOW + 42, count=3),
            ban_row("2001:db8:77::/64", failures=17),
            ban_row("198.51.100.0/24", origin="manual", failures=0, until=None, remaining_seconds=None, reason="scan"),
            ban_row("192.0.2.7", state="failed"),
        ]
    )


def why_result() -> WhyResult:
    """A banned address with a hostile log line as evidence."""
    return WhyResult(
        id="192.0.2.7",
        verdict="banned",
        explanation="192.0.2.7 is banned by sshd until tomorrow: 5 failures within 10 minutes.",
        steps=[
            {"step": "seen in a log", "outcome": "yes", "detail": "12 failures in sshd"},
            {"step": "not ignored", "outcome": "yes", "detail": "no ignoreip entry covers it"},
            {"step": "reached maxretry", "outcome": "yes", "detail": "5 of 5 within 10 m"},
            {"step": "in the kernel", "outcome": "unknown", "detail": "not yet read back"},
        ],
        bans=[
            {
                **ban_row(),
                "matches": [
                    "Jan  5 00:31:12 host sshd[411]: Failed password for root from 192.0.2.7 port 4022 ssh2",
                    "Jan  5 00:31:13 host sshd[411]: Failed password for \x1b[2J[red]evil\u202e from 192.0.2.7",
                ],
                "fields": {"user": "root"},
                "last_fields": {"user": "\x1b[2J[red]evil\u202e"},
            }
        ],
        windows=[
            {
                "jail": "nginx",
                "count": 2,
                "maxretry": 5,
                "findtime": 600.0,
                "times": [NOW - 60, NOW - 5],
                "matches": ["GET /.env"],
            }
        ],
        ignored_by=None,
    )
