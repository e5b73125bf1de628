"""<tag> substitution when the configuration is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from stockade.config.limits import MAX_TAG_ROUNDS
from stockade.config.tags import expand
from stockade.config.text import Text, at_place
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
HERE = ("f", 1)


def expanded(text: str, options: Mapping[str, str], excluded: Collection[str] = ()) -> str:
    """The text of option `o` after expansion."""

    def resolve(tag: str) -> Text | None:
        return at_place(options[tag], HERE) if tag in options else None

    return expand("o", at_place(text, HERE), resolve, excluded).text


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
    assert expanded(text, OPTIONS) == expected


def test_excluded_tags_stay() -> None:
    """What is settled at run time is not replaced, whatever options there are."""
    assert expanded("<b> <a>", OPTIONS, {"b"}) == "<b> <b>"


@pytest.mark.parametrize("options", [{"o": "x"}, {"a": "<o>", "o": "x"}, {"a": "<b>", "b": "<a>"}, {"a": "<a>x"}])
def test_self_reference(options: dict[str, str]) -> None:
    """An option that contains itself is refused."""
    with pytest.raises(Trouble, match="contains itself"):
        expanded("<a> <o>", options)


def test_growth_is_bounded() -> None:
    """Tags that double in many levels end with a message."""
    options = {f"a{n}": f"<a{n + 1}>" * 10 for n in range(20)} | {"a20": "x" * 1000}
    with pytest.raises(Trouble):
        expanded("<a0>", options)


def test_many_uses_of_one_tag_are_no_recursion() -> None:
    """All occurrences are replaced at once, so a long list may use a tag as often as it likes."""
    assert expanded("<b>\n" * (MAX_TAG_ROUNDS * 4), OPTIONS) == "1\n" * (MAX_TAG_ROUNDS * 4)
