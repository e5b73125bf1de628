"""The actions of several jails with real shells: order, isolation, limits, fairness, reload, stop."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from stockade.actions.reload import build
from stockade.errors import Bug
from stockade.model.clock import Monotonic, Wall
from stockade.model.saying import Level
from tests.real.actions_host import Gate, Host, Known, lines, settings, ticket


def logging(log: Path, actname: str = "act", **more: str) -> dict[str, str]:
    """Commands that write down that they ran."""
    commands = ("start", "stop", "ban", "unban")
    return {f"action{command}": f"echo {actname} {command} '<ip>' >> {log}" for command in commands} | more


def test_commands_of_a_jail_run_in_order_one_at_a_time(tmp_path: Path) -> None:
    """Start, bans in the order they came, unbans, stop: each command ends before the next begins."""
    log = tmp_path / "log"
    steps = f"echo '<ip>' begins >> {log}; echo '<ip>' ends >> {log}"
    with Host() as host:
        host.adds("web", settings("a", **logging(log, "a", actionban=steps)))
        host.bans("web", "192.0.2.1", "2001:db8::1", "somebody else")
        host.rests()
        host.runner.unban("web", "2001:db8::1")
        host.rests()
        host.runner.stop_jail("web")
        host.until(lambda: not host.runner.jails(), "stop")
    assert lines(log) == [
        "a start ",
        *(f"{one} {what}" for one in ("192.0.2.1", "2001:db8::1", "somebody else") for what in ("begins", "ends")),
        "a unban 2001:db8::1",
        "a unban 192.0.2.1",
        "a unban somebody else",
        "a stop ",
    ]


def test_a_blocked_jail_delays_no_other(tmp_path: Path) -> None:
    """While a mail of one jail hangs, bans of the other go on (fail2ban had one lock for all)."""
    gate, log = Gate(tmp_path / "gate"), tmp_path / "log"
    with Host() as host:
        host.adds("slow", settings("mail", actionban=gate.wait))
        host.adds("web", settings("act", **logging(log)))
        host.bans("slow", "192.0.2.1", "192.0.2.2")
        host.bans("web", *(f"192.0.2.{number}" for number in range(20)))
        host.until(lambda: host.statistics("web").carried == 20, "bans of the other jail")
        slow = host.statistics("slow")
        assert (slow.running, slow.waiting, slow.carried) == ("mail actionban", 1, 0)
        gate.open()
        host.until(lambda: host.statistics("slow").carried == 1, "end of the first mail")
        gate.open()
        host.rests()
        assert host.statistics("slow").carried == 2
    assert len(lines(log)) == 21


def test_five_thousand_bans_wait_and_most_end_before_their_turn(tmp_path: Path) -> None:
    """A long queue costs only its entries; a ban that ended meanwhile is not carried out, the others are, in order."""
    gate, log = Gate(tmp_path / "gate"), tmp_path / "log"
    everybody = [f"10.0.{number // 250}.{number % 250}" for number in range(5000)]
    with Host() as host:
        host.adds("web", settings("act", actionstart=gate.wait, actionban=f"echo '<ip>' >> {log}"))
        host.bans("web", *everybody)
        host.until(lambda: host.statistics().running, "start")
        assert host.statistics().waiting == 5000
        for identifier in everybody[50:]:
            host.runner.unban("web", identifier)
        gate.open()
        host.rests()
        assert host.statistics().carried == 50
    assert lines(log) == everybody[:50]


def test_a_queue_that_overflowed_is_filled_from_the_bans_that_stand(tmp_path: Path) -> None:
    """Bans beyond the bound of the queue are not kept, and not lost: the ledger knows them."""
    gate, standing = Gate(tmp_path / "gate"), Known()
    with Host() as host:
        host.adds("web", settings("act", actionstart=gate.wait), standing=standing)
        host.until(lambda: host.statistics().running, "start")
        for number in range(25_000):
            one = ticket(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}")
            standing[one.id] = one
            host.runner.ban("web", one)
        statistics = host.statistics()
        assert (statistics.waiting, statistics.deferred, statistics.is_behind) == (10_000, 15_000, True)
        gate.open()
        host.until(lambda: host.statistics().carried == 25_000, "all bans")
        assert not host.statistics().is_behind


def test_no_more_commands_run_at_once_than_allowed_and_jails_take_turns(tmp_path: Path) -> None:
    """With room for one command, three jails get one after the other, however long the first one's queue is."""
    log = tmp_path / "log"
    with Host(processes=1) as host:
        for jail in ("a", "b", "c"):
            host.adds(jail, settings("act", actionban=f"echo {jail} >> {log}"))
        host.bans("a", *(f"192.0.2.{number}" for number in range(6)))
        host.bans("b", "192.0.2.1", "192.0.2.2")
        host.bans("c", "192.0.2.1", "192.0.2.2")
        host.rests()
    assert lines(log) == ["a", "b", "c", "a", "b", "c", "a", "a", "a", "a"]


def test_a_command_that_hangs_is_ended_and_the_jail_goes_on(tmp_path: Path) -> None:
    """The action's own time limit counts; the failure is in the log and in the statistics."""
    gate, log = Gate(tmp_path / "gate"), tmp_path / "log"
    command = f"case <ip> in 192.0.2.1) {gate.wait};; *) echo <ip> >> {log};; esac"
    with Host() as host:
        host.adds("web", settings("act", actionban=command, timeout="0.1"))
        host.bans("web", "192.0.2.1", "192.0.2.2")
        host.rests()
        (one,) = host.statistics().actions
    assert lines(log) == ["192.0.2.2"]
    assert (one.runs, one.failures, one.timeouts) == (2, 1, 1)
    assert one.last_error == "actionban for 192.0.2.1 timed out after 0.1 seconds"
    assert one.last_error_at is not None
    assert "Failed to execute ban jail 'web' action 'act' info '192.0.2.1': Error banning 192.0.2.1" in host.texts()


def test_failures_are_told_with_what_the_command_said(tmp_path: Path) -> None:
    """The log has the command, its output and its status; `status` has the last error of each action."""
    with Host() as host:
        host.adds("web", settings("act", actionban="echo 'no such set' >&2; exit 2"))
        host.bans("web", "192.0.2.1")
        host.rests()
        (one,) = host.statistics().actions
    errors = [saying.text.partition(" -- ")[2] for saying in host.said if saying.level is Level.ERROR]
    assert errors[:3] == ["exec: echo 'no such set' >&2; exit 2", "stderr: 'no such set'", "returned 2"]
    assert one.last_error == "actionban for 192.0.2.1 returned 2: no such set"


def test_hostile_values_stay_data(tmp_path: Path) -> None:
    """What a log said about a user reaches the command as an argument, never as its text."""
    log, evil = tmp_path / "log", tmp_path / "evil"
    hostile = f"x'; touch {evil}; echo '$(touch {evil})`touch {evil}`"
    with Host() as host:
        host.adds("web", settings("act", actionban=f'printf "%s\\n" "<F-USER>" "<fid>" >> {log}'))
        host.runner.ban("web", ticket(hostile))
        host.rests()
    assert lines(log) == ["", hostile]
    assert not evil.exists()


def test_a_value_that_is_too_long_for_a_command_is_cut_and_said(tmp_path: Path) -> None:
    """Endless log lines do not prevent the ban."""
    log = tmp_path / "log"
    with Host() as host:
        host.adds("web", settings("act", actionban=f'printf "%s" "<matches>" | wc -c >> {log}'))
        one = ticket("192.0.2.1")
        matches = tuple("$" * 8000 for _ in range(100))
        host.runner.ban("web", type(one)("web", one.id, one.time, one.bantime, matches=matches))
        host.rests()
        assert host.statistics().carried == 1
    assert 60_000 < int(lines(log)[0]) < 128 * 1024
    assert any("<matches> was cut" in text for text in host.texts())


def test_a_longer_ban_is_told_after_its_delay(tmp_path: Path) -> None:
    """A prolongation is due by the clock; the runner says when."""
    log = tmp_path / "log"
    with Host() as host:
        host.adds("web", settings("act", actionban=":", actionprolong=f"echo <ip> <bantime> >> {log}"))
        host.bans("web", "192.0.2.1")
        host.rests()
        now = time.monotonic()
        host.runner.prolong("web", ticket("192.0.2.1"), 8.0, Monotonic(now))
        assert host.runner.deadline(Monotonic(now)) == now + 3
        assert host.runner.turn(Monotonic(now + 2.9), Wall(0.0)) == []
        assert not host.statistics().running
        host.runner.turn(Monotonic(now + 3), Wall(0.0))
        assert host.statistics().running == "act actionprolong"
        host.rests()
    assert lines(log) == ["192.0.2.1 600"]


def test_a_jail_that_waits_for_room_keeps_nobody_awake(tmp_path: Path) -> None:
    """While all room is taken, what is due elsewhere waits for the end of a command, not in a busy loop."""
    gate, log = Gate(tmp_path / "gate"), tmp_path / "log"
    with Host(processes=1) as host:
        host.adds("web", settings("act", actionban=":", actionprolong=f"echo <ip> >> {log}"))
        host.bans("web", "192.0.2.1")
        host.rests()
        host.adds("slow", settings("mail", actionstart=gate.wait))
        host.until(lambda: host.statistics("slow").running, "start")
        now = Monotonic(time.monotonic())
        host.runner.prolong("web", ticket("192.0.2.1"), 0.0, now)
        due = host.runner.deadline(now)
        assert due is not None
        assert due > now + 30
        gate.open()
        host.rests()
    assert lines(log) == ["192.0.2.1"]


def test_a_reload_changes_only_what_changed(tmp_path: Path) -> None:
    """The unchanged action is not touched, the vanished one undoes its bans, the new one bans who is banned."""
    log = tmp_path / "log"
    keep, gone, new = (settings(name, **logging(log, name)) for name in ("keep", "gone", "new"))
    with Host() as host:
        host.adds("web", keep, gone)
        host.bans("web", "192.0.2.1", "192.0.2.2")
        host.rests()
        log.unlink()
        made, _ = build((keep, new), "web")
        host.runner.reload("web", made)
        host.until(lambda: len(lines(log)) == 6 and not host.statistics().running, "reload")
        assert [one.actname for one in host.statistics().actions] == ["keep", "new"]
    assert lines(log) == [
        "gone unban 192.0.2.1",
        "gone unban 192.0.2.2",
        "gone stop ",
        "new start ",
        "new ban 192.0.2.1",
        "new ban 192.0.2.2",
    ]


def test_a_jail_that_leaves_takes_nothing_any_more(tmp_path: Path) -> None:
    """After its stop was ordered bans are not taken, and it can come again only when it has left."""
    gate, log = Gate(tmp_path / "gate"), tmp_path / "log"
    with Host() as host:
        host.adds("web", settings("act", actionstop=gate.wait, actionban=f"echo ban >> {log}"))
        host.runner.stop_jail("web")
        host.bans("web", "192.0.2.1")
        host.until(lambda: host.statistics().running == "act actionstop", "stop")
        with pytest.raises(Bug):
            host.adds("web")
        gate.open()
        host.until(lambda: not host.runner.jails(), "leave")
        host.adds("web", settings("act", actionban=f"echo again >> {log}"))
        host.bans("web", "192.0.2.1")
        host.rests()
    assert lines(log) == ["again"]


def test_nothing_runs_on_when_the_host_ends(tmp_path: Path) -> None:
    """Commands that still run are killed and reaped."""
    pids, gate = tmp_path / "pids", Gate(tmp_path / "gate")
    os.mkfifo(pids)
    with Host() as host:
        host.adds("web", settings("act", actionstart=f"trap '' TERM; echo $$ > {pids}; {gate.wait}"))
        host.until(lambda: host.statistics().running, "start")
        pid = int(pids.read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGCHLD])
def test_a_host_that_ignores_signals_cannot_run_commands(number: signal.Signals) -> None:
    """Commands would inherit it and could not be ended, or nobody could tell how they ended."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with pytest.raises(Bug):
            Host()
    finally:
        signal.signal(number, before)
