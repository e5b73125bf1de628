"""Encodings: every text codec of Python that can be read line by line, and a clear refusal of the others."""

from __future__ import annotations

from datetime import UTC
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.match.compile import surroundings
from stockade.match.encodings import Encoding, log_encoding
from stockade.match.engine import FilterUse, open_scanner
from stockade.match.limits import Limits
from stockade.match.line_scanner import LineScanner
from stockade.match.problem import ExpressionError
from stockade.model.settings import FilterSettings

NOW = 1_795_348_800.0
SHARED = surroundings(NOW, UTC)
WORDS = {
    "cp1251": "вход",
    "koi8-r": "вход",
    "iso-8859-2": "źle",
    "iso-8859-15": "€",
    "cp437": "é",
    "mac-roman": "é",
    "utf-16": "źle",
    "utf-16-be": "вход",
    "utf-32": "źle",
    "shift_jis": "失敗",
    "cp932": "ソ",
    "gbk": "失败",
    "gb18030": "失败€",
    "big5": "失敗",
    "euc-jp": "失敗",
    "euc-kr": "실패",
    "cp037": "é",
}


def opened(encoding: str, word: str = r"\S+", limits: Limits | None = None) -> LineScanner:
    """A scanner for `WORD bad ADDRESS` in an encoding."""
    chosen = FilterSettings("f", (f"^(?P<user>{word}) bad <ADDR>$",), datepattern=("{NONE}",), logencoding=encoding)
    return open_scanner([FilterUse(chosen, 600.0)], now=NOW, local_zone=UTC, limits=limits, shared=SHARED)


@pytest.mark.parametrize(("encoding", "word"), WORDS.items())
def test_words_come_out_as_they_are_meant(encoding: str, word: str) -> None:
    """Letters beyond ASCII are decoded, can be named in an expression, and show so; line ends are those of the
    encoding."""
    data = f"{word} bad 192.0.2.1\r\nother bad 192.0.2.2\nx\n".encode(encoding)
    batch = opened(encoding, word).feed(data, NOW)
    assert [(failure.id, failure.fields["user"]) for failure in batch.failures] == [("192.0.2.1", word)]
    assert batch.failures[0].matches == [f"{word} bad 192.0.2.1"]
    assert opened(encoding).feed_entries([(NOW, f"{word} bad 192.0.2.1".encode(encoding))], NOW).ids == ["192.0.2.1"]


def test_how_each_is_read() -> None:
    """UTF-8, Latin-1 and ASCII as they stand, code pages by a table, all others converted in front of the scanner."""
    assert log_encoding("auto") == log_encoding("UTF8") == log_encoding("utf-8-sig") == Encoding("utf-8")
    assert log_encoding("latin1") == Encoding("latin-1")
    assert log_encoding("us-ascii") == Encoding("ascii")
    page = log_encoding("cp1251")
    assert page.table is not None
    assert (page.name, len(page.table), page.table[0xE6], page.is_utf8) == ("cp1251", 256, "ж", False)
    assert (log_encoding("utf-16").is_converted, log_encoding("utf-16").is_utf8) == (True, True)


@pytest.mark.parametrize(
    "name", ["utf-7", "iso2022_jp", "hz", "rot13", "base64", "unicode_escape", "idna", "no such", "\0", "x" * 500]
)
def test_encodings_that_cannot_be_read(name: str) -> None:
    """What is no text codec, or carries its state over a newline, is refused with the names of what can be used."""
    with pytest.raises(ExpressionError, match="logencoding") as caught:
        log_encoding(name)
    assert "utf-16-le" in caught.value.remedy


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("utf-8", b"a\xffb"),
        ("ascii", b"a\xe9b"),
        ("cp1252", b"a\x81b"),
        ("gbk", b"a\xffb"),
        ("utf-16-le", b"a\0\0\xd8b\0"),
    ],
)
def test_undecodable_bytes_are_replaced_counted_and_told(encoding: str, raw: bytes) -> None:
    """They show as U+FFFD, the line still counts, and an operator hears of the first one."""
    scanner = opened(encoding, ".+")
    codec = "ascii" if encoding == "utf-8" else encoding
    batch = scanner.feed(raw + " bad 192.0.2.1\n".encode(codec), NOW)
    assert [failure.fields["user"] for failure in batch.failures] == ["a\ufffdb"]
    assert scanner.statistics()["undecodable"] == 1
    if encoding not in ("gbk", "utf-16-le"):
        assert [note.kind for note in batch.notes] == ["undecodable"]
    good = scanner.feed("x bad 192.0.2.1\n".encode(codec), NOW)
    assert (len(good), good.notes, scanner.statistics()["undecodable"]) == (1, [], 1)


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 200), max_size=8),
    encoding=st.sampled_from(["utf-16", "utf-32", "shift_jis", "gb18030", "cp037"]),
    tail=st.binary(max_size=7),
)
def test_cuts_do_not_matter(cuts: list[int], encoding: str, tail: bytes) -> None:
    """However the bytes of a log arrive, also cut within a character, the failures and what is pending are the same."""
    data = ("失 bad 192.0.2.1\nx\n" * 3).replace("失", "é" if encoding == "cp037" else "失").encode(encoding) + tail
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    whole, pieces = opened(encoding), opened(encoding)
    ids = list(whole.feed(data, NOW).ids)
    found = [id_ for start, end in pairwise(places) for id_ in pieces.feed(data[start:end], NOW).ids]
    assert found == ids
    assert pieces.pending == whole.pending
    assert pieces.finish(NOW).ids == whole.finish(NOW).ids
    assert pieces.pending == 0
    assert pieces.statistics() == whole.statistics()


def test_a_line_without_end_is_bounded() -> None:
    """Of an endless line only the beginning is kept; it is odd as too long, and the next line counts again."""
    scanner = opened("utf-16", limits=Limits(max_line=100))
    for _ in range(50):
        scanner.feed("bad ".encode("utf-16-le") * 100, NOW)
    assert scanner.pending == 50 * 800
    batch = scanner.feed("\nx bad 192.0.2.1\n".encode("utf-16-le"), NOW)
    assert ([one.reason for one in batch.odd], batch.ids) == (["too-long"], ["192.0.2.1"])


def test_filters_of_one_source_agree() -> None:
    """Two encodings of one log cannot both be right; two names of one encoding can."""
    uses = [FilterUse(FilterSettings(name, ("^<HOST>$",), logencoding=name)) for name in ("cp1251", "windows-1251")]
    open_scanner(uses, now=NOW, local_zone=UTC)
    uses.append(FilterUse(FilterSettings("other", ("^<HOST>$",), logencoding="koi8-r")))
    with pytest.raises(ExpressionError, match="disagree"):
        open_scanner(uses, now=NOW, local_zone=UTC)
