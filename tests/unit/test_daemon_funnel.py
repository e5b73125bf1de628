"""How many lines of a jail's logs got how far."""

from __future__ import annotations

from stockade.core.jail import COUNTED
from stockade.daemon.funnel import STAGES, Scanned, Tallies, funnel
from stockade.daemon.intake import Intake, Observing
from stockade.model.chunk import Entries
from tests.unit.test_daemon_intake import LINE, NOW, chunk, jail, opened

PLAIN = b"2026-11-22T17:00:00+00:00 app: all is well\n"
UNDATED = b"app: denied 192.0.2.9\n"


def test_lines_are_counted_by_stage() -> None:
    """Read, of interest to the filter, dated, matched: each stage counts lines, and only what is new is added."""
    observing = Observing()
    made = Intake(lambda source: [jail("a")], opened, {}, observing)
    made.take(chunk(PLAIN * 3 + LINE % b"192.0.2.1" + UNDATED), NOW)
    made.take_progress()
    assert observing.tallies.of("a") == Scanned(5, 2, 1, 2)
    made.take(chunk(PLAIN, 1000), NOW)
    made.take_progress()
    made.take_progress()
    assert observing.tallies.of("a") == Scanned(6, 2, 1, 2)
    assert made.take_counters() == {"a.lines": 6, "a.candidates": 2, "a.dated": 1, "a.matched": 2}
    assert made.take_counters() == {}


def test_jails_on_one_log_have_their_own_matches() -> None:
    """They share the lines, and those of interest to any of them, but not the matches."""
    observing = Observing()
    made = Intake(lambda source: [jail("a"), jail("b", "refused")], opened, {}, observing)
    made.take(chunk(LINE % b"192.0.2.1" + LINE % b"192.0.2.2" + PLAIN), NOW)
    made.progress()
    assert (observing.tallies.of("a").matched, observing.tallies.of("b").matched) == (2, 0)
    assert observing.tallies.of("a").lines == observing.tallies.of("b").lines == 3


def test_journal_entries_are_dated() -> None:
    """The journal gives the time of each entry: nothing is looked for, so nothing is missing."""
    observing = Observing()
    made = Intake(lambda source: [jail("a")], opened, {}, observing)
    made.take(Entries("journal:", ((NOW, b"app: denied 192.0.2.1"),), "mark", is_live=True), NOW)
    made.take_progress()
    assert observing.tallies.of("a") == Scanned(1, 1, 1, 1)
    (look,) = observing.streams.look(NOW, opened)
    assert (look.candidates, look.dated, look.arrivals) == (0, 0, 1)


def test_counts_go_on_after_a_restart() -> None:
    """What the ledger knows is where counting begins; a second look at the ledger, at a reload, changes nothing."""
    tallies = Tallies()
    tallies.restore("a", {"a.lines": 10, "a.matched": 3, "b.lines": 7})
    tallies.add("a", Scanned(1, 1, 1, 1))
    tallies.restore("a", {"a.lines": 10})
    assert tallies.of("a") == Scanned(11, 1, 1, 4)
    assert tallies.of("nobody") == Scanned()


def test_the_stages_and_their_order() -> None:
    """From the scanner's counts and the core's: nothing below zero, each stage within the one before."""
    core = dict.fromkeys(COUNTED, 0)
    core.update(failures=50, unresolved=5, ignored=10, after_ban=20, bans=3, verified=2)
    numbers = funnel(Scanned(1000, 200, 190, 60), core)
    assert tuple(numbers) == STAGES
    assert list(numbers.values()) == [1000, 200, 190, 60, 45, 35, 15, 3, 2]
    assert min(funnel(Scanned(), {**core, "failures": 0}).values()) == 0
