"""What was read is looked at in pieces, in its order, and nothing is read on before it is used up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stockade.daemon.heart import Pulse
from stockade.daemon.portions import PIECE_BYTES, Portions
from stockade.model.chunk import Chunk, Entries


def chunk(data: bytes, position: int = 0, *, is_end: bool = False) -> Chunk:
    """Bytes of a log."""
    return Chunk("file:/x", "1:2:3", position, data, is_live=True, is_end=is_end)


@given(st.integers(0, 5 * PIECE_BYTES), st.integers(0, 10**12), st.booleans())
def test_pieces_are_the_chunk(length: int, position: int, is_end: bool) -> None:
    """Joined, the pieces have the chunk's bytes at the chunk's positions; only the last one may be its end."""
    source, portions = Pulse(), Portions()
    data = bytes(n % 251 for n in range(length))
    portions.add(source, [chunk(data, position, is_end=is_end)])
    pieces = list(portions.take_all())
    assert b"".join(piece.data for piece in pieces) == data
    assert max(len(piece.data) for piece in pieces) <= PIECE_BYTES
    assert [piece.is_end for piece in pieces] == [False] * (len(pieces) - 1) + [is_end]
    at = position
    for piece in pieces:
        assert piece.position == at
        at += len(piece.data)


def test_sources_are_apart() -> None:
    """Each has its own pieces; a source without any may read on, and entries stay together."""
    one, other, portions = Pulse(), Pulse(), Portions()
    entries = Entries("journal:", ((1.0, b"x" * 100_000),), "m", is_live=True)
    portions.add(one, [chunk(b"a"), entries])
    portions.add(other, [])
    assert portions.has(one)
    assert not portions.has(other)
    assert portions.take(other) is None
    assert portions.take(one) == chunk(b"a")
    assert portions.has(one)
    assert portions.take(one) == entries
    assert not portions.has(one)
    assert list(portions.take_all()) == []
