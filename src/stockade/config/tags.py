"""`<tag>` substitution at configuration time: tags of options are replaced, all others stay for later.

In: a text, its option's name and a function that knows tags. Out: the text. Innermost tags go first, so `<re-<mode>>`
works. Never touched: the tags of regular expressions (`<HOST>`, `<F-USER>`, …), a tag behind `(?P` (a named group), and
those the caller excludes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from stockade.config.limits import MAX_TAG_ROUNDS, MAX_TAGS, MAX_VALUE_CHARS
from stockade.config.trouble import Trouble

_TAG = re.compile(r"(?<!\(\?P)<([^ <>]+)>")
_REGEX_TAG = re.compile(r"/?F-.+|(?:IP4|IP6|ADDR|HOST|DNS|CIDR|SUBNET|SKIPLINES)/?")
_REMEDY = "look for options that contain each other"


def is_reserved(tag: str) -> bool:
    """Tells whether a tag belongs to the language of regular expressions and never names an option."""
    return _REGEX_TAG.fullmatch(tag) is not None


def expand(name: str, text: str, resolve: Callable[[str], str | None], excluded: Collection[str] = ()) -> str:
    """Replaces every tag of `text` that `resolve` knows, and those in the replacements.

    `name` is the option's own; a tag of that name, or one that is replaced without end, raises Trouble.
    """
    rounds: dict[str, int] = {}
    total = at = 0
    while (match := _TAG.search(text, at)) is not None:
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
        if len(text) > MAX_VALUE_CHARS:
            raise Trouble(f"option {name!r} is longer than {MAX_VALUE_CHARS} characters", f"<{tag}>", _REMEDY)
        at = max(text.rfind("<", 0, match.start()), 0)
    return text


def _replace_all(text: str, match: re.Match[str], replacement: str) -> str:
    """Replaces this tag from its first place on; a named group of the same name stays."""
    whole = re.compile(r"(?<!\(\?P)" + re.escape(match[0]))
    count = text.count(match[0], match.start())
    if len(text) + count * len(replacement) > 2 * MAX_VALUE_CHARS:
        raise Trouble("too long after substitution", match[0], _REMEDY)
    return text[: match.start()] + whole.sub(lambda _: replacement, text[match.start() :])
