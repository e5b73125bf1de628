"""<tag> substitution when the configuration is read."""

from __future__ import annotations

import pytest

from stockade.config.limits import MAX_TAG_ROUNDS
from stockade.config.tags import expand
from stockade.config.trouble import Trouble

OPTIONS = {
    "mode": "x",
    "re-x": "FOO",
    "a": "<b>",
    "b": "1",
    "open": "<",
    "host": "hijack",
    "HOST": "hijack",
    "F-USER": "hijack",
    "user": "hijack",
    "two": "<re-<mode>> <b>",
    "empty": "",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<re-<mode>>", "FOO"),
        ("<<mode>-<mode>>", "<x-x>"),
        ("<a> <a>", "1 1"),
        ("<two>", "FOO 1"),
        ("<nope> <b>", "<nope> 1"),
        ("cat <<EOF <b>", "cat <<EOF 1"),
        ("<open>b>", "1"),
        ("a<empty>b", "ab"),
        ("<HOST> <F-USER>x</F-USER> <F-ID/> <host>", "<HOST> <F-USER>x</F-USER> <F-ID/> hijack"),
        ("(?P<user>x) <user>", "(?P<user>x) hijack"),
        ("<user> (?P<user>x)", "hijack (?P<user>x)"),
        ("<ip> <b>", "<ip> 1"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_expand(text: str, expected: str) -> None:
    """Tags of options are replaced, innermost first; regular expressions and run-time tags stay."""
    assert expand("o", text, OPTIONS.get) == expected


def test_excluded_tags_stay() -> None:
    """What is settled at run time is not replaced, whatever options there are."""
    assert expand("o", "<b> <a>", OPTIONS.get, {"b"}) == "<b> <b>"


@pytest.mark.parametrize("options", [{"o": "x"}, {"a": "<o>", "o": "x"}, {"a": "<b>", "b": "<a>"}, {"a": "<a>x"}])
def test_self_reference(options: dict[str, str]) -> None:
    """An option that contains itself is refused."""
    with pytest.raises(Trouble, match="contains itself"):
        expand("o", "<a> <o>", options.get)


def test_growth_is_bounded() -> None:
    """Tags that double in many levels end with a message."""
    options = {f"a{n}": f"<a{n + 1}>" * 10 for n in range(20)} | {"a20": "x" * 1000}
    with pytest.raises(Trouble):
        expand("o", "<a0>", options.get)


def test_many_uses_of_one_tag_are_no_recursion() -> None:
    """All occurrences are replaced at once, so a long list may use a tag as often as it likes."""
    assert expand("o", "<b>\n" * (MAX_TAG_ROUNDS * 4), OPTIONS.get) == "1\n" * (MAX_TAG_ROUNDS * 4)
