"""The files that `ignoreip = file:/path` names: entries separated by blanks, commas or lines, with comments.

In: a file's text and its path. Out: entries as the core reads them, and a Problem with its line for each that means
nothing. Nothing is opened here.
"""

from __future__ import annotations

import re

from stockade.config.addresses import parse_entry
from stockade.config.trouble import Trouble
from stockade.errors import Problem

MAX_ENTRIES = 100_000
"""Entries of one file; the rest is left out, with a Problem."""

MAX_PROBLEMS = 20
"""Wrong entries of one file that are named; of the others only the number is told."""

_COMMENT = re.compile(r"(?:^|(?<=\s))[#;].*")


def parse_ignore_file(text: str, path: str) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Reads a list of addresses, networks, names and other identifiers (§2.6 of the dialect)."""
    entries: dict[str, None] = {}
    problems: list[Problem] = []
    wrong = 0
    for number, line in enumerate(text.split("\n"), 1):
        for word in re.split(r"[\s,]+", _COMMENT.sub("", line)):
            if not word or word in entries:
                continue
            if len(entries) >= MAX_ENTRIES:
                over = Problem(path, number, f"more than {MAX_ENTRIES} entries", remedy="the rest is not ignored")
                return tuple(entries), (*problems, _warning(over))
            try:
                entries[_entry(word)] = None
            except Trouble as trouble:
                wrong += 1
                if wrong <= MAX_PROBLEMS:
                    problems.append(trouble.at(path, number).problem(is_fatal=False))
    if wrong > MAX_PROBLEMS:
        problems.append(_warning(Problem(path, 0, f"{wrong - MAX_PROBLEMS} more entries that mean nothing")))
    return tuple(entries), tuple(problems)


def _entry(word: str) -> str:
    if word.startswith("file:"):
        raise Trouble("a file within a file", word, "name it in ignoreip")
    return parse_entry(word)


def _warning(problem: Problem) -> Problem:
    return Problem(problem.path, problem.line, problem.message, problem.value, problem.remedy, is_fatal=False)
