r"""Single characters: what an escape of Python's `re` stands for, and how to write a character for PCRE2.

In: one escape (`\x41`, `\n`, `\.`) or one character. Out: the character, or PCRE2 text that means just this character
in any mode, inside and outside of classes.
"""

from __future__ import annotations

import unicodedata

from stockade.match.problem import ExpressionError

_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def decoded_escape(text: str, *, is_in_class: bool = False) -> str:
    r"""Returns the character that an escape stands for; the text has passed Python's compiler."""
    letter = text[1]
    if letter in _CONTROLS:
        return _CONTROLS[letter]
    if letter == "N":
        return unicodedata.lookup(text[3:-1])
    if letter in "xuU" and len(text) > 2:
        return chr(int(text[2:], 16))
    if letter == "0" or (is_in_class and letter.isdigit()) or len(text) == 4:
        return chr(int(text[1:], 8))
    return letter


def pcre2_literal(char: str) -> str:
    """Writes one character for PCRE2; raises ExpressionError for half a surrogate pair, which no text contains.

    Characters beyond ASCII stay as they are: the scanner tells by them that an expression is not for bytes alone.
    """
    if "\ud800" <= char <= "\udfff":
        raise ExpressionError(
            f"U+{ord(char):04X} is half of a surrogate pair and occurs in no text", "write the whole character"
        )
    if char.isalnum() or char == "_":
        return char
    if char < " " or char == "\x7f":
        return f"\\x{ord(char):02x}"
    return "\\" + char
