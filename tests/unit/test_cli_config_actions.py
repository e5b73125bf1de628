"""`stockade config --actions`: what the actions of a jail would run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.actions_help import action_tree
from tests.unit.cli_runner import Runner, stockade

__all__ = ["stockade"]

PLAIN = """
[Definition]
actionstart = begin <name>
actionban = ban <ip>
         tell "<matches>"
actionunban = unban <ip>
"""
VARIED = """
[Definition]
actionstart = begin <set>
actionban = add <set> <ip>
[Init]
set = four
[Init?family=inet6]
set = six
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two jails: one with two actions, one with an action that needs advice."""
    actions = {"plain": PLAIN, "varied": VARIED, "bare": "[Definition]\nactionban = echo <F-USER>\n"}
    return action_tree(tmp_path, actions, {"web": "plain[norestored=1, timeout=5] varied", "odd": "bare"})


def test_what_a_person_sees(stockade: Runner, tree: Path) -> None:
    """Each action with its nature, each script once for the families it is the same for."""
    done = stockade("config", "web", "--actions", "--config", str(tree))
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        "[web]\n"
        "  plain  at most 5 s per command, not for restored bans\n"
        "    actionstart\n"
        "      begin web\n"
        "    actionban  inet4\n"
        "      ban 192.0.2.1\n"
        '      tell "an example line of 192.0.2.1"\n'
        "    actionban  inet6\n"
        "      ban 2001:db8::1\n"
        '      tell "an example line of 2001:db8::1"\n'
        "    actionunban  inet4\n"
        "      unban 192.0.2.1\n"
        "    actionunban  inet6\n"
        "      unban 2001:db8::1\n"
        "  varied  starts with the first ban of each family, at most 60 s per command\n"
        "    actionstart  inet4\n"
        "      begin four\n"
        "    actionstart  inet6\n"
        "      begin six\n"
        "    actionban  inet4\n"
        "      add four 192.0.2.1\n"
        "    actionban  inet6\n"
        "      add six 2001:db8::1\n"
        "\n"
    )


def test_what_a_program_sees(stockade: Runner, tree: Path) -> None:
    """One object with every jail, and the problems of the actions with their remedies; exit status 1 for these."""
    done = stockade("config", "--actions", "--json", "--config", str(tree))
    assert done.status == 1
    shown = json.loads(done.out)
    assert {jail: [row["actname"] for row in rows] for jail, rows in shown["jails"].items()} == {
        "web": ["plain", "varied"],
        "odd": ["bare"],
    }
    plain, varied = shown["jails"]["web"]
    assert plain["families_at_start"] == [""]
    assert varied["families_at_start"] == []
    assert plain["commands"][0] == {"command": "actionstart", "families": [""], "text": "begin web", "arguments": []}
    (problem,) = shown["problems"]
    assert "<F-USER> stands outside quotes" in problem["message"]
    assert problem["remedy"]
    assert not problem["is_fatal"]


def test_an_action_that_cannot_be_made_is_told(stockade: Runner, tmp_path: Path) -> None:
    """The others of the jail are shown; the exit status says that something is wrong."""
    endless = "[Definition]\nactionban = x <a>\n[Init]\na = 4\n[Init?family=inet6]\na = <a>\n"
    tree = action_tree(tmp_path, {"plain": PLAIN, "endless": endless}, {"web": "plain endless"})
    done = stockade("config", "web", "--actions", "--config", str(tree))
    assert done.status == 1
    assert "begin web" in done.out
    assert "action 'endless', actionban: contains itself through tag <a>" in done.out
