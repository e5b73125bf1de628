"""Quoting: a value that a shell could misread becomes a positional argument and a reference to it.

In: the values of a command's tags. Out: what stands in the script in their place, the first line that names the
arguments, and the arguments. No value with a special character ever becomes part of the script's text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_SPECIAL = re.compile(r"[\\#&;`|*?~<>^()\[\]{}$'\"\x01-\x1f\x7f]")
"""fail2ban's list, and every control character besides newline and carriage return."""

_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_]")

MAX_VALUE_BYTES: Final = 96 << 10
"""A longer value is cut there, between two characters (Linux refuses an argument of 128 KiB)."""

MAX_ARGUMENTS_BYTES: Final = 512 << 10
"""All arguments of one script; the value that passes it is cut, those behind it are empty (Linux allows 2 MiB)."""

MAX_PLAIN_BYTES: Final = 4 << 10
"""A longer value is an argument even if it has no special character."""

MAX_PLAIN_TOTAL: Final = 16 << 10
"""Values put into one script's text, together; from there on each is an argument."""


def clean(value: str) -> str:
    """The value as a process can receive it: without NUL, and what is no Unicode text replaced."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def is_plain(value: str) -> bool:
    """Tells whether a value may stand in a script as it is; blanks may, as in fail2ban."""
    return _SPECIAL.search(value) is None


def cut(value: str, limit: int) -> str:
    """The longest beginning of a value that has at most `limit` bytes in UTF-8."""
    encoded = value.encode()
    return value if len(encoded) <= limit else encoded[: max(limit, 0)].decode("utf-8", "ignore")


@dataclass(slots=True)
class Arguments:
    """The values of one script that are passed besides its text, in the order in which they were added."""

    values: dict[str, str] = field(default_factory=dict)
    shortened: list[str] = field(default_factory=list)
    _free: int = MAX_ARGUMENTS_BYTES
    _free_plain: int = MAX_PLAIN_TOTAL

    def take_plain(self, value: str, times: int) -> bool:
        """Tells whether a value may stand in the text `times` times, and counts it if so."""
        size = len(value.encode())
        if size > MAX_PLAIN_BYTES or size * times > self._free_plain or not is_plain(value):
            return False
        self._free_plain -= size * times
        return True

    def add(self, tag: str, value: str) -> str:
        """Makes a value an argument and returns the name of its variable."""
        name = self._name(tag)
        kept = cut(value, min(MAX_VALUE_BYTES, self._free))
        if kept != value:
            self.shortened.append(tag)
        self._free -= len(kept.encode()) + 1
        self.values[name] = kept
        return name

    def _name(self, tag: str) -> str:
        """`f2bV_` and the tag; a number when two tags differ only in characters that no name may have."""
        tag = f"F_{tag[2:].lower()}" if tag.startswith("F-") else tag
        name = plain = "f2bV_" + _NOT_A_NAME.sub("_", {"F_id": "F_fid", "F_port": "F_fport"}.get(tag, tag))
        number = 2
        while name in self.values:
            name, number = f"{plain}_{number}", number + 1
        return name

    def first_line(self) -> str:
        """The assignments, `name=$0 other=$1 `, that give the arguments their names; "" without arguments."""
        numbers = (f"${number}" if number < 10 else f"${{{number}}}" for number in range(len(self.values)))
        line = "".join(f"{name}={number} " for name, number in zip(self.values, numbers, strict=True))
        return line and line + "\n"


def reference(name: str, following: str) -> str:
    """Names a variable in a script; in braces where the text behind it would lengthen the name."""
    is_separate = not following or _NOT_A_NAME.match(following) is not None
    return f"${name}" if is_separate else f"${{{name}}}"
