"""Standard input as a source: pipes, files and descriptors that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stockade.errors import SourceError
from stockade.model.chunk import Chunk
from stockade.model.clock import Monotonic
from stockade.sources.stdin import Stdin

NOW = Monotonic(1.0)


def all_of(source: Stdin) -> list[Chunk]:
    """Reads until nothing comes."""
    chunks: list[Chunk] = []
    while new := source.read(NOW):
        chunks += [c for c in new if isinstance(c, Chunk)]
    return chunks


def test_pipe_is_read_without_blocking_to_its_end() -> None:
    """An empty pipe gives nothing at once; closing it gives the end, once."""
    read, write = os.pipe()
    source = Stdin(read)
    assert source.read(NOW) == []
    assert (source.fileno(), source.deadline(NOW)) == (read, None)
    os.write(write, b"one\ntw")
    assert [(c.data, c.position, c.is_end, c.is_live) for c in all_of(source)] == [(b"one\ntw", 0, False, True)]
    os.write(write, b"o")
    os.close(write)
    assert [(c.data, c.position, c.is_end) for c in all_of(source)] == [(b"o", 6, False), (b"", 7, True)]
    assert source.fileno() == -1
    assert source.status()[0].state == "waiting"
    source.close()
    os.close(read)


def test_flags_of_the_descriptor_stay(tmp_path: Path) -> None:
    """The descriptor is shared with others, so it is not made non-blocking."""
    read, write = os.pipe()
    Stdin(read).read(NOW)
    assert os.get_blocking(read)
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("size", [0, 10, 5_000_000])
def test_file_is_read_by_deadline(tmp_path: Path, size: int) -> None:
    """A file cannot be waited for: the deadline says when to read, until its end."""
    path = tmp_path / "x"
    path.write_bytes(b"x" * size)
    with path.open("rb") as file:
        source = Stdin(file.fileno(), source="file", is_live=False)
        assert (source.fileno(), source.deadline(NOW)) == (-1, NOW)
        chunks = all_of(source)
        assert sum(len(c.data) for c in chunks) == size
        assert chunks[-1].is_end
        assert source.deadline(NOW) is None


def test_closed_descriptor_is_refused() -> None:
    """A descriptor that is not open is an error with a remedy."""
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    with pytest.raises(SourceError, match="stdin cannot be read"):
        Stdin(read)


def test_directory_is_a_failed_row(tmp_path: Path) -> None:
    """What cannot be read ends with a row that says why."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    source = Stdin(descriptor)
    assert all_of(source)[-1].is_end
    assert source.status()[0].state == "failed"
    os.close(descriptor)
