"""Advice on actions: places where text from a log would be printed wrongly or could do harm."""

from __future__ import annotations

import pytest

from stockade.actions import build_action, takes_free_ids
from stockade.model.settings import ActionSettings, FilterSettings


def advice(command: str, *, has_free_ids: bool = False) -> list[str]:
    """The problems of an action with this ban command; none of them may stop it."""
    settings = ActionSettings("blk", "mine", {}, {"actionban": command})
    action, problems = build_action(settings, "web", has_free_ids=has_free_ids)
    assert action is not None
    assert all(problem.remedy and not problem.is_fatal for problem in problems)
    assert all(problem.message.startswith("action 'mine', actionban: ") for problem in problems)
    return [problem.message.removeprefix("action 'mine', actionban: ") for problem in problems]


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("echo '<F-USER>'", "<F-USER> stands in single quotes"),
        ("cat <<'E'\n<matches>\nE", "<matches> stands in single quotes"),
        ("echo <matches>", "<matches> stands outside quotes"),
        ("echo $(host <ip-host>)", "<ip-host> stands outside quotes"),
        ('eval "x=<F-USER>"', "a second shell (eval, sh -c)"),
        ('su nobody; bash -ec "echo <F-*>"', "a second shell (eval, sh -c)"),
    ],
)
def test_what_is_told(command: str, part: str) -> None:
    """Single quotes hide references, bare tags part words, a second shell would run the value; told once each."""
    (message,) = advice(command)
    assert part in message


@pytest.mark.parametrize(
    "command",
    [
        'printf "%s" "<F-USER>" "<matches>"',
        "cat <<E\n<F-USER>\nE",
        "block <ip> '<fid>' <bantime>",
        "# <matches>\nblock <ip>",
        "eval block <ip>",
        "finish -c <ip>",
        "echo '<unknown>'",
    ],
)
def test_what_is_not_told(command: str) -> None:
    """Double quotes are right, and addresses, numbers and comments need none."""
    assert advice(command) == []


def test_free_ids_count_as_text_from_the_log() -> None:
    """A filter with `<F-ID>` lets an attacker choose what `<ip>` and `<fid>` say."""
    assert len(advice("block -s <ip> '<fid>'", has_free_ids=True)) == 2
    assert advice('block "<ip>" "<fid>"', has_free_ids=True) == []


@pytest.mark.parametrize(
    ("regex", "is_free"), [("^<HOST>", False), ("^<F-ID>\\S+</F-ID>", True), ("(?P<fid>x)", True), ("<F-USER>a", False)]
)
def test_which_filters_take_free_ids(regex: str, is_free: bool) -> None:
    """Those that capture the identifier themselves."""
    assert takes_free_ids(FilterSettings("f", failregex=("^a <HOST>", regex))) is is_free
    assert takes_free_ids(FilterSettings("f", prefregex=regex)) is is_free


def test_an_action_written_in_python_is_left_out() -> None:
    """The reader has told so already; it is no empty action that counts as one that works."""
    assert build_action(ActionSettings("mail.py", "mail", {"dest": "x"}), "web") == (None, ())
