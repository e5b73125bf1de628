"""Families of action properties: variants, and whom an action starts for."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.actions import family_of
from stockade.actions.families import families_at_start, look_up
from tests.actions_help import action_tree, blank_ticket, built, one_action, parts


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("192.0.2.1", "inet4"),
        ("192.0.2.77/24", "inet4"),
        ("2001:db8::1", "inet6"),
        ("2001:db8::/64", "inet6"),
        ("192.0.2.1 ", ""),
        ("alice", ""),
        ("", ""),
    ],
)
def test_the_family_of_an_id(text: str, family: str) -> None:
    """Addresses and networks have one, everything else has none."""
    assert family_of(text) == family


@pytest.mark.parametrize(("family", "found"), [("inet6", "six"), ("inet4", "plain"), ("", "plain")])
def test_a_variant_comes_before_the_plain_property(family: str, found: str) -> None:
    """`x?family=inet6` is what `<x>` means for IPv6; others see `x`."""
    assert look_up({"x": "plain", "x?family=inet6": "six"}, "x", family) == found
    assert look_up({"x?family=inet6": "six"}, "x", "inet4") is None


@pytest.mark.parametrize(
    ("properties", "families"),
    [
        ({}, ("",)),
        ({"x?family=inet6": "1"}, ("inet4", "inet6")),
        ({"families": "inet6"}, ("inet6",)),
        ({"families": "inet6, inet4 inet6"}, ("inet6", "inet4")),
        ({"families": "ipv4"}, ("",)),
    ],
)
def test_whom_an_action_starts_for(properties: dict[str, str], families: tuple[str, ...]) -> None:
    """Named families; else both if anything differs by family; else one run for all."""
    assert families_at_start(properties, True) == families


def test_ipv6_that_is_not_allowed_is_not_started() -> None:
    """An action with variants then starts for IPv4 alone."""
    assert families_at_start({"x?family=inet6": "1"}, False) == ("inet4",)


@pytest.mark.parametrize(
    ("text", "is_on_demand"),
    [
        ("[Definition]\nactionban = b <x>\n[Init]\nx = 4\n", False),
        ("[Definition]\nactionban = b <x>\n[Init]\nx = 4\n[Init?family=inet6]\nx = 6\n", True),
        ("[Definition]\nactionstart_on_demand = no\nactionban = b\n[Init?family=inet6]\nx = 6\n", False),
        ("[Definition]\nactionstart_on_demand = yes\nactionban = b\n", True),
    ],
)
def test_on_demand(tmp_path: Path, text: str, is_on_demand: bool) -> None:
    """An action waits for its first ban if anything in it differs by family, unless it says itself."""
    assert one_action(tmp_path, text).is_on_demand is is_on_demand


def test_commands_are_the_same_for_both_families_unless_they_use_a_variant(tmp_path: Path) -> None:
    """Whoever runs them compares scripts to run identical starts once."""
    text = "[Definition]\nactionstart = s <name>\nactionstop = t <x>\n[Init]\nx = 4\n[Init?family=inet6]\nx = 6\n"
    action = one_action(tmp_path, text)
    starts = [action.script("actionstart", family, blank_ticket("web")) for family in ("", "inet4", "inet6")]
    assert len(set(starts)) == 1
    stops = [parts(action.script("actionstop", family, blank_ticket("web"))) for family in ("", "inet4", "inet6")]
    assert stops == [["t 4"], ["t 4"], ["t 6"]]


def test_an_argument_replaces_both_variants_unless_it_names_one(tmp_path: Path) -> None:
    """`act[x=A]` sets both families; `act[x=A, x?family=inet6=B]` tells them apart."""
    text = "[Definition]\nactionban = b <x>\n[Init]\nx = 4\n[Init?family=inet6]\nx = 6\n"
    jails = {"one": "a[x=A]", "two": "a[x=A, x?family=inet6=B]", "three": "a[x?family=inet6=B]"}
    actions, problems = built(action_tree(tmp_path, {"a": text}, jails))
    assert problems == []
    found = {
        jail: [parts(own["a"].script("actionban", family, blank_ticket(jail))) for family in ("inet4", "inet6")]
        for jail, own in actions.items()
    }
    assert found == {"one": [["b A"], ["b A"]], "two": [["b A"], ["b B"]], "three": [["b 4"], ["b B"]]}


def test_an_unknown_family_is_reported(tmp_path: Path) -> None:
    """`families` takes inet4 and inet6; another word is told and left out."""
    actions, (problem,) = built(
        action_tree(tmp_path, {"a": "[Definition]\nactionban = b\n"}, {"web": "a[families=v6]"})
    )
    assert "action 'a', families: 'v6'" in problem.message
    assert not problem.is_fatal
    assert actions["web"]["a"].families_at_start(True) == ("",)
