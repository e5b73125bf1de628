"""Lines made of other lines, with what an attacker or a broken program would put into them.

In: a seeded random number generator and sample lines. Out: lines without newlines, of bounded length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

MAX_CHARS = 500
"""Characters of a mutated line; `re` may take minutes for much longer ones."""

_SEPARATORS = " \t:;,.=[](){}<>'\"/\\|@#-_^$*+?&%!"
_ODD = "\x00\x01\x07\x08\x0b\x0c\x1b\x1c\x1d\x1e\x1f\x7f\x85\xa0\u1680\u180e\u2028\u2029\u202e\u3000\ufeff\ufffd"
_CASES = "\u0130\u0131\u017f\u212a\xdf\u1e9e\u03a3\u03c3\u03c2\xe9\xc9\u01c5\u0660\u0661\U0001d7d8\u4e00\U0001f600"
_MARKS = "e\u0301 a\u0308 \u203f \u0345 \u20dd"
_PIECES = (
    "192.0.2.7", "::ffff:198.51.100.3", "2001:db8::1", "[2001:db8::1]", "999.1.1.1", "host.example.com", " from ",
    " user ", ": ", "port 22", "<HOST>", "user=", "rhost=", "\xe9\xe8", "%s", "1" * 60, "a" * 100, ":" * 40, " " * 80,
    "[" * 30,
)  # fmt: skip

Mutation = Callable[[Random, str, str], str]


def mutated(random: Random, lines: Sequence[str]) -> str:
    """One of the lines, changed one to four times; now and then as it is."""
    text = random.choice(lines)
    for _ in range(random.choice([0, 1, 1, 1, 2, 2, 3, 4])):
        text = random.choice(_MUTATIONS)(random, text, random.choice(lines))[:MAX_CHARS]
    return text.replace("\n", " ").rstrip("\r") or "-"


def _place(random: Random, text: str) -> int:
    return random.randint(0, len(text))


def _inserted(alphabet: Sequence[str]) -> Mutation:
    def mutation(random: Random, text: str, _: str) -> str:
        at = _place(random, text)
        return text[:at] + random.choice(alphabet) * random.choice([1, 1, 1, 2, 5]) + text[at:]

    return mutation


def _replaced(alphabet: Sequence[str]) -> Mutation:
    def mutation(random: Random, text: str, _: str) -> str:
        at = _place(random, text)
        return text[:at] + random.choice(alphabet) + text[at + 1 :]

    return mutation


def _flipped(random: Random, text: str, _: str) -> str:
    """One byte with one bit changed, read as the scanner reads what is no UTF-8."""
    raw = bytearray(text.encode())
    if raw:
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    return raw.decode(errors="replace")


def _cut(random: Random, text: str, _: str) -> str:
    begin, end = sorted((_place(random, text), _place(random, text)))
    return random.choice([text[:begin] + text[end:], text[begin:end], text[begin:], text[:end]])


def _repeated(random: Random, text: str, _: str) -> str:
    begin, end = sorted((_place(random, text), _place(random, text)))
    return text[:end] + text[begin:end][:40] * random.choice([1, 2, 3, 20]) + text[end:]


def _swapped(random: Random, text: str, _: str) -> str:
    words = text.split(" ")
    one, other = random.randrange(len(words)), random.randrange(len(words))
    words[one], words[other] = words[other], words[one]
    return " ".join(words)


def _spliced(random: Random, text: str, other: str) -> str:
    return text[: _place(random, text)] + other[_place(random, other) :]


def _cased(random: Random, text: str, _: str) -> str:
    begin, end = sorted((_place(random, text), _place(random, text)))
    change = random.choice([str.upper, str.lower, str.swapcase, str.title])
    return text[:begin] + change(text[begin:end]) + text[end:]


def _folded(random: Random, text: str, _: str) -> str:
    """Letters replaced by those that only some take for the same."""
    return text.translate(
        random.choice([{115: "\u017f"}, {107: "\u212a"}, {105: "\u0131"}, {73: "\u0130"}, {32: "\x1f"}])
    )


_MUTATIONS: tuple[Mutation, ...] = (
    _inserted(_SEPARATORS),
    _inserted(_ODD),
    _inserted(_CASES + _MARKS),
    _inserted(_PIECES),
    _replaced(_SEPARATORS),
    _replaced(_ODD + _CASES),
    _flipped,
    _cut,
    _repeated,
    _swapped,
    _spliced,
    _cased,
    _folded,
)
