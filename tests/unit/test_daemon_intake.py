"""From what sources read to failures by jail, and how far each source was read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from stockade._scanner import Scanner
from stockade.daemon.intake import Intake
from stockade.match.engine import FilterUse, open_scanner
from stockade.model.chunk import Chunk, Entries
from stockade.model.clock import Wall
from stockade.model.record import Progress
from stockade.model.settings import FilterSettings, JailSettings, LogPath

NOW = Wall(1_795_366_800.0)
SOURCE = "file:/var/log/app.log"
LINE = b"2026-11-22T17:00:00+00:00 app: denied %s\n"


def jail(name: str, word: str = "denied", encoding: str = "utf-8") -> JailSettings:
    """A jail whose filter finds one word followed by an address."""
    settings = FilterSettings(name, failregex=(f"app: {word} <ADDR>$",), logencoding=encoding)
    return JailSettings(name, settings, logpaths=(LogPath("/var/log/app.log"),))


def opened(jails: Sequence[JailSettings]) -> Scanner:
    """A scanner as the daemon opens it."""
    return open_scanner([FilterUse(one.filter, one.findtime) for one in jails], now=NOW, local_zone=UTC)


def intake(*jails: JailSettings, known: Sequence[Progress] = ()) -> Intake:
    """An intake whose only source is watched by these jails."""
    return Intake(lambda source: jails, opened, {one.cursor.source: one for one in known})


def chunk(data: bytes, position: int = 0, **details: bool) -> Chunk:
    """Live bytes of the log."""
    return Chunk(SOURCE, "1:2:3", position, data, is_live=True, **details)


def found(made: Intake, item: Chunk | Entries) -> dict[str, list[str]]:
    """Identifiers by jail."""
    events, _ = made.take(item, NOW)
    return {event.jail: list(event.found.ids) for event in events}


def test_every_jail_gets_its_own_failures() -> None:
    """Jails that watch one log share one pass over it, and each sees what its filter found."""
    made = intake(jail("a"), jail("b", "refused"))
    data = LINE % b"192.0.2.1" + b"2026-11-22T17:00:01+00:00 app: refused 192.0.2.2\n" + LINE % b"192.0.2.3"
    events, _ = made.take(chunk(data), NOW)
    assert {event.jail: list(event.found.ids) for event in events} == {
        "a": ["192.0.2.1", "192.0.2.3"],
        "b": ["192.0.2.2"],
    }
    second = next(event for event in events if event.jail == "a").found.failure(1)
    assert (second.id, second.rule) == ("192.0.2.3", 0)


def test_the_cursor_stands_at_the_first_unfinished_line() -> None:
    """After a crash the unfinished line is read again from its beginning, and nothing before it."""
    made = intake(jail("a"))
    whole, part = LINE % b"192.0.2.1", (LINE % b"192.0.2.2")[:30]
    assert found(made, chunk(whole + part, 100)) == {"a": ["192.0.2.1"]}
    (progress,) = made.take_progress()
    assert progress.cursor.position == 100 + len(whole)
    assert made.take_progress() == ()
    successor = intake(jail("a"), known=[progress])
    assert found(successor, chunk(LINE % b"192.0.2.2", progress.cursor.position)) == {"a": ["192.0.2.2"]}


def test_a_line_without_newline_counts_when_its_file_has_ended() -> None:
    """The last line of a file that was rotated away is a line even without its newline."""
    made = intake(jail("a"))
    assert found(made, chunk((LINE % b"192.0.2.1").rstrip(), is_end=True)) == {"a": ["192.0.2.1"]}


def test_jails_with_different_encodings_share_a_log() -> None:
    """Each encoding has a scanner of its own; both find their failures and both states survive a restart."""
    made = intake(jail("a"), jail("b", encoding="latin-1"))
    assert found(made, chunk(LINE % b"192.0.2.1")) == {"a": ["192.0.2.1"], "b": ["192.0.2.1"]}
    (progress,) = made.take_progress()
    successor = intake(jail("a"), jail("b", encoding="latin-1"), known=[progress])
    assert found(successor, chunk(LINE % b"192.0.2.2")) == {"a": ["192.0.2.2"], "b": ["192.0.2.2"]}


def test_journal_entries_carry_their_mark() -> None:
    """The journal's own cursor is what is kept."""
    made = intake(jail("a"))
    entries = Entries(SOURCE, ((NOW, b"app: denied 192.0.2.1"),), "s=1;i=2", is_live=True)
    assert found(made, entries) == {"a": ["192.0.2.1"]}
    assert made.take_progress()[0].cursor.mark == "s=1;i=2"


def test_a_source_that_no_jail_wants_is_left_alone() -> None:
    """After a reload a chunk may still come for a log that nobody watches any more."""
    assert found(Intake(lambda source: (), opened, {}), chunk(LINE % b"192.0.2.1")) == {}


def test_damaged_state_begins_anew() -> None:
    """Whatever stands in the ledger, a scanner starts."""
    made = intake(jail("a"))
    made.take(chunk(b"x\n"), NOW)
    (progress,) = made.take_progress()
    for state in (b"", b"\xff" * 7, progress.scanner[:-3], b"\xff\xff\xff\xff" + progress.scanner):
        successor = intake(jail("a"), known=[Progress(progress.cursor, state)])
        assert found(successor, chunk(LINE % b"192.0.2.1")) == {"a": ["192.0.2.1"]}
