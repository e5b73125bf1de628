"""Framing of streams: octet counting and newlines, whole and in pieces."""

from __future__ import annotations

import pytest

from stockade.sources.syslog.framing import Frames
from stockade.sources.syslog.limits import MAX_FRAME, MAX_MESSAGE


def cut(*pieces: bytes, most: int = 1000) -> tuple[list[bytes], Frames]:
    """Feeds pieces one after the other; gives every message."""
    frames, messages = Frames(), []
    for piece in pieces:
        frames.feed(piece)
        while taken := frames.take(most):
            messages += taken
    return messages, frames


def bytewise(data: bytes) -> list[bytes]:
    """The single bytes."""
    return [data[at : at + 1] for at in range(len(data))]


@pytest.mark.parametrize("most", [1, 1000])
@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (b"<1>a\n<1>b\r\n\n<1>c\n", [b"<1>a", b"<1>b\r", b"<1>c"]),
        (b"4 <1>a5 <1>bc", [b"<1>a", b"<1>bc"]),
        (b"4 <1>a\n4 <1>b\n", [b"<1>a", b"<1>b"]),
        (b"5 <1>\na4 <1>b", [b"<1>\na", b"<1>b"]),
        (b"2026-11-22T16:00:00Z host a: x\n", [b"2026-11-22T16:00:00Z host a: x"]),
        (b"12 monkeys\n", [b"12 monkeys"]),
        (b"99999999 <1>x\n", [b"99999999 <1>x"]),
        (b"\n\0\n<1>a\n", [b"<1>a"]),
    ],
)
def test_messages_do_not_depend_on_the_pieces(data: bytes, messages: list[bytes], most: int) -> None:
    """Octet-counted and newline-separated messages are told apart by the first bytes, however they come."""
    for pieces in ([data], bytewise(data)):
        found, frames = cut(*pieces, most=most)
        assert found == messages
        assert not frames.is_within
        assert not frames.is_garbled


def test_the_framing_is_settled_once() -> None:
    """Text behind a newline that looks like a length is text: it cannot swallow the messages behind it."""
    assert cut(b"<1>a\n40 <1>evil\n<1>b\n")[0] == [b"<1>a", b"40 <1>evil", b"<1>b"]


@pytest.mark.parametrize("data", [b"4 <1>ahello", b"4 <1>a0 ", b"4 <1>a%d <1>" % (MAX_FRAME + 1), b"4 <1>a12345678"])
def test_what_is_no_length_ends_the_stream(data: bytes) -> None:
    """Octet counting that breaks off gives the messages before, and says that there can be none behind."""
    found, frames = cut(data)
    assert found == [b"<1>a"]
    assert frames.is_garbled


@pytest.mark.parametrize("size", [MAX_MESSAGE + 1, 70_000, MAX_FRAME])
def test_long_messages_are_cut_and_passed_over(size: int) -> None:
    """Of a message that is too long the beginning is kept, the rest never; the next message is whole."""
    text = (b"<1>" + b"word " * MAX_FRAME)[:size]
    for data in (text + b"\n<1>b\n", b"%d %s5 <1>b\n" % (size, text)):
        found, frames = Frames(), Frames()
        messages, most = [], 0
        for at in range(0, len(data), 5000):
            frames.feed(data[at : at + 5000])
            while taken := frames.take(10):
                messages += taken
            most = max(most, len(frames._data))
        assert [len(messages[0]) <= MAX_MESSAGE, messages[0][-4:], messages[1].strip()] == [True, b"word", b"<1>b"]
        assert (frames.cut, found.cut) == (1, 0)
        assert most <= MAX_MESSAGE + 16


def test_a_message_that_has_begun_is_known() -> None:
    """Half a message is not given out, and it is known that it waits."""
    for data in (b"<1>hal", b"9", b"9 <1>hal"):
        found, frames = cut(data)
        assert found == []
        assert frames.is_within
