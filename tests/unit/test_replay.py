"""Replay: the daemon's scanner and core over finished logs, in the logs' own time."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest

from stockade.core.events import IgnoreFile, OwnAddresses
from stockade.replay.moments import Span
from stockade.replay.replay import Conditions, Replay
from tests.unit.replay_tree import START, bad, planned, refused, replayed, stamp, told, write_log, write_tree

A, B, FRIEND = "192.0.2.1", "192.0.2.2", "203.0.113.9"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A configuration of three jails: three failures within ten minutes are a ban of ten minutes."""
    write_tree(tmp_path)
    return tmp_path


def test_a_ban_begins_with_the_failure_that_reaches_maxretry(home: Path) -> None:
    """Time, end, evidence and fields are the log's; failures too far apart come to nothing."""
    lines = [refused(0, A, "eve"), refused(1, B), refused(5, A), refused(9, A), refused(900, B), refused(1900, B)]
    (ban,), summary = replayed(planned(home, write_log(home / "svc.log", lines)))
    assert told([ban]) == [("svc", A, 9)]
    assert ban.until == ban.since + 600
    assert (ban.failures, ban.count, ban.fields["user"]) == (3, 1, "eve")
    assert ban.matches == tuple(line.rstrip() for line in (lines[0], lines[2], lines[3]))
    assert (summary.first, summary.last) == (START, START + 1900)


def test_a_ban_ends_in_log_time(home: Path) -> None:
    """Failures while it stands count as after the ban; later ones lead to the next ban, which is the second."""
    lines = [refused(second, A) for second in (0, 1, 2, 3, 4, 601, 700, 701, 702, 703)]
    bans, summary = replayed(planned(home, write_log(home / "svc.log", lines)))
    assert told(bans) == [("svc", A, 2), ("svc", A, 702)]
    assert [ban.count for ban in bans] == [1, 2]
    (jail,) = summary.jails
    assert (jail.failures, jail.after_ban, jail.bans, jail.banned) == (10, 4, 2, 1)


def test_bans_grow_where_they_are_to(home: Path) -> None:
    """bantime.increment doubles as in the daemon: the same core decides."""
    lines = [refused(start + second, A) for start in (0, 700, 2000) for second in (0, 1, 2)]
    plan = planned(home, write_log(home / "svc.log", lines), options={"bantime.increment": "true"})
    bans, _ = replayed(plan)
    assert [ban.until - ban.since for ban in bans if ban.until] == [600, 1200, 2400]


def test_no_line_is_too_old_and_years_are_guessed_from_the_file(home: Path) -> None:
    """A log without years is read by the clock of its last change: last year's stays last year's."""
    lines = [refused(second, A) for second in (0, 1, 2)]
    (ban,), _ = replayed(planned(home, write_log(home / "svc.log", lines, START - 366 * 86_400 + 90_000)))
    assert ban.since - START == 2 - 365 * 86_400
    (recent,), _ = replayed(planned(home, write_log(home / "svc.log", lines)))
    assert recent.since - START == 2


def test_dates_after_the_last_change_keep_their_order(home: Path) -> None:
    """A log from another zone may seem to be ahead of its own file; its times still count as they are."""
    lines = [refused(second, A) for second in (0, 1000, 2000)] + [refused(3000 + second, B) for second in (0, 1, 2)]
    bans, _ = replayed(planned(home, write_log(home / "svc.log", lines, START - 3600)))
    assert told(bans) == [("svc", B, 3002)]
    east = Conditions(timezone(timedelta(hours=2)))
    bans, _ = replayed(planned(home, write_log(home / "svc.log", lines)), east)
    assert told(bans) == [("svc", B, 3002 - 7200)]


def test_ignored_addresses_are_not_banned(home: Path) -> None:
    """Networks, the machine's own addresses, listed files and names count as in the daemon; log names are not asked."""
    rules = "203.0.113.0/24 friend.example file:friends"
    (home / "jail.local").write_text(f"[svc]\nignoreself = true\nignoreip = {rules}\n")
    hosts = (FRIEND, "198.51.100.1", "198.51.100.2", "198.51.100.3", A)
    lines = [refused(second, host) for host in hosts for second in (0, 1, 2)]
    asked: list[str] = []

    def resolve(name: str) -> tuple[str, ...]:
        asked.append(name)
        return ("198.51.100.2",) if name == "friend.example" else ()

    facts = (OwnAddresses(frozenset({"198.51.100.1"})), IgnoreFile("file:friends", ("198.51.100.3",)))
    log = write_log(home / "svc.log", lines)
    bans, summary = replayed(planned(home, log), Conditions(UTC, facts, resolve=resolve))
    assert [ban.id for ban in bans] == [A]
    assert summary.jails[0].ignored == 12
    assert asked == ["friend.example"]
    everybody, _ = replayed(planned(home, log, is_ignoring=False))
    assert {ban.id for ban in everybody} == set(hosts)


def test_pieces_of_a_rotated_log_are_one_log(home: Path) -> None:
    """In whatever order they are given and however packed, the oldest is read first, and windows go on across them."""
    lines = [refused(60 * number, A if number % 2 else B) for number in range(12)]
    whole = write_log(home / "svc.log", lines)
    expected = replayed(planned(home, whole))
    old = home / "svc.log.2.gz"
    old.write_bytes(gzip.compress("".join(lines[:5]).encode()))
    middle = write_log(home / "svc.log.1", lines[5:9])
    write_log(whole, lines[9:])
    for path in (old, middle):
        os.utime(path, (START + 86_000, START + 86_000))
    for order in ([whole, middle, old], [old, whole, middle], [middle, old, whole]):
        bans, summary = replayed(planned(home, *order))
        assert (told(bans), summary.jails) == (told(expected[0]), expected[1].jails)
        assert [Path(log.path).name for log in summary.logs] == ["svc.log.2.gz", "svc.log.1", "svc.log"]


def test_different_logs_are_merged_in_time(home: Path) -> None:
    """Bans come in the order of time over all logs, and two files of one jail fill one window."""
    web = [bad(second, A) for second in (10, 30, 50, 200, 210, 220)]
    other = [bad(second, B) for second in (0, 20, 40, 300, 310)] + [bad(320, A)]
    svc = [refused(second, B) for second in (100, 110, 120)]
    logs = [write_log(home / name, lines) for name, lines in (("web1.log", web), ("web2.log", other), ("svc.log", svc))]
    bans, summary = replayed(planned(home, *logs, options={"maxretry": "3"}))
    assert told(bans) == [("web", B, 40), ("web", A, 50), ("svc", B, 120)]
    assert {jail.jail: (jail.lines, jail.failures, jail.after_ban) for jail in summary.jails} == {
        "svc": (3, 3, 0),
        "web": (12, 12, 6),
    }


def test_only_failures_within_the_span_count(home: Path) -> None:
    """`--since` and `--until` leave out what happened before and after."""
    log = write_log(home / "svc.log", [refused(second, A) for second in (0, 1, 2, 1000, 1001, 1002, 2000, 2001, 2002)])
    bans, summary = replayed(planned(home, log), Conditions(UTC, span=Span(START + 500, START + 1500)))
    assert told(bans) == [("svc", A, 1002)]
    assert (summary.jails[0].failures, summary.lines) == (3, 9)


def test_what_is_wrong_with_a_log_is_told(home: Path) -> None:
    """A file that was cut counts as far as it goes, and the summary says so."""
    packed = gzip.compress("".join(refused(second, A) for second in range(20_000)).encode())
    (home / "svc.log.1").write_bytes(packed[:-100])
    _, summary = replayed(planned(home, home / "svc.log.1"))
    (log,) = summary.problems
    assert "ends too early near byte" in log.problem
    assert 0 < summary.jails[0].failures < 20_000
    assert (log.format, log.position) == ("gzip", len(packed) - 100)


def test_lines_without_a_time_of_their_own(home: Path) -> None:
    """They count for the last known time of the log, at its beginning for its first: one such line must not send the
    clock to the log's end."""
    undated = f"srv svc: refused root from {A}\n"
    log = write_log(home / "svc.log", [undated, refused(0, A), undated, refused(1, B), refused(2, B), refused(3, B)])
    bans, _ = replayed(planned(home, log))
    assert told(bans) == [("svc", A, 0), ("svc", B, 3)]
    (home / "filter.d" / "svc.local").write_text("[Definition]\ndatepattern = {NONE}\n")
    bans, _ = replayed(planned(home, log))
    assert [ban.id for ban in bans] == [A, B]


def test_a_date_that_cannot_be_does_not_move_the_clock(home: Path) -> None:
    """One line from the far future counts where it stands; without that, every later ban would be over at once."""
    far = f"2037-01-01 00:00:00 srv svc: refused root from {B}\n"
    log = write_log(home / "svc.log", [refused(0, A), far, refused(1, A), refused(2, A)])
    bans, summary = replayed(planned(home, log), Conditions(UTC, span=Span(latest=START + 90_000)))
    assert told(bans) == [("svc", A, 2)]
    assert summary.last == START + 2


def test_ipv6_is_ranked_by_network(home: Path) -> None:
    """With banprefix6 the networks are counted, as they are banned."""
    lines = [refused(second, f"2001:db8::{second:x}") for second in range(5)]
    plan = planned(home, write_log(home / "svc.log", lines), options={"banprefix6": "64"})
    _, summary = replayed(plan)
    assert summary.jails[0].offenders == (("2001:db8::/64", 5, 1),)


def test_names_that_are_not_resolved_are_counted(home: Path) -> None:
    """With usedns = warn a name of the log waits for an address that nobody looks up."""
    log = write_log(home / "svc.log", [refused(second, "evil.example") for second in range(5)])
    bans, summary = replayed(planned(home, log, options={"usedns": "warn"}))
    assert (bans, summary.jails[0].unresolved) == ([], 5)
    bans, _ = replayed(planned(home, log, options={"usedns": "raw"}))
    assert [ban.id for ban in bans] == ["evil.example"]


def test_the_summary_ranks_and_can_be_asked_for_at_any_time(home: Path) -> None:
    """Whoever failed most comes first, users too; after the first ban the summary holds what was decided by then."""
    lines = [refused(second, A, "eve") for second in range(5)] + [refused(10, B, "bob")]
    log = write_log(home / "svc.log", [*lines, *(f"{stamp(20)} noise\n" for _ in range(94))])
    replay = Replay(planned(home, log), Conditions(UTC))
    before = replay.summary()
    assert (before.lines, before.failures, before.first) == (0, 0, None)
    run = replay.run()
    next(run)
    assert replay.summary().bans == 1
    assert list(run) == []
    jail = replay.summary().jails[0]
    assert (jail.lines, jail.matched, jail.ids) == (100, 6, 2)
    assert jail.offenders == ((A, 5, 1), (B, 1, 0))
    assert jail.users == (("eve", 5), ("bob", 1))


def test_jails_with_other_encodings_read_the_same_log(home: Path) -> None:
    """A scanner knows one encoding; each gets its own, and the bans are still in order of time."""
    (home / "jail.local").write_text("[off]\nlogencoding = latin-1\n")
    log = write_log(home / "svc.log", [refused(second, host) for second in (0, 1, 2) for host in (A, B)])
    bans, summary = replayed(planned(home, log, jails=("svc", "off")))
    assert told(bans) == [("off", A, 0), ("off", B, 0), ("svc", A, 2), ("svc", B, 2)]
    assert [jail.failures for jail in summary.jails] == [6, 6]


def test_rankings_are_bounded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of addresses and users does not fill the memory; every failure is counted all the same."""
    monkeypatch.setattr("stockade.replay.summary.MAX_TALLY", 10)
    lines = [refused(number, f"198.51.100.{number}", f"user{number}") for number in range(200)]
    _, summary = replayed(planned(home, write_log(home / "svc.log", lines)))
    jail = summary.jails[0]
    assert (jail.failures, jail.ids, len(jail.users)) == (200, 10, 10)
