"""The bracket grammar of filters, actions and backends."""

from __future__ import annotations

import pytest

from stockade.config.brackets import parse_item, split_items
from stockade.config.limits import MAX_ARGUMENTS
from stockade.config.trouble import Trouble


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("m", "m", {}),
        ("m[]", "m", {}),
        ("m[a=1,]", "m", {"a": "1"}),
        ("m[,]", "m", {}),
        ('m[a=x,b="p, q",c=\'"\']', "m", {"a": "x", "b": "p, q", "c": '"'}),
        ("m[a=1][b=2]", "m", {"a": "1", "b": "2"}),
        ("m[a=1] [b=2] ", "m", {"a": "1", "b": "2"}),
        ("m[a=1]\n[a=2]", "m", {"a": "2"}),
        ("m[a= two words , b=]", "m", {"a": "two words", "b": ""}),
        ("m [ a = 1 , b = '2' ]", "m", {"a": "1", "b": "2"}),
        ('m[a=x"y]', "m", {"a": 'x"y'}),
        ('m[a="]', "m", {"a": '"'}),
        ('m[a="b][c"]', "m", {"a": "b][c"}),
        ('m[a="x\ny"]', "m", {"a": "x\ny"}),
        ("m[a==b]", "m", {"a": "=b"}),
        ("m[blocktype?family=inet6=DROP]", "m", {"blocktype?family=inet6": "DROP"}),
        ("m[a-b.c_d=1]", "m", {"a-b.c_d": "1"}),
    ],
)
def test_item(text: str, name: str, arguments: dict[str, str]) -> None:
    """A name and its arguments, quoted or bare, in one or several groups."""
    assert parse_item(text) == (name, arguments)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m[a=1, b]", "b]"),
        ("m[", "(end of text)"),
        ("m['s']", "'s']"),
        ('m[a="x"y"]', 'y"]'),
        ("m[a=1]x", "x"),
        ("m[a=1,,b=2]", ",b=2]"),
        ("m[a=x[1]]", "]"),
        ("m[a=1", "a=1"),
        ("[a=1]", "[a=1]"),
        ("", ""),
        ("m[$a=1]", "$a=1]"),
    ],
)
def test_wrong_item(text: str, value: str) -> None:
    """Anything else is refused, and the offending piece is shown."""
    with pytest.raises(Trouble) as caught:
        parse_item(text)
    assert caught.value.value == value
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []),
        ('a b[x=1]\nc[y="1 2"]', ["a", "b[x=1]", 'c[y="1 2"]']),
        ("a [x=1] b", ["a [x=1]", "b"]),
        ("a[x=1] [y=2] c", ["a[x=1] [y=2]", "c"]),
        ("a[x='q ]'] b", ["a[x='q ]']", "b"]),
        ("a[x=it's] b[y=it's]", ["a[x=it's]", "b[y=it's]"]),
        ("a[x=1,\n  y=2]\n\n b", ["a[x=1,\n  y=2]", "b"]),
        ("a[x=1", ["a[x=1"]),
    ],
)
def test_items(text: str, items: list[str]) -> None:
    """A list is split at white space outside of brackets only."""
    assert split_items(text) == items


def test_arguments_are_bounded() -> None:
    """More arguments than the bound are refused."""
    with pytest.raises(Trouble, match="more than"):
        parse_item("m[" + ",".join(f"a{n}=1" for n in range(MAX_ARGUMENTS + 1)) + "]")
