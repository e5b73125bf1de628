"""Records of the kernel and of container engines: whatever the bytes, they are read or not, and break no reader."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.model.chunk import Chunk
from stockade.sources.containers.joining import Joiner, cursor_of, mark_of
from stockade.sources.containers.records import json_file_piece, k8s_file_piece
from stockade.sources.kmsg import parse_record

TIME = "2026-01-05T00:31:41Z"
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n"), max_size=20)


@settings(deadline=None)
@given(st.one_of(st.binary(), st.binary().map(lambda rest: b"4,17,99,-" + rest)))
def test_kernel_records(data: bytes) -> None:
    """A record's message never holds a newline, and its numbers are the kernel's."""
    record = parse_record(data)
    assert record is None or (b"\n" not in record.message and record.sequence >= 0 and record.since_boot >= 0)


@settings(deadline=None)
@given(
    st.integers(0, 191), st.integers(0, 2**64 - 1), st.integers(0, 2**50), st.binary().filter(lambda b: b"\n" not in b)
)
def test_kernel_records_round_trip(priority: int, sequence: int, micros: int, message: bytes) -> None:
    """What the kernel writes is what is read."""
    record = parse_record(b"%d,%d,%d,-;%b\n KEY=x\n" % (priority, sequence, micros, message))
    assert record is not None
    assert (record.facility, record.sequence, record.message) == (priority // 8, sequence, message)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_as_container_records(line: bytes) -> None:
    """Garbage is no record, never an error."""
    json_file_piece(line)
    k8s_file_piece(line)
    k8s_file_piece(TIME.encode() + b" stdout F " + line)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.lists(TEXTS, min_size=1, max_size=3)), max_size=6),
    st.lists(st.integers(0, 600), max_size=5),
    st.booleans(),
)
def test_lines_however_they_are_cut(said: list[tuple[str, list[str]]], cuts: list[int], is_docker: bool) -> None:
    """Pieces of records and pieces of lines give the same lines; reading goes on rightly from any mark."""
    data, wanted = b"", []
    for stream, pieces in said:
        for number, piece in enumerate(pieces):
            is_last = number == len(pieces) - 1
            if is_docker:
                record = {"log": piece + ("\n" if is_last else ""), "stream": stream, "time": TIME}
                data += json.dumps(record).encode() + b"\n"
            else:
                data += f"{TIME} {stream} {'F' if is_last else 'P'} {piece}\n".encode()
        wanted.append("".join(pieces).encode())
    read = json_file_piece if is_docker else k8s_file_piece
    joiner, got, position = Joiner("s", read), [], 0
    places = sorted({min(cut, len(data)) for cut in cuts})
    for begin, end in zip([0, *places], [*places, len(data)], strict=True):
        entries = joiner.entries(Chunk("file:/x", "id", begin, data[begin:end], True))
        if entries is not None:
            got += [line for _, line in entries.entries]
            cursor = cursor_of(entries.mark, "/x")
            assert cursor is not None
            position = cursor.position
        again = Joiner("s", read).entries(Chunk("file:/x", "id", position, data[position:], True))
        assert got + [line for _, line in (again.entries if again else ())] == wanted
    assert (got, joiner.damaged) == (wanted, 0)


@settings(deadline=None)
@given(st.text("0123456789abcdef:-", min_size=1), st.integers(0, 2**62), st.text("0123456789:@ ").map(str.strip))
def test_marks_round_trip(identity: str, position: int, mark: str) -> None:
    """A mark holds the file's cursor; anything else is no cursor."""
    cursor = cursor_of(mark_of(identity, position, mark), "/x")
    assert cursor is not None
    assert (cursor.source, cursor.identity, cursor.position, cursor.mark) == ("file:/x", identity, position, mark)


@settings(deadline=None)
@given(st.text())
def test_any_text_as_a_mark(text: str) -> None:
    """A damaged ledger does not stop a source."""
    cursor_of(text, "/x")
