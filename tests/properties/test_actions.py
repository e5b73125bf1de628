"""Whatever a log holds, a shell that runs a rendered script prints exactly that, and does nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.actions import Action, Script, Ticket, build_action
from stockade.actions.contexts import positions_of
from stockade.actions.families import FAMILIES
from stockade.actions.properties import TAG, expand
from stockade.actions.quoting import is_plain
from stockade.model.settings import ActionSettings

SHELLS = ["/bin/sh", *(path for name in ("dash", "bash", "ksh") if (path := shutil.which(name)) is not None)]
"""The system's own, and each other one that is installed."""

FRAGMENTS = (
    "$(touch harm)", "`touch harm`", ";touch harm;", "|touch harm", "&touch harm", "\ntouch harm\n", ">harm",
    "'\"", "\\", "$0", "$1", "${f2bV_matches}", "$f2bV_ip", "<matches>", "<F-USER>", "<br>", "END", "E", "\nEND\n",
    "*", "~", "#", "-n", "%s", " ", "\t", "\r", "\x01", "\x7f", "é", "\u2028", "\U0001f600", "\0", "=", "!", "a", "0",
)  # fmt: skip
values = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
endings = st.sampled_from(["END", "E", "EN", "ND", "D", ""]) | values
fields = st.dictionaries(st.sampled_from(["user", "a-b", "a_b", "x"]), values)


@cache
def printing(template: str) -> Action:
    """An action that bans by printing."""
    action, _ = build_action(ActionSettings("a", "a", {}, {"actionban": template}), "web")
    assert action is not None
    return action


def rendered(template: str, banned: str, matches: list[str], found: Mapping[str, str]) -> Script:
    """The script of a ban."""
    ticket = Ticket("web", banned, 1.0, 60, matches=tuple(matches), fields=found)
    script = printing(template).script("actionban", ticket.family, ticket)
    assert script is not None
    return script


def run(shell: str, script: Script) -> bytes:
    """What a shell prints that knows no command but its own, in a directory that must stay empty."""
    with tempfile.TemporaryDirectory() as directory:
        argv = [shell.encode(), *script.argv[1:]]
        done = subprocess.run(argv, cwd=directory, env={"PATH": "/"}, capture_output=True, check=False, timeout=20)
        assert (done.returncode, done.stderr) == (0, b""), script
        assert os.listdir(directory) == [], script
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS, ids=os.path.basename)
@given(banned=values, matches=st.lists(values, max_size=3), found=fields)
@settings(max_examples=60, deadline=None)
def test_a_shell_prints_exactly_the_values(
    shell: str,
    banned: str,
    matches: list[str],
    found: Mapping[str, str],
) -> None:
    """In double quotes, side by side and with text around them, every value arrives as it is, without NUL."""
    template = "printf '%s' \"[<fid>|<F-USER>x<F-A-B><F-A_B>|<matches>|<F-X>_<fid>]\""
    user, one, two, x = (found.get(name, "") for name in ("user", "a-b", "a_b", "x"))
    expected = f"[{banned}|{user}x{one}{two}|" + "\n".join(matches) + f"|{x}_{banned}]"
    assert run(shell, rendered(template, banned, matches, found)) == expected.replace("\0", "").encode()


@pytest.mark.parametrize("shell", SHELLS, ids=os.path.basename)
@given(banned=endings, found=st.fixed_dictionaries({"user": endings, "x": endings}))
@settings(max_examples=40, deadline=None)
def test_a_here_document_holds_exactly_the_values(shell: str, banned: str, found: Mapping[str, str]) -> None:
    """No value ends it before its last line."""
    template = "while IFS= read -r x; do printf '%s\\n' \"$x\"; done <<END\n<fid>\n<F-USER><F-X>\ntouch harm\nEND\n"
    expected = f"{banned}\n{found.get('user', '')}{found.get('x', '')}\ntouch harm\n".replace("\0", "")
    assert run(shell, rendered(template, banned, [], found)) == expected.encode()


@given(banned=values, matches=st.lists(values, max_size=3), found=fields)
def test_no_special_character_of_a_value_is_in_the_text(
    banned: str, matches: list[str], found: Mapping[str, str]
) -> None:
    """Wherever an action puts its tags: what the text holds besides the action's own and `$f2bV_…` is harmless."""
    own = "own 'a' \"b\" "
    script = rendered(f"{own}<fid> <matches> '<F-USER>' <F-*>", banned, matches, found)
    text = script.text.rpartition(own)[2]
    assert is_plain(text.replace("'", "").replace("$f2bV_", ""))


tags = st.sampled_from(["a", "b", "c", "ip", "x-<a>", "<b>", "matches", "_u", "br"])
texts = st.lists(st.one_of(tags.map(lambda tag: f"<{tag}>"), st.sampled_from([" ", "t", "<", ">"])), max_size=6).map(
    "".join
)


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c", "x-t", "a?family=inet6", "_u"]), texts), st.sampled_from(FAMILIES)
)
def test_expansion_ends(properties: Mapping[str, str], family: str) -> None:
    """Any properties, however tangled, end in a text without them or in a problem."""
    found = expand("c", {"c": "", **properties}, family)
    if isinstance(found, str):
        left = {match[1] for match in TAG.finditer(found)}
        assert not left & {name for name in properties if not name.startswith("_") and "?" not in name}


@given(st.text("ab \n\t'\"\\`$()#<-EN;", max_size=40))
def test_positions_are_found_in_any_text(script: str) -> None:
    """Reading the places of tags never fails, whatever the operator wrote around them."""
    whole = f"{script}<ip>{script}<ip>"
    first = len(script)
    spans = [(first, first + 4), (2 * first + 4, 2 * first + 8)]
    assert len(positions_of(whole, spans)) == 2
