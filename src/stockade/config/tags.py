"""`<tag>` substitution at configuration time: tags of options are replaced, all others stay for later.

In: a text, its option's name and a function that knows tags. Out: the text, each line with its place. Innermost tags go
first, so `<re-<mode>>` works. Never touched: the tags of regular expressions (`<HOST>`, `<F-USER>`, …), a tag behind
`(?P` (a named group), and those the caller excludes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from stockade.config.limits import MAX_TAG_ROUNDS, MAX_TAGS, MAX_VALUE_CHARS
from stockade.config.text import Text, Weaver
from stockade.config.trouble import Trouble

_TAG = re.compile(r"(?<!\(\?P)<([^ <>]+)>")
_REGEX_TAG = re.compile(r"/?F-.+|(?:IP4|IP6|ADDR|HOST|DNS|CIDR|SUBNET|SKIPLINES)/?")
_REMEDY = "look for options that contain each other"


def is_reserved(tag: str) -> bool:
    """Tells whether a tag belongs to the language of regular expressions and never names an option."""
    return _REGEX_TAG.fullmatch(tag) is not None


def expand(name: str, text: Text, resolve: Callable[[str], Text | None], excluded: Collection[str] = ()) -> Text:
    """Replaces every tag of `text` that `resolve` knows, and those in the replacements.

    `name` is the option's own; a tag of that name, or one that is replaced without end, raises Trouble.
    """
    rounds: dict[str, int] = {}
    total = at = 0
    while (match := _TAG.search(text.text, at)) is not None:
        tag = match[1]
        replacement = None if tag in excluded or is_reserved(tag) else resolve(tag)
        if replacement is None:
            at = match.end()
            continue
        rounds[tag] = rounds.get(tag, 0) + 1
        total += 1
        if tag == name or rounds[tag] > MAX_TAG_ROUNDS or total > MAX_TAGS:
            raise Trouble(f"option {name!r} contains itself through tag <{tag}>", f"<{tag}>", _REMEDY)
        text = _replace_all(text, match, replacement)
        if len(text.text) > MAX_VALUE_CHARS:
            raise Trouble(f"option {name!r} is longer than {MAX_VALUE_CHARS} characters", f"<{tag}>", _REMEDY)
        at = max(text.text.rfind("<", 0, match.start()), 0)
    return text


def _replace_all(text: Text, match: re.Match[str], replacement: Text) -> Text:
    """Replaces this tag from its first place on; a named group of the same name stays."""
    whole, places = text
    count = whole.count(match[0], match.start())
    if len(whole) + count * len(replacement.text) > 2 * MAX_VALUE_CHARS:
        raise Trouble("too long after substitution", match[0], _REMEDY)
    woven = Weaver(places[0])
    at = line = 0
    for found in re.compile(r"(?<!\(\?P)" + re.escape(match[0])).finditer(whole, match.start()):
        woven.own(whole[at : found.start()], places[line:])
        woven.insert(replacement)
        line += whole.count("\n", at, found.end())
        at = found.end()
    woven.own(whole[at:], places[line:])
    return woven.text()
