"""Static properties of actions: what is put in once, and what is wrong with definitions without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.actions import COMMANDS, build_action
from stockade.actions.properties import MAX_COMMAND_BYTES, Unresolvable, expand
from stockade.actions.tags import MAX_TAGS, parse
from stockade.model.settings import ActionSettings
from tests.actions_help import action_tree, blank_ticket, built, one_action, parts


def test_properties_are_replaced_within_properties() -> None:
    """Commands, arguments and `[Init]` options, however deep; the innermost of nested tags first."""
    properties = {"c": "<a> <x-<k>> <k> <b>", "a": "1<b>", "b": "2", "k": "big", "x-big": "<a>!"}
    assert expand("c", properties, "") == "12 12! big 2"


def test_a_family_goes_through_all_levels() -> None:
    """A property within a property is looked up for the family as well."""
    properties = {"c": "<a>", "a": "<b>", "b": "4", "b?family=inet6": "6"}
    assert (expand("c", properties, "inet4"), expand("c", properties, "inet6")) == ("4", "6")


@pytest.mark.parametrize("tag", ["matches", "ipmatches", "ipjailmatches", "bantime", "_helper", "unknown", "F-USER"])
def test_what_is_left_in_place(tag: str) -> None:
    """Lists of lines and the ban's time are never properties; `_names` ended with the reading of the files."""
    properties = {
        "c": f"<{tag}>",
        "matches": "x",
        "ipmatches": "x",
        "ipjailmatches": "x",
        "bantime": "7",
        "_helper": "x",
    }
    assert expand("c", properties, "") == f"<{tag}>"


def test_line_breaks_and_blanks() -> None:
    """`<br>` and `<sp>` stand for what a value in the file cannot hold at its ends."""
    assert expand("c", {"c": "a<br><sp>b"}, "") == "a\n b"


def test_an_absent_command_is_empty_wherever_it_is_mentioned() -> None:
    """`<actionflush>` in a stop of an action that has no flush is nothing."""
    action, problems = build_action(
        ActionSettings("a", "a", {}, {"actionstop": "<actionflush>", "actionban": "b"}), "j"
    )
    assert action is not None
    assert problems == ()
    assert action.script("actionstop", "", blank_ticket("j")) is None
    assert not action.has("actionstop")


@pytest.mark.parametrize(
    "properties",
    [
        {"actionban": "<a>", "a": "<b>", "b": "<a>"},
        {"actionban": "<a>", "a": "x<a>"},
        {"actionban": "<actionunban>", "actionunban": "<actionban>"},
        {"actionban": "<a?family=inet6>", "a?family=inet6": "<a?family=inet6>"},
    ],
)
def test_a_definition_without_end_is_a_problem_with_a_name(properties: dict[str, str]) -> None:
    """The action is not made; the problem names it, the option and where to look."""
    action, (problem, *_) = build_action(ActionSettings("blk", "mine", {}, properties), "web")
    assert action is None
    assert problem.is_fatal
    assert (problem.path, problem.jail) == ("action.d/blk.conf", "web")
    assert "'mine', actionban: contains itself" in problem.message
    assert "action.d/blk.conf" in problem.remedy


def test_a_loop_that_only_one_family_reaches_is_found_when_the_action_is_made() -> None:
    """Nothing is left to fail at the first IPv6 ban."""
    properties = {"actionban": "<a>", "a": "4", "a?family=inet6": "<a>"}
    action, problems = build_action(ActionSettings("a", "a", {}, properties), "j")
    assert action is None
    assert len(problems) == 1


def test_doubling_properties_end_at_the_bound() -> None:
    """Twenty properties that each hold the next one twice would be a megabyte; memory is not spent on that."""
    properties = {f"a{n}": f"<a{n + 1}><a{n + 1}>" for n in range(20)} | {"a20": "x"}
    assert isinstance(expand("a0", properties, ""), Unresolvable)
    assert isinstance(expand("c", {"c": "x" * (MAX_COMMAND_BYTES + 1)}, ""), Unresolvable)
    assert expand("c", {"c": "x" * MAX_COMMAND_BYTES}, "") == "x" * MAX_COMMAND_BYTES


def test_too_many_tags_end_at_the_bound() -> None:
    """One more ticket tag than a script may have is a problem, not a script the kernel refuses."""
    assert not isinstance(parse("<ip>" * MAX_TAGS), Unresolvable)
    assert isinstance(parse("<ip>" * (MAX_TAGS + 1)), Unresolvable)


def test_flags_and_time(tmp_path: Path) -> None:
    """Flags are those of the file or the jail; a command may run for a minute unless `timeout` says otherwise."""
    plain = one_action(tmp_path / "1", "[Definition]\nactionban = b\n")
    assert (plain.is_norestored, plain.is_repair_on_unban, plain.timeout) == (False, False, 60.0)
    text = (
        "[Definition]\nactionban = b <timeout>\nnorestored = 1\nactionrepair_on_unban = on\n[Init]\ntimeout = 1m30s\n"
    )
    own = one_action(tmp_path / "2", text)
    assert (own.is_norestored, own.is_repair_on_unban, own.timeout) == (True, True, 90.0)
    assert parts(own.script("actionban", "", blank_ticket("web"))) == ["b 90"]


@pytest.mark.parametrize("timeout", ["soon", "0", "-5"])
def test_a_wrong_time_limit_is_reported_and_a_minute_is_used(tmp_path: Path, timeout: str) -> None:
    """The jail goes on with the default."""
    tree = action_tree(tmp_path, {"a": "[Definition]\nactionban = b\n"}, {"web": f"a[timeout={timeout}]"})
    actions, (problem,) = built(tree)
    assert "timeout" in problem.message
    assert "'a'" in problem.message
    assert problem.remedy
    assert not problem.is_fatal
    assert actions["web"]["a"].timeout == 60.0


def test_what_an_action_has(tmp_path: Path) -> None:
    """Blank commands count as none; a repeated ban is the ban unless it has a command of its own."""
    text = "[Definition]\nactionban = b\nactionprolong =\nactionunban = <nothing>\n[Init]\nnothing =\n"
    action = one_action(tmp_path, text)
    assert [command for command in COMMANDS if action.has(command)] == ["actionban", "actionreban"]
    assert not action.is_prolongable
    assert action.script("actionreban", "inet4", blank_ticket("web")) == action.script(
        "actionban", "inet4", blank_ticket("web")
    )


def test_a_command_of_one_family_makes_an_action_prolongable(tmp_path: Path) -> None:
    """`actionprolong` counts whichever family it is for."""
    action = one_action(tmp_path, "[Definition]\nactionban = b\n[Init?family=inet6]\nactionprolong = p <ip>\n")
    assert action.is_prolongable
    assert action.script("actionprolong", "inet4", blank_ticket("web")) is None
