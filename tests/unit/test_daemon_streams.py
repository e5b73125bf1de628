"""What the watchdog is shown of what is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stockade.daemon.intake import Intake, Observing
from stockade.daemon.streams import MAX_PORTS, MAX_TRIED, SHOWN, Stream, ports_of
from stockade.match.engine import FilterUse, open_scanner
from stockade.match.line_scanner import LineScanner
from stockade.model.chunk import Chunk, Entries
from stockade.model.settings import JailSettings
from tests.unit.test_daemon_intake import NOW, SOURCE, UTC, chunk, jail, opened

FAILED = b"2026-11-22T17:00:00+00:00 app[7]: login failed for bob from 192.0.2.1\n"
KNOWN = b"2026-11-22T17:00:00+00:00 app: denied 192.0.2.1\n"


def probe(jails: Sequence[JailSettings]) -> LineScanner:
    """A scanner as the daemon opens it for suspicious lines."""
    uses = [FilterUse(one.filter) for one in jails]
    return open_scanner(uses, now=NOW, local_zone=UTC, is_explaining=True)


def made(*jails: JailSettings) -> tuple[Intake, Observing]:
    """An intake whose only stream is watched by these jails."""
    observing = Observing()
    return Intake(lambda source: jails, opened, {}, observing), observing


def test_suspicious_lines_are_tried_against_the_filters() -> None:
    """Lines that look like failures are given to the jails' filters, which recognise them or not."""
    intake, observing = made(jail("a", "login denied"))
    intake.take(chunk(FAILED + KNOWN + FAILED.replace(b"login failed for bob from", b"login denied")), NOW)
    (look,) = observing.streams.look(NOW, probe)
    assert [(one.program, one.is_recognised) for one in look.tried] == [("app", False), ("app", False)]
    assert look.tried[0].line == FAILED.decode().strip()
    intake, observing = made(jail("a", "login denied for"))
    intake.take(chunk(b"2026-11-22T17:00:00+00:00 app: login denied for 192.0.2.1\n"), NOW)
    assert [one.is_recognised for one in observing.streams.look(NOW, probe)[0].tried] == [True]


def test_samples_are_bounded_and_begin_anew() -> None:
    """A flood gives no more than a few lines, cut short; the next look sees only what came since."""
    intake, observing = made(jail("a"))
    intake.take(chunk((b"login failed from 192.0.2.1 " + b"x" * 300 + b"\n") * 3000), NOW)
    (look,) = observing.streams.look(NOW, probe)
    assert 0 < len(look.tried) <= MAX_TRIED
    assert max(len(one.line) for one in look.tried) <= SHOWN
    assert observing.streams.look(NOW, probe)[0].tried == ()


def test_history_is_no_sign_of_today() -> None:
    """What was written before anybody watched is counted as arrived, and neither tried nor timed."""
    intake, observing = made(jail("a"))
    intake.take(Chunk(SOURCE, "1:2:3", 0, FAILED + KNOWN, is_live=False), NOW)
    (look,) = observing.streams.look(NOW, probe)
    assert (look.arrivals, look.tried, look.offsets) == (1, (), ())


def test_the_clock_of_a_log_shows_in_its_failures() -> None:
    """The time of a live failure less its arrival is a sample: also where the line counts as just happened."""
    intake, observing = made(jail("a"))
    intake.take(chunk(b"2026-11-22T16:00:00+00:00 app: denied 192.0.2.1\n"), NOW)
    (look,) = observing.streams.look(NOW, probe)
    assert look.offsets == (-3600.0,)


def test_entries_are_searched_as_well() -> None:
    """The journal's lines are looked at like those of a file."""
    intake, observing = made(jail("a"))
    intake.take(Entries("journal:", ((NOW, FAILED.strip()),), "m", is_live=True), NOW)
    assert [one.program for one in observing.streams.look(NOW, probe)[0].tried] == ["app"]


def test_filters_of_several_lines_are_not_judged_by_one() -> None:
    """A jail with `maxlines` would miss lines that it recognises together with their neighbours."""
    several = replace(jail("a"), filter=replace(jail("a").filter, maxlines=3))
    intake, observing = made(several)
    intake.take(chunk(FAILED), NOW)
    assert observing.streams.look(NOW, probe)[0].tried == ()


def test_a_stream_that_is_configured_shows_before_it_gives_anything() -> None:
    """A log without a line is exactly what the watchdog must see; streams that left the configuration are forgotten."""
    _, observing = made()
    observing.streams.keep([("file:/a", [jail("a")]), ("file:/b", [jail("b")])])
    assert [look.stream for look in observing.streams.look(NOW, probe)] == ["file:/a", "file:/b"]
    observing.streams.keep([("file:/b", [jail("b")])])
    assert [look.stream for look in observing.streams.look(NOW, probe)] == ["file:/b"]


def test_ports_by_number_and_by_name() -> None:
    """Single ports that are named or numbered; ranges and unknown words say nothing about a service."""
    named = replace(jail("a"), port="ssh, 8022,0:65535,no-such-service,7-9,\u0661")
    assert sorted(ports_of(named)) == [22, 8022]
    assert len(list(ports_of(replace(jail("a"), port=",".join(map(str, range(5000))))))) == MAX_PORTS
    stream = Stream("s")
    stream.serve([named])
    assert stream.ports == {22, 8022}
