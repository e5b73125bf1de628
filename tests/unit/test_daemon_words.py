"""The daemon's log lines."""

from __future__ import annotations

import io
import os

import pytest

from stockade.daemon.words import MAX_REPEATS, Level, Words, printable
from stockade.model.clock import Wall


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A log target that is not the journal."""
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    return io.StringIO()


def test_a_line_has_fail2bans_shape(stream: io.StringIO) -> None:
    """Time, logger padded to 24, pid, level padded to 7, message: what log parsers of fail2ban read."""
    Words(lambda: Wall(1.5), stream).say(Level.NOTICE, "actions", "[sshd] Ban 192.0.2.1")
    line = stream.getvalue()
    assert line[19:24] == ",500 "
    assert line[24:] == f"fail2ban.actions        [{os.getpid()}]: NOTICE  [sshd] Ban 192.0.2.1\n"


def test_attackers_text_stays_one_printable_line(stream: io.StringIO) -> None:
    """Newlines, escapes and other control characters are shown, not obeyed."""
    Words(lambda: Wall(0), stream).say(Level.ERROR, "filter", "a\nb\x1b[31m\u202e\x00")
    assert stream.getvalue().endswith(r"a\nb\u001b[31m\u202e\u0000" + "\n")
    assert stream.getvalue().count("\n") == 1
    assert printable("grün ok") == "grün ok"


def test_lines_below_the_level_are_left_out(stream: io.StringIO) -> None:
    """`loglevel` is obeyed; an unknown one means INFO."""
    words = Words(lambda: Wall(0), stream)
    words.configure("notice")
    words.say(Level.INFO, "filter", "quiet")
    words.configure("bogus")
    words.say(Level.INFO, "filter", "heard")
    assert "quiet" not in stream.getvalue()
    assert "heard" in stream.getvalue()


def test_an_attacker_cannot_flood_the_log(stream: io.StringIO) -> None:
    """A kind of line that attackers cause is bounded a minute, and what was left out is counted."""
    now = [0.0]
    words = Words(lambda: Wall(now[0]), stream)
    for _ in range(MAX_REPEATS + 50):
        words.say_seldom("odd line", Level.WARNING, "filter", "odd")
    assert stream.getvalue().count("odd") == MAX_REPEATS
    now[0] = 61.0
    words.say_seldom("odd line", Level.WARNING, "filter", "odd")
    assert "50 further lines of kind 'odd line' were left out" in stream.getvalue()


def test_under_systemd_lines_carry_their_priority(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal adds time and name itself; the level goes in front as it wants it."""
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    Words(lambda: Wall(0), stream).say(Level.NOTICE, "actions", "[sshd] Ban 192.0.2.1")
    assert stream.getvalue() == "<5>[sshd] Ban 192.0.2.1\n"
