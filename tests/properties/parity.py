r"""Runs one expression on many texts by the scanner and by Python's `re`, and compares everything there is to compare.

In: an expression of Python's syntax, texts without newlines. Out: a `Hit` per text and engine: where the match lies and
what each group holds. The expression is instrumented for this (every group gets a name, the whole gets one, and so does
what follows the match), so that the scanner's fields tell all of it; Python runs the expression as it is.
"""

from __future__ import annotations

import re
import signal
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from stockade._scanner import Scanner, Verdict
from stockade.match.gate import Accepted, admit
from stockade.match.limits import Limits
from stockade.match.literals import LiteralFinder
from stockade.match.rarity import Habitat
from stockade.match.spec import DateSpec, FilterSpec, RuleSpec
from stockade.match.splits import NOWHERE
from stockade.match.tokens import Token, tokens
from stockade.match.translate import translate

NOW = 1_795_348_800.0
UNDATED = DateSpec("{NONE}", "^()", 1, ((1, "N"),), True)
LEAD = RuleSpec(r"^(?P<fid>.)(?P<content>.+)$")
"""Takes the first character of each line for the identifier, so that expressions need none of their own."""

PATIENCE = 0.1
"""Seconds of CPU time that `re` gets for one text; it may need hours where the scanner stops at its limit."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A match: its text, how many characters follow it, and its groups from number 1 on."""

    text: str
    rest: int
    groups: tuple[str | None, ...]


Answer = Hit | None | str
"""A match, none, or the scanner's reason for not knowing."""


def _give_up(_signal: int, _frame: object) -> None:
    raise TimeoutError


class Probe:
    """One expression, ready to be run by both engines."""

    def __init__(self, expression: str, *, has_literals: bool = True) -> None:
        signal.signal(signal.SIGPROF, _give_up)
        accepted = admit(expression)
        self.expression = expression
        self.compiled = _compiled("".join(token.text for token in accepted.tokens))
        self._scanner = _scanner(accepted, has_literals=has_literals)

    def python(self, text: str) -> Hit | None:
        """What Python's `re` finds; raises TimeoutError after `PATIENCE`. Only in the main thread."""
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
        try:
            found = self.compiled.search(text)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        return None if found is None else Hit(found[0], len(text) - found.end(), found.groups())

    def scanner(self, texts: Sequence[str]) -> list[Answer]:
        """What the scanner finds in each text; a text must not be empty."""
        entries = [(NOW, f"x{text}".encode()) for text in texts]
        return [self._answer(verdict) for verdict in self._scanner.feed_entries(entries, NOW, is_live=False).verdicts]

    def _answer(self, verdict: Verdict) -> Answer:
        if verdict.verdict == "missed":
            return None
        if verdict.verdict != "fail":
            return verdict.reason or verdict.verdict
        fields = verdict.fields
        groups = tuple(fields.get(f"g{number}") for number in range(1, self.compiled.groups + 1))
        return Hit(fields["whole"], len(fields["rest"]), groups)


def _compiled(text: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(text)


def _scanner(accepted: Accepted, *, has_literals: bool) -> Scanner:
    pattern = translate(instrumented(accepted.tokens)).pattern
    known = LiteralFinder(Habitat(NOWHERE)).known(accepted.tree)
    rule = RuleSpec(pattern, known.literals, known.heads, known.is_caseless) if has_literals else RuleSpec(pattern)
    spec = FilterSpec("t", LEAD, (rule,), (), (UNDATED,), 1, "raw", None, False, ())
    return Scanner([spec], Limits(), is_explaining=True)


def instrumented(accepted: Sequence[Token]) -> list[Token]:
    """The same expression with group 1 around all of it and every group called by its old number."""
    body = max((at for at, token in enumerate(accepted) if token.kind == "flags"), default=-1) + 1
    is_verbose = any("x" in token.text for token in accepted[:body] if token.kind == "flags")
    end = [Token("space", "\n")] if is_verbose else []
    end += [Token("close", ")"), *tokens("(?=(?P<rest>(?s:.*)))")]
    names = list(re.compile("".join(token.text for token in accepted)).groupindex.items())
    numbers = dict(names)
    count = 0
    written = [*accepted[:body], Token("open", "(?P<whole>")]
    for token in accepted[body:]:
        if token.kind == "open" and (token.text == "(" or token.text.startswith("(?P<")):
            count += 1
            written.append(Token("open", f"(?P<g{count}>"))
        else:
            written.append(_referring(token, numbers))
    return [*written, *end]


def _referring(token: Token, numbers: dict[str, int]) -> Token:
    """A token that names a group, with that group's new name or number."""
    if token.kind == "backref":
        return Token("backref", f"(?P=g{numbers[token.text[4:-1]]})")
    if token.kind == "open" and token.text.startswith("(?("):
        name = token.text[3:-1]
        return Token("open", f"(?(g{numbers[name] if name in numbers else int(name)})")
    if token.kind == "escape" and token.text[1] in "123456789" and len(token.text) < 4:
        return Token("backref", f"(?P=g{int(token.text[1:])})")
    return token
