"""Syslog parsers against anything that can be sent."""

from __future__ import annotations

import re
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from stockade.model.clock import Wall
from stockade.sources.syslog.dates import Dates
from stockade.sources.syslog.framing import Frames
from stockade.sources.syslog.limits import MAX_MESSAGE
from stockade.sources.syslog.message import Messages

NOW = Wall(1_795_363_200.0)

WORDS = rb"""<34> <999> 1 2026-11-22T16:00:00Z 0000-00-00T99:99:99+99:99 - [ ] " \\ = a host sshd[1]: : #""".split()
SPACED = [b" ", b"Nov 22 16:00:00 ", b"Feb 29 ", b'[a b="c"]', b"\n", b"\0", b"\xff", b"\xef\xbb\xbf"]
PIECES = st.sampled_from([*WORDS, *SPACED])
MESSAGES = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=30).map(b"".join))


@given(MESSAGES)
def test_every_message_is_one_line_or_nothing(data: bytes) -> None:
    """Nothing raises, a line has no control characters but tabs, its size is bounded and its time a number."""
    found = Messages(Dates(UTC)).entry(data, b"192.0.2.7", NOW)
    if found is not None:
        time, line = found
        assert -1e12 < time < 1e12
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line)
        assert 0 < len(line) <= 4 * len(data) + 20


@given(st.lists(MESSAGES, max_size=10), st.data())
def test_counted_frames_come_out_as_they_went_in(messages: list[bytes], data: st.DataObject) -> None:
    """Whatever the contents and however they are cut into pieces."""
    messages = [b"<1>" + message for message in messages]
    stream = b"".join(b"%d %s" % (len(message), message) for message in messages)
    assert _through(stream, data) == messages


@given(st.lists(MESSAGES, max_size=10), st.data())
def test_lines_come_out_as_they_went_in(messages: list[bytes], data: st.DataObject) -> None:
    """The same for newlines, which a message must not hold."""
    messages = [b"<1>" + message.replace(b"\n", b"") for message in messages]
    assert _through(b"".join(message + b"\n" for message in messages), data) == messages


@given(st.lists(st.binary(max_size=200) | st.just(b"x" * 20_000) | st.just(b"9 <"), max_size=20), st.integers(1, 50))
def test_no_stream_is_kept(pieces: list[bytes], most: int) -> None:
    """Whatever comes, what is kept beyond the piece itself stays below one message, and messages are bounded."""
    frames = Frames()
    for piece in pieces:
        frames.feed(piece)
        while len(taken := frames.take(most)) == most:
            assert all(len(message) <= MAX_MESSAGE for message in taken)
        assert len(frames._data) <= MAX_MESSAGE + 16 or frames.is_garbled


def _through(stream: bytes, data: st.DataObject) -> list[bytes]:
    """Feeds a stream in drawn pieces."""
    frames, messages, at = Frames(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, 400))
        frames.feed(stream[at : at + size])
        at += size
        while taken := frames.take(3):
            messages += taken
    return messages
