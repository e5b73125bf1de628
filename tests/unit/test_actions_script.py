"""Scripts: which values become arguments, how they are named, and what happens at each bound."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stockade.actions import Action, Script, Ticket, build_action
from stockade.actions.properties import MAX_COMMAND_BYTES
from stockade.actions.quoting import MAX_ARGUMENTS_BYTES, MAX_PLAIN_BYTES, MAX_PLAIN_TOTAL, MAX_VALUE_BYTES
from stockade.actions.tags import MAX_TAGS
from stockade.errors import Bug
from stockade.model.settings import ActionSettings

SPECIAL = "\\#&;`|*?~<>^()[]{}$'\"\n\r"
CONTROL = "".join(map(chr, range(1, 32))) + "\x7f"
MAX_ARGUMENT = 128 << 10
"""Linux refuses an argument of this many bytes, its NUL counted."""


def action_of(command: str) -> Action:
    """An action with this ban command."""
    action, _ = build_action(ActionSettings("a", "a", {}, {"actionban": command}), "web")
    assert action is not None
    return action


def script_of(command: str, **fields: str) -> Script:
    """The ban of a ticket with these fields."""
    script = action_of(command).script("actionban", "inet4", Ticket("web", "192.0.2.1", 1.0, 60, fields=fields))
    assert script is not None
    return script


def output(script: Script) -> bytes:
    """What the system's shell prints."""
    done = subprocess.run(script.argv, capture_output=True, check=False, timeout=10)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.mark.parametrize("char", SPECIAL + CONTROL)
def test_every_special_character_makes_an_argument(char: str) -> None:
    """No character that could mean something to a shell is ever in its text."""
    script = script_of('echo "<F-USER>"', user=f"a{char}b")
    assert script == Script('f2bV_F_user=$0 \necho "$f2bV_F_user"', (f"a{char}b",))


@pytest.mark.parametrize("value", ["", "alice", "two words", "-rf", "a=b", "é", "50%", "x!,.:/@+_-"])
def test_other_values_stand_in_the_text(value: str) -> None:
    """As in fail2ban, blanks included: quotes are the action's business."""
    assert script_of('echo "<F-USER>" x', user=value) == Script(f'echo "{value}" x')


def test_names_and_order() -> None:
    """Variables are named for their tags, once each, in order of appearance, captured fields last."""
    ticket = Ticket("web", ";", 1.0, 60, ip=";;", matches=("$",), fields={"user": "u;", "fid": "i;", "fport": "p;"})
    script = action_of('"<F-USER> <matches> <ip> <F-ID> <F-PORT> <ip> <F-*>"').script("actionban", "", ticket)
    assert script is not None
    assert script.text.partition("\n")[0] == (
        "f2bV_matches=$0 f2bV_ip=$1 f2bV_F__=$2 f2bV_F_user=$3 f2bV_F_fid=$4 f2bV_F_fport=$5 "
    )
    assert (script.arguments[:2], script.arguments[3:]) == (("$", ";;"), ("u;", "i;", "p;"))


def test_values_are_not_read_again() -> None:
    """A value that looks like a tag or a variable is printed as it is."""
    script = script_of('printf %s "<F-A>|<F-B>"', a="<F-B> <ip> <br>", b="$f2bV_F_a ${f2bV_F_a}")
    assert output(script) == b"<F-B> <ip> <br>|$f2bV_F_a ${f2bV_F_a}"


@pytest.mark.parametrize("behind", ["x", "_", "1", "<F-PLAIN>", "<F-EMPTY>z", ".", "<F-OTHER>", '"x"'])
def test_text_behind_a_reference_does_not_lengthen_its_name(behind: str) -> None:
    """`<F-USER>x` is the value and an x, not an unset variable."""
    fields = {"user": "a;", "plain": "p", "other": "o;"}
    script = script_of(f'printf %s "<F-USER>{behind}"', **fields)
    shown = behind.replace("<F-PLAIN>", "p").replace("<F-EMPTY>", "").replace("<F-OTHER>", "o;").replace('"', "")
    assert output(script) == f"a;{shown}".encode()


def test_more_than_ten_variables() -> None:
    """The eleventh is `${10}`; `$10` would be the second one and a zero."""
    names = [f"v{number}" for number in range(14)]
    tags = " ".join(f"<F-{name.upper()}>" for name in names)
    script = script_of(f'printf %s "{tags}"', **{name: f"{name};" for name in names})
    assert "f2bV_F_v9=$9 f2bV_F_v10=${10} " in script.text
    assert output(script).decode().split() == [f"{name};" for name in names]


def test_tags_whose_names_differ_only_in_signs_keep_their_own_values() -> None:
    """`<F-A-B>` and `<F-A_B>` are two variables although both are called `f2bV_F_a_b`."""
    script = script_of('printf %s "<F-A-B> <F-A_B>"', **{"a-b": "1;", "a_b": "2;"})
    assert output(script) == b"1; 2;"


@pytest.mark.parametrize("value", ["END", "E", "ND"])
def test_no_value_ends_a_here_document(value: str, tmp_path: Path) -> None:
    """A user called like the document's last line would make commands of the lines behind it."""
    harm = tmp_path / "harm"
    script = script_of(f"/bin/cat <<END\nE<F-NONE>\n<F-USER>\n<F-A><F-USER>\n{harm}\nEND\n", user=value, a="E")
    assert output(script).decode() == f"E\n{value}\nE{value}\n{harm}\n"


def test_addresses_stand_in_quoted_here_documents_as_they_are() -> None:
    """What cannot be the last line needs no variable, which would not be followed there."""
    assert script_of("cat <<'END'\n<ip>\nEND").text == "cat <<'END'\n192.0.2.1\nEND"


def test_nothing_to_run() -> None:
    """A command that is blank once its tags are replaced is not run."""
    ticket = Ticket("web", "192.0.2.1", 1.0, 60)
    assert action_of("<F-USER> <br>").script("actionban", "inet4", ticket) is None


def test_an_unknown_command_is_a_bug() -> None:
    """Names of commands and families come from the program, never from outside."""
    with pytest.raises(Bug):
        action_of("b").script("actionbann", "inet4", Ticket("web", "192.0.2.1", 1.0, 60))


def test_nul_and_broken_text() -> None:
    """An argument cannot hold NUL: it is left out; half a surrogate pair becomes a question mark."""
    assert output(script_of('printf %s "<F-USER>"', user="a\0b;\ud800")) == b"ab;?"


def test_a_long_value_is_cut_between_characters_and_named() -> None:
    """At the bound a value loses its end, never a part of a character; the script says which one."""
    script = script_of('printf %s "<F-USER>"', user=";" + "é" * MAX_VALUE_BYTES)
    assert script.arguments[0].encode() == (";" + "é" * MAX_VALUE_BYTES).encode()[: MAX_VALUE_BYTES - 1]
    assert script.shortened == ("F-USER",)
    assert output(script) == script.arguments[0].encode()


def test_a_long_harmless_value_is_an_argument() -> None:
    """The script's text stays short whatever a log holds."""
    short, long = "x" * MAX_PLAIN_BYTES, "x" * (MAX_PLAIN_BYTES + 1)
    assert script_of('"<F-USER>"', user=short).arguments == ()
    assert script_of('"<F-USER>"', user=long).arguments == (long,)


def test_many_long_values_end_at_the_sum() -> None:
    """Beyond the sum of all arguments, the last values are cut or empty, and named."""
    names = [f"v{number}" for number in range(8)]
    command = 'printf %s "' + "".join(f"<F-{name.upper()}>" for name in names) + '"'
    script = script_of(command, **dict.fromkeys(names, ";" * (2 * MAX_VALUE_BYTES)))
    assert sum(len(argument) + 1 for argument in script.arguments) <= MAX_ARGUMENTS_BYTES + len(names)
    assert len(script.shortened) == len(names)
    assert output(script) == "".join(script.arguments).encode()


def test_the_longest_script_is_one_the_kernel_takes() -> None:
    """As many tags, text and values as the bounds allow: a shell still starts."""
    tags = "".join(f"<F-{number:03}{'X' * 86}>" for number in range(MAX_TAGS))
    command = ": '" + "_" * (MAX_COMMAND_BYTES - len(tags.encode()) - 5) + "'" + tags + "x"
    assert len(command.encode()) <= MAX_COMMAND_BYTES
    fields = {f"{number:03}{'x' * 86}": "y" * 1000 if number < 16 else ";" for number in range(MAX_TAGS)}
    script = script_of(command, **fields)
    assert 100_000 < len(script.text.encode()) < MAX_ARGUMENT
    assert len(script.arguments) == MAX_TAGS - MAX_PLAIN_TOTAL // 1024
    assert output(script) == b""
