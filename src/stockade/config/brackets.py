"""The bracket grammar `name[arg=value, …][…]` of filters, actions, backends and log targets, and lists of such items.

In: text after interpolation. Out: names and arguments. Errors are Trouble with the offending piece as value; the caller
knows the place. No regular expressions: each character is looked at once, whatever the text.
"""

from __future__ import annotations

from stockade.config.limits import MAX_ARGUMENTS, MAX_ITEMS
from stockade.config.trouble import Trouble

_NAME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_HINT = 'write name[option=value, other="a, b"]'


def parse_item(text: str) -> tuple[str, dict[str, str]]:
    """Splits `name[a=1, b="x"][c=2]` into the name and its arguments, later ones winning."""
    head, bracket, rest = text.partition("[")
    name = head.strip()
    if not name:
        raise Trouble("a name is missing", text, _HINT)
    return (name, parse_arguments(rest, 0)) if bracket else (name, {})


def parse_arguments(text: str, at: int) -> dict[str, str]:
    """Reads arguments from behind the first `[` to the end of the text."""
    found: dict[str, str] = {}
    while True:
        at = _skip(text, at)
        if text[at : at + 1] == "]":
            at = _skip(text, at + 1)
            if at == len(text):
                return found
            if text[at] != "[":
                raise Trouble("text behind the closing bracket", text[at:], _HINT)
            at += 1
        elif text[at : at + 1] == "," and not found:
            at += 1
        else:
            name, at = _read_name(text, at)
            found[name], at = _read_value(text, at, name)
            if len(found) > MAX_ARGUMENTS:
                raise Trouble(f"more than {MAX_ARGUMENTS} arguments", "", "shorten the list")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _read_name(text: str, at: int) -> tuple[str, int]:
    """An option's name with its optional `?word=word`; ends behind the `=`."""
    end = _word_end(text, at)
    if end > at and text[end : end + 1] == "?":
        condition = _word_end(text, end + 1)
        if text[condition : condition + 1] == "=":
            end = _word_end(text, condition + 1)
    equals = _skip(text, end)
    if end == at or text[equals : equals + 1] != "=":
        raise Trouble("an option is expected here", text[at:] or "(end of text)", _HINT)
    return text[at:end], equals + 1


def _word_end(text: str, at: int) -> int:
    while at < len(text) and text[at] in _NAME_CHARS:
        at += 1
    return at


def _read_value(text: str, at: int, name: str) -> tuple[str, int]:
    """A value; ends at the `]` or behind the `,` that follows it."""
    start = _skip(text, at)
    quote = text[start : start + 1]
    close = text.find(quote, start + 1) if quote in ("'", '"') else -1
    if close > 0:
        value, end = text[start + 1 : close], _skip(text, close + 1)
    else:
        end = start
        while end < len(text) and text[end] not in ",]":
            end += 1
        value = text[start:end]
    if text[end : end + 1] not in (",", "]"):
        if end == len(text):
            raise Trouble(f"the ] is missing behind option {name!r}", text, _HINT)
        found = text[end:]
        raise Trouble(f"a comma or ] is expected behind option {name!r}", found, "use the other kind of quote")
    return value.strip(), end + (text[end] == ",")


def split_items(text: str) -> list[str]:
    """Splits a list of items at white space outside of brackets; `a [x=1]` and `a[x=1] [y=2]` are one item each."""
    items: list[str] = []
    at = _skip(text, 0)
    while at < len(text):
        end = _item_end(text, at)
        items.append(text[at:end])
        if len(items) > MAX_ITEMS:
            raise Trouble(f"more than {MAX_ITEMS} items", "", "shorten the list")
        at = _skip(text, end)
    return items


def _item_end(text: str, at: int) -> int:
    while True:
        while at < len(text) and text[at] != "[" and not text[at].isspace():
            at += 1
        bracket = _skip(text, at)
        if text[bracket : bracket + 1] != "[":
            return at
        at = _bracket_end(text, bracket + 1)


def _bracket_end(text: str, at: int) -> int:
    """Behind the `]` that closes the bracket, quoted ones not counted; the end of the text when there is none."""
    while at < len(text):
        char = text[at]
        if char == "]":
            return at + 1
        if char in "'\"" and _opens_value(text, at):
            close = text.find(char, at + 1)
            at = close if close > 0 else at
        at += 1
    return len(text)


def _opens_value(text: str, at: int) -> bool:
    """Tells whether the quote at `at` stands behind an `=`; a quote within bare text is only a character."""
    at -= 1
    while at > 0 and text[at].isspace():
        at -= 1
    return text[at] == "="
