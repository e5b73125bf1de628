"""Actions: commands, properties, families and names."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.config.actions import action_name
from stockade.model.settings import ActionSettings
from tests.config_tree import load_jail_file, write_tree

HEAD = "[DEFAULT]\nbackend = polling\n[web]\nenabled = yes\nfilter = web\nlogpath = /l\nmaxretry = 4\nport = 80\n"
FILE = """
    [Definition]
    actionstart = start <table> <_helper>
    actionban = ban <ip> <port> <zone> %(maxretry)s <maxretry> <matches> <bantime> <set> <F-USER>
    actionstart_on_demand = Yes
    _helper = <actionban>
    [Init]
    table = t-<name>
    zone = z
    set = four
    port = none
    [Init?family=inet6]
    set = six
"""


def actions(root: Path, text: str) -> tuple[ActionSettings, ...]:
    """The actions of a jail with this `action`."""
    write_tree(root, {"action.d/a.conf": FILE, "action.d/c.conf": "[Definition]\nactionban = A\n"})
    loaded = load_jail_file(root, f"{HEAD}action = {text}\n")
    assert not [problem for problem in loaded.problems if problem.is_fatal], loaded.problems
    return loaded.settings.jails[0].actions


def test_commands_and_properties(tmp_path: Path) -> None:
    """Commands are final but for run-time tags; arguments and [Init] become properties, by family."""
    (action,) = actions(tmp_path, "a[port=80]")
    assert (action.name, action.actname, action.arguments) == ("a", "a", {"port": "80"})
    ban = "ban <ip> 80 z 4 4 <matches> <bantime> <set> <F-USER>"
    assert action.properties == {
        "actionstart": f"start t-web {ban}",
        "actionban": ban,
        "actionstart_on_demand": "true",
        "port": "80",
        "name": "web",
        "actname": "a",
        "table": "t-<name>",
        "zone": "z",
        "set": "four",
        "set?family=inet6": "six",
    }


@pytest.mark.parametrize(
    ("arguments", "four", "six"),
    [
        ("set=x", "x", "x"),
        ("set=x, set?family=inet6=y", "x", "y"),
        ("set?family=inet6=y", "four", "y"),
        ('set="<known/set>+"', "four+", "six+"),
    ],
)
def test_families(tmp_path: Path, arguments: str, four: str, six: str) -> None:
    """An argument replaces both variants unless the other one is passed as well."""
    (action,) = actions(tmp_path, f"a[{arguments}]")
    assert (action.properties["set"], action.properties["set?family=inet6"]) == (four, six)


def test_a_command_may_be_passed_and_extend_the_files(tmp_path: Path) -> None:
    """`<known/actionban>` in an argument is the file's effective command, .local included."""
    write_tree(tmp_path, {"action.d/c.local": "[Definition]\nactionban = B\n"})
    (action,) = actions(tmp_path, 'c[actionban="<known/actionban>; C"]')
    assert action.properties["actionban"] == "B; C"


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [("blk", "web", "blk"), ("blk", "web-tcp", "blk-tcp"), ("blk", "foo", "blk-foo"), ("x.py", "web", "x")],
)
def test_action_names(file: str, name: str, expected: str) -> None:
    """The unique name is the file's, with a suffix when `name` is not the jail's."""
    assert action_name(file, "web", name) == expected


def test_lists_and_explicit_names(tmp_path: Path) -> None:
    """Several actions, over several lines, each with its own name."""
    found = actions(tmp_path, "a[name=web-tcp]\n   c[actname=mine] c\n  mail.py[dest=x]")
    assert [action.actname for action in found] == ["a-tcp", "mine", "c", "mail"]
    assert found[3] == ActionSettings("mail.py", "mail", {"dest": "x"})
    assert found[0].properties["name"] == "web-tcp"


def test_a_wrong_reference_in_an_action_file(tmp_path: Path) -> None:
    """The problem names the action file's line."""
    write_tree(tmp_path, {"action.d/bad.conf": "[Definition]\nactionban = x\n\nactionunban = %(nope)s\n"})
    loaded = load_jail_file(tmp_path, f"{HEAD}action = bad\n")
    assert not loaded.settings.jails
    assert (Path(loaded.problems[0].path).name, loaded.problems[0].line) == ("bad.conf", 4)


def test_an_action_file_without_definition_is_empty(tmp_path: Path) -> None:
    """Such a file has no commands; it is not an error."""
    write_tree(tmp_path, {"action.d/e.conf": "[Init]\nx = 1\n"})
    assert actions(tmp_path, "e")[0].properties == {"name": "web", "actname": "e", "x": "1"}


def test_a_time_limit_becomes_seconds(tmp_path: Path) -> None:
    """`timeout` is a time like any other, and `<timeout>` says its seconds."""
    assert actions(tmp_path, "c[timeout=1m30s]")[0].properties["timeout"] == "90"
    assert "timeout" not in actions(tmp_path, "c")[0].properties


def test_a_wrong_time_limit_is_left_out_with_a_warning(tmp_path: Path) -> None:
    """The jail runs, the action has the usual limit."""
    write_tree(tmp_path, {"action.d/a.conf": "[Definition]\nactionban = A\n"})
    loaded = load_jail_file(tmp_path, f"{HEAD}action = a[timeout=soon]\n")
    (problem,) = loaded.problems
    assert ("timeout of action 'a'" in problem.message, problem.value, problem.is_fatal) == (True, "soon", False)
    assert "timeout" not in loaded.settings.jails[0].actions[0].properties


def test_variants_of_definition_options_are_reported(tmp_path: Path) -> None:
    """`[Definition?family=…]` has no effect, as ever; whoever writes it is told file, line and where it belongs."""
    text = "[Definition]\nactionban = A<x>\nx = 1\n[Definition?family=inet6]\nactionban = B\n"
    write_tree(tmp_path, {"action.d/a.conf": text})
    loaded = load_jail_file(tmp_path, f"{HEAD}action = a\n")
    (problem,) = loaded.problems
    assert (Path(problem.path).name, problem.line, problem.value) == ("a.conf", 5, "actionban")
    assert "[Init?family=inet6]" in problem.remedy
    assert loaded.settings.jails[0].actions[0].properties["actionban"] == "A1"
    assert "actionban?family=inet6" not in loaded.settings.jails[0].actions[0].properties
