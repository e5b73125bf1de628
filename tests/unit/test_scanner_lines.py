"""Lines from chunks: what the scanner takes for a line, and that nothing after an odd one is lost."""

from __future__ import annotations

import pytest

from stockade._scanner import Scanner
from tests.scanner_specs import ADDR, NOW, Filter, Limits, Rule, make, rule, scan

BAD = Filter(rules=(rule(rf"^bad {ADDR}$", "bad "),))


def _ids(scanner: Scanner, *chunks: bytes) -> list[str]:
    found = [failure.id for chunk in chunks for failure in scanner.feed(chunk, NOW).failures]
    return found + [failure.id for failure in scanner.finish(NOW).failures]


def test_a_line_may_arrive_in_pieces() -> None:
    """A line is the same wherever chunks are cut, with LF and CR LF, with and without a last newline."""
    data = b"bad 192.0.2.1\r\nnoise\nbad 192.0.2.2\n\nbad 192.0.2.3"
    expected = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    for size in (1, 2, 7, 100):
        chunks = [data[i : i + size] for i in range(0, len(data), size)]
        assert _ids(make(BAD), *chunks) == expected


def test_pending_counts_the_unfinished_line() -> None:
    """`pending` is the whole length of the unfinished line, even of what is not kept of a long one."""
    scanner = make(BAD, Limits(max_line=10))
    scanner.feed(b"bad 192.0.2.1\nbad", NOW)
    assert scanner.pending == 3
    scanner.feed(b"x" * 100, NOW)
    assert scanner.pending == 103
    scanner.finish(NOW)
    assert scanner.pending == 0


@pytest.mark.parametrize("literals", [(b"bad ",), ()])
def test_long_lines_are_odd_unless_they_match(literals: tuple[bytes, ...]) -> None:
    """A line beyond `max_line` is matched on its beginning; without a match it is reported, never dropped."""
    prefix = Filter(rules=(Rule(rf"^bad {ADDR}", literals),))
    long = b"bad 192.0.2.1" + b"x" * 100 + b"\n"
    other = b"y" * 90 + b"bad 192.0.2.9 \n"
    batch = scan(prefix, b"noise\n" + long + other + b"bad 192.0.2.2\n", limits=Limits(max_line=50))
    assert [failure.id for failure in batch.failures] == ["192.0.2.1", "192.0.2.2"]
    assert [(odd.reason, odd.line) for odd in batch.odd] == [("too-long", "y" * 50)]


def test_a_line_without_end_costs_linear_time() -> None:
    """Ten megabytes without newline, in small pieces, are taken within a moment, and the line after them is found."""
    scanner = make(BAD)
    for _ in range(160):
        assert not scanner.feed(b"x" * 65536, NOW).failures
    batch = scanner.feed(b"\nbad 192.0.2.1\n", NOW)
    assert [odd.reason for odd in batch.odd] == ["too-long"]
    assert [failure.id for failure in batch.failures] == ["192.0.2.1"]


def test_any_bytes_are_a_line() -> None:
    """NUL is an ordinary character, invalid UTF-8 is replaced, and both still match."""
    anything = Filter(rules=(Rule(rf"^bad .(?P<user>.*) {ADDR}$"),))
    batch = scan(anything, b"bad \0a\xff\xfeb 192.0.2.1\nbad \xc3\xa9\xc3\xa9 192.0.2.2\n")
    assert [failure.fields["user"] for failure in batch.failures] == ["a\ufffd\ufffdb", "é"]
    assert batch.failures[0].matches == ["bad \0a\ufffd\ufffdb 192.0.2.1"]
    assert not batch.odd


def test_encodings() -> None:
    """Latin-1 and ASCII logs are read as such; an encoding that the scanner does not know is refused by name."""
    anything = Filter(rules=(Rule(rf"^bad (?P<user>\w+|\W+) {ADDR}$"),))
    line = b"bad \xe9 192.0.2.1\n"
    assert scan(anything, line, encoding="latin-1").failures[0].fields["user"] == "é"
    assert scan(anything, line, encoding="ascii").failures[0].fields["user"] == "\ufffd"
    with pytest.raises(ValueError, match="koi8-r"):
        make(anything, encoding="koi8-r")


def test_counts() -> None:
    """`statistics` counts lines and bytes, and every rule's hits."""
    scanner = make(BAD)
    scanner.feed(b"bad 192.0.2.1\nnoise\nbad x\n", NOW)
    counts = scanner.statistics()
    assert (counts["lines"], counts["bytes"], counts["candidates"], counts["failures"]) == (3, 26, 2, 1)
    assert (counts["rule_0_0"], counts["matched"], counts["dated"]) == (1, 1, 2)
