"""Suspicion: which lines look like failed log-ins, and whether the filters of a log recognise such lines.

A line looks so when a word of failure stands near a word of logging in, and an address is on the line. Text between
double quotes is what visitors of a web site write, and does not count, except in JSON. One pass, no backtracking beyond
a few dozen bytes. What is judged is a program's lines together: beside every failure that a filter counts there are
others of the same log-in that it rightly passes over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stockade.core.looks import Tried

MAX_LINE = 1024
"""Bytes of a line that are looked at."""

MAX_CANDIDATES = 400
"""Lines of one piece that hold a word of failure and are looked at closely; the rest of the piece is not."""

MAX_PROGRAMS = 16
"""Programs of one stream that are judged apart; further ones are judged together, as `OTHERS`."""

OTHERS = "others"

BLIND_MISSES = 20
"""So many lines must have been passed over before a filter is called blind."""

BLIND_SHARE, SEEING_SHARE = 0.02, 0.1
"""Blind below the first share of recognised lines, seeing again from the second one on."""

MEMORY = 400
"""Lines after which what is known of a program weighs half, so that a change shows."""

_FAILURE = (
    rb"fail|invalid|incorrect|denied|reject|refused|wrong|illegal|unauthori[sz]ed|not allowed|bad |no such|unknown"
)
_ACCESS = rb"auth|login|logon|log-in|password|passwd|passphrase|credential|user|account|sasl|publickey|secret"
_NEAR = rb"[^\n]{0,24}?"
_LOOK = re.compile(
    rb"(?i:(?:" + _FAILURE + rb")" + _NEAR + rb"(?:" + _ACCESS + rb")|(?:" + _ACCESS + rb")" + _NEAR + rb"(?:"
    + _FAILURE + rb"))"
)  # fmt: skip
_WORD = re.compile(_FAILURE)
"""For text in lower case: nine times as quick as ignoring case, and nearly every ordinary line ends here."""
_ADDRESS = re.compile(
    rb"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|(?i:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6}::[0-9a-f:]{0,39})"
    rb"|(?<![:\w])(?i:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![:\w])"
)
_QUOTED = re.compile(rb'"[^"\n]{0,1024}"')
_PROGRAM = re.compile(rb"(?:^|[ \t>])([A-Za-z_][\w./-]{0,31})(?:\[\d{1,10}\])?:[ \t]")
_JSON = re.compile(rb"^[^{\"]{0,200}\{\s*\"")


def suspicious_lines(data: bytes, limit: int) -> Iterator[bytes]:
    """At most `limit` whole lines of a piece of a log that look like failed log-ins, without their newline."""
    lowered, position = data.lower(), 0
    for _ in range(MAX_CANDIDATES):
        found = _WORD.search(lowered, position)
        end = data.find(b"\n", found.start()) if found else -1
        if found is None or end < 0 or not limit:
            return
        line = data[data.rfind(b"\n", 0, found.start()) + 1 : end]
        if looks_like_failure(line):
            limit -= 1
            yield line
        position = end + 1


def looks_like_failure(line: bytes) -> bool:
    """Tells whether one line looks like a failed log-in from some address."""
    line = line[:MAX_LINE]
    if _ADDRESS.search(line) is None:
        return False
    said = line if _JSON.match(line) else _QUOTED.sub(b'""', line)
    return _LOOK.search(said) is not None


def program_of(line: bytes) -> str:
    """The program that a line in syslog's fashion names; "" when it names none."""
    found = _PROGRAM.search(line[:160])
    return found.group(1).decode("ascii", "replace") if found else ""


class Judgement:
    """What is known of one program's suspicious lines."""

    __slots__ = ("hits", "is_blind", "line", "misses")

    def __init__(self) -> None:
        self.hits = self.misses = 0.0
        self.is_blind = False
        self.line = ""

    def take(self, tried: Tried) -> None:
        """Counts one line."""
        if tried.is_recognised:
            self.hits += 1
        else:
            self.misses += 1
            self.line = tried.line
        if self.hits + self.misses > MEMORY:
            self.hits, self.misses = self.hits / 2, self.misses / 2
        share = self.hits / (self.hits + self.misses)
        if self.is_blind:
            self.is_blind = share < SEEING_SHARE
        else:
            self.is_blind = self.misses >= BLIND_MISSES and share < BLIND_SHARE


class Suspicion:
    """The programs of one stream, judged one by one."""

    __slots__ = ("programs",)

    def __init__(self) -> None:
        self.programs: dict[str, Judgement] = {}

    def take(self, tried: Tried) -> None:
        """Counts one line for its program."""
        judged = self.programs.get(tried.program)
        if judged is None:
            name = tried.program if len(self.programs) < MAX_PROGRAMS else OTHERS
            judged = self.programs.setdefault(name, Judgement())
        judged.take(tried)

    def blind(self) -> Iterator[tuple[str, Judgement]]:
        """The programs whose lines no filter recognises."""
        return ((program, judged) for program, judged in self.programs.items() if judged.is_blind)
