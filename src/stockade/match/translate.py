r"""From Python's `re` syntax to PCRE2's: the same language, the same group numbers, the same group names.

In: an expression that Python's compiler has accepted (`gate.py`). Out: PCRE2 text, and which name has which number.
Translated are `{,n}`, `\Z`, `\v`, `\s`, octal and Unicode escapes, `(?u)` and `(?a)`, `[[`, a `{` that is no
quantifier, `^` under `(?m)`, conditions on names and, as `charset.py` says, letters and sets under `(?i)`. Everything
else reads alike in both; docs/dialect/expressions.md has the whole table, and what differs all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from stockade.match.charset import Reading, translated_category, translated_character, translated_class
from stockade.match.literal_text import decoded_escape
from stockade.match.problem import ExpressionError
from stockade.match.tokens import Token, scoped_flags

MAX_NAME = 32
"""Characters of a group's name; PCRE2 before 10.44 takes no more. A longer one is an error."""

MAX_REPEAT = 65_535
"""The largest count in `{n,m}` that PCRE2 takes. A larger one is an error."""

_WORD = "[A-Za-z0-9_]"
_ASCII_EDGE = {
    "b": rf"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "B": rf"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}
_ASCII_CASELESS = Reading(is_ascii=True, is_caseless=True)

_LINE_BEGIN = r"(?:^|(?<=\n)\z)"
r"""`^` under MULTILINE: Python's also matches behind the last newline of the text, PCRE2's does not."""


@dataclass(frozen=True, slots=True)
class Translation:
    """PCRE2 text, its named groups and how many capturing groups it has."""

    pattern: str
    names: dict[str, int]
    groups: int


@dataclass(slots=True)
class _State:
    """What holds at the present place: flags per open group, names and groups so far."""

    readings: list[Reading] = field(default_factory=lambda: [Reading()])
    is_multiline: list[bool] = field(default_factory=lambda: [False])
    names: dict[str, int] = field(default_factory=dict)
    groups: int = 0

    @property
    def reading(self) -> Reading:
        """How characters compare here."""
        return self.readings[-1]


def translate(accepted: Iterable[Token], *, is_multiline: bool = False) -> Translation:
    """Translates the tokens of an expression that Python accepts; raises ExpressionError for what PCRE2 cannot take."""
    state = _State(is_multiline=[is_multiline])
    pieces = ["(?m)"] if is_multiline else []
    pieces += [_translated(token, state) for token in accepted]
    return Translation("".join(pieces), state.names, state.groups)


def _translated(token: Token, state: _State) -> str:
    match token.kind:
        case "char":
            return _character(token.text, state)
        case "plain" if state.reading == _ASCII_CASELESS:
            return "".join(translated_character(char, state.reading) for char in token.text)
        case "escape":
            return _escape(token.text, state)
        case "set":
            return translated_class(token.text, state.reading)
        case "open":
            return _opened(token, state)
        case "close":
            state.readings.pop()
            state.is_multiline.pop()
            return ")"
        case "repeat":
            return _repeat(token.text)
        case "flags":
            return _global_flags(token.text[2:-1], state)
        case "comment":
            return ""
        case "space":
            return "" if token.text.startswith("#") else token.text
        case _:
            return token.text


def _character(char: str, state: _State) -> str:
    if char == "^":
        return _LINE_BEGIN if state.is_multiline[-1] else "^"
    if char in ".$ ":
        return char
    if char == "{":
        return r"\{"
    is_plain = char.isascii() and char.isprintable() and not char.isalpha()
    return char if is_plain else translated_character(char, state.reading)


def _escape(text: str, state: _State) -> str:
    letter = text[1]
    if letter in "dDwWsSbB":
        return _category(letter, state.reading)
    if letter == "A":
        return r"\A"
    if letter in "Zz":
        return r"\z"
    if letter in "123456789" and len(text) < 4:
        return rf"\g{{{text[1:]}}}"
    return translated_character(decoded_escape(text), state.reading)


def _category(letter: str, reading: Reading) -> str:
    if letter in "bB":
        text = _ASCII_EDGE[letter] if reading.is_ascii else "\\" + letter
    else:
        text = translated_category(letter, is_ascii=reading.is_ascii)
    return f"(?-i:{text})" if reading == _ASCII_CASELESS else text


def _opened(token: Token, state: _State) -> str:
    on, off = scoped_flags(token)
    is_ascii = "a" in on or (state.reading.is_ascii and "u" not in on)
    state.readings.append(Reading(is_ascii, "i" in on or (state.reading.is_caseless and "i" not in off)))
    state.is_multiline.append("m" in on or (state.is_multiline[-1] and "m" not in off))
    if on or off:
        return _flag_group(on, off)
    if token.text == "(":
        state.groups += 1
    elif token.text.startswith("(?P<"):
        state.groups += 1
        _name(token.text[4:-1], state)
    elif token.text.startswith("(?("):
        name = token.text[3:-1]
        return f"(?(<{name}>)" if name.isidentifier() else f"(?({int(name)})"
    return token.text


def _name(name: str, state: _State) -> None:
    if len(name) > MAX_NAME or not name.isascii():
        raise ExpressionError(
            f"the group name {name[:64]!r} is not made of at most {MAX_NAME} ASCII letters, digits and _",
            "choose a shorter, plain name",
        )
    if name in state.names:
        raise ExpressionError(f"the group {name!r} occurs twice", "name one of them F-ALT_… instead")
    state.names[name] = state.groups


def _flag_group(on: str, off: str) -> str:
    kept_on = "".join(flag for flag in on if flag in "imsx")
    kept_off = f"-{off}" if off else ""
    return f"(?{kept_on}{kept_off}:"


def _global_flags(flags: str, state: _State) -> str:
    state.readings[-1] = Reading(state.reading.is_ascii or "a" in flags, state.reading.is_caseless or "i" in flags)
    state.is_multiline[-1] = state.is_multiline[-1] or "m" in flags
    kept = "".join(flag for flag in flags if flag in "imsx")
    return f"(?{kept})" if kept else ""


def _repeat(text: str) -> str:
    if text[0] != "{":
        return text
    bounds, _, suffix = text[1:].partition("}")
    if any(number and int(number) > MAX_REPEAT for number in bounds.split(",")):
        raise ExpressionError(f"{{{bounds}}} repeats more than {MAX_REPEAT} times", "use a smaller count, or * or +")
    low, comma, high = bounds.partition(",")
    return f"{{{low or 0}{comma}{high}}}{suffix}"
