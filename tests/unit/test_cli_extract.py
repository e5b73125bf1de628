"""`--out`: one text for each failure, in the formats that scripts know."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from stockade.cli.extract import extractor

ROW: dict[str, Any] = {
    "n": 7,
    "verdict": "fail",
    "epoch": 1767573101.0,
    "id": "192.0.2.1",
    "ip": "192.0.2.1",
    "jail": None,
    "filter": "sshd",
    "rule": 4,
    "fields": {"user": "root", "ip4": "192.0.2.1", "port": ""},
    "matches": ["one", "two"],
    "raw_host": "192.0.2.1",
}
BY_ID = {**ROW, "id": "session 9", "ip": "2001:db8::1"}
TEXT = {**ROW, "id": "session 9", "ip": None}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("id", "192.0.2.1"),
        ("fid", "192.0.2.1"),
        ("ip", "192.0.2.1"),
        ("host", "192.0.2.1"),
        ("msg", "one\ntwo"),
        ("matches", "one\ntwo"),
        ("user", "root"),
        ("port", ""),
        ("nothing", "None"),
        ("<ip> <F-USER>", "192.0.2.1 root"),
        ("<id>|<time>|<family>|<filter>|<jail>|<rule>", "192.0.2.1|1767573101.0|inet4|sshd||4"),
        ("<F-NOTHING>|<unknown>|< ip >|<F-USER", "|<unknown>|< ip >|<F-USER"),
        ("<msg>", "one\ntwo"),
    ],
)
def test_formats(form: str, text: str) -> None:
    """Names of values and of captured groups, and templates; a group that is not there is None, or nothing in one."""
    assert extractor(form)(ROW) == text


def test_an_identifier_is_not_always_an_address() -> None:
    """`ip` is the address that goes with it, and the identifier itself where there is none."""
    assert [extractor(form)(BY_ID) for form in ("id", "ip", "<family>")] == ["session 9", "2001:db8::1", "inet6"]
    assert [extractor(form)(TEXT) for form in ("ip", "<family>")] == ["session 9", ""]


def test_a_row_is_a_python_literal() -> None:
    """Identifier, time and captured groups, with tabs between and a comma behind: a list of them can be read back."""
    text = extractor("row")(ROW)
    assert text.startswith("['192.0.2.1',\t1767573101.0,\t{")
    assert ast.literal_eval(f"[{text}]") == [["192.0.2.1", 1767573101.0, ROW["fields"]]]


def test_captured_text_is_no_template() -> None:
    """What an attacker wrote into a log is never expanded."""
    hostile = {**ROW, "fields": {"user": "<ip> <F-USER> \\1"}}
    assert extractor("<F-USER>")(hostile) == "<ip> <F-USER> \\1"
