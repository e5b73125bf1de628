"""`stockade config` and `stockade check` in detail: places of values, what the machine lacks, and any bytes at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.cli_runner import Runner, hold_to_golden, stockade

__all__ = ["stockade"]

FILTER = """\
[Definition]
failregex = ^\\s*svc: refused <HOST>
            ^\\s*svc: %(word)s user <F-USER>\\S+</F-USER> from <HOST>
ignoreregex = from 192\\.0\\.2\\.99
word = bad
"""
PIECES = [
    *(b"\n", b"[", b"]", b"[DEFAULT]\n", b"[svc]\n", b"[x]\n", b"[Definition]\n", b"[Init]\n", b"[INCLUDES]\n", b"  "),
    *(b"enabled = 1\n", b"before = ", b"jail.conf\n", b"failregex = ", b"(", b"<HOST>", b"<", b">", b"%(x)s", b"x = "),
    *(b"%", b"<known/x>", b"filter = svc[", b"a=", b"'", b"action = note\n", b"logpath = /tmp\n", b"bantime = "),
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\r\n", b";", b"#", b"datepattern = ", b"{DATE}", b"journalmatch = A=1\n"),
    *(
        b"dbpurgeage = ",
        b"1d",
        b"backend = systemd[\n",
        b"ignoreip = /\n",
        b"actionban = ",
        b"<F-ID>",
        b"\\",
        b"*",
        b"+",
    ),
]
"""What configuration files are made of, whole and broken."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A complete configuration of one jail."""
    for name, text in {
        "filter.d/svc.conf": FILTER,
        "action.d/note.conf": "[Definition]\nactionban = true <ip>\n",
        "svc.log": "",
        "jail.conf": "[DEFAULT]\nbantime = 1h\n[svc]\nenabled = true\nfilter = svc\naction = note\n"
        f"logpath = {tmp_path}/svc.log\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def row_of(out: str) -> dict[str, Any]:
    """The one object that was printed."""
    row: dict[str, Any] = json.loads(out)
    return row


def test_config_of_one_jail(stockade: Runner, tree: Path) -> None:
    """Each expression with its own line, actions with their properties, and what is written nowhere."""
    (tree / "filter.d" / "svc.local").write_text("[Definition]\nfailregex = %(known/failregex)s\n  ^more <HOST>$\n")
    (tree / "jail.local").write_text("[svc]\nage = 3\nmaxretry = %(age)s\naction = note[port=22]\n")
    done = stockade("config", "svc", "--config", str(tree))
    assert done.status == 0
    hold_to_golden("config-jail.txt", done.out.replace(str(tree), "/etc/x"))
    shown = row_of(stockade("config", "svc", "--config", str(tree), "--json").out)["jails"]["svc"]
    assert [(Path(place["path"]).name, place["line"]) for place in shown["failregex"]["lines"]] == [
        ("svc.conf", 2),
        ("svc.conf", 3),
        ("svc.local", 3),
    ]
    assert shown["usedns"] == {"value": "warn", "path": "", "line": 0}
    actionban = {"value": "true <ip>", "path": f"{tree}/action.d/note.conf", "line": 2}
    assert shown["actions"]["note"]["actionban"] == actionban


def test_config_of_all_jails(stockade: Runner, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each jail that runs: what it reads, when it bans, for how long, what it does."""
    monkeypatch.setenv("COLUMNS", "300")
    rows = [line.split() for line in stockade("config", "--config", str(tree)).out.splitlines()]
    assert ["svc", "svc", f"{tree}/svc.log", "3", "10m", "1h", "note"] in rows


def test_config_of_a_jail_that_is_not_enabled(stockade: Runner, tree: Path) -> None:
    """A jail may be looked at before it is enabled; that it is not is said."""
    (tree / "jail.local").write_text("[off]\nfilter = svc\nbackend = systemd\nmaxretry = 8\n")
    assert "off" not in stockade("config", "--config", str(tree)).out.split()
    off = stockade("config", "off", "--config", str(tree)).out
    assert f"# {tree}/jail.local:4" in off
    assert "[off] is not enabled" in off


def test_check_names_what_this_machine_lacks(stockade: Runner, tree: Path) -> None:
    """A log that is not there and a program that is not there are warnings; the jails run."""
    (tree / "action.d" / "note.conf").write_text("[Definition]\nactionban = no-such-program <ip>\n")
    (tree / "jail.local").write_text(
        f"[later]\nenabled = 1\nfilter = svc\naction = note\nlogpath = {tree}/later.log\nbackend = polling\n"
    )
    done = stockade("check", "--config", str(tree))
    assert (done.status, done.err) == (1, "")
    assert "2 jails can run: svc, later" in done.out
    assert f"! {tree}/jail.local:5: [later] there is no such log yet; the jail waits for it" in done.out
    assert f"! {tree}/action.d/note.conf:2: action 'note' calls a program that is not on this machine" in done.out


@pytest.mark.parametrize(
    "name", ["jail.conf", "jail.local", "filter.d/svc.conf", "action.d/note.conf", "fail2ban.conf"]
)
@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(st.sampled_from(PIECES) | st.binary(max_size=12), max_size=14).map(b"".join))
def test_no_file_makes_check_or_config_stumble(stockade: Runner, tree: Path, name: str, data: bytes) -> None:
    """Whatever bytes a file of any kind holds, both commands end with an answer and never with a bug."""
    path = tree / name
    before = path.read_bytes() if path.exists() else b""
    try:
        path.write_bytes(data if name == "jail.conf" else before + b"\n" + data)
        for words in (("check",), ("config", "svc"), ("config", "--json")):
            done = stockade(*words, "--config", str(tree))
            assert done.status in (0, 1, 2), done
            assert "Traceback" not in done.out + done.err
    finally:
        path.write_bytes(before)
