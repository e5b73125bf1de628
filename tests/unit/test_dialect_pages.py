"""The pages of docs/dialect: every row of the checklist stands on one of them, and names tests that exist."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "dialect").glob("*.md"))
ROWS = 242
"""Rows of the checklist: every feature of the dialect has one number."""

_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.*?) \| (.*?) \|$")
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a page: the feature's number, the tests that prove it, and what differs."""

    page: str
    number: int
    proof: str
    differs: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        """(file, function) of every test named."""
        return _TEST.findall(self.proof)


def rows() -> list[Row]:
    """Every row of every page."""
    found = []
    for page in PAGES:
        for line in page.read_text().splitlines():
            if (match := _ROW.match(line)) is not None:
                found.append(Row(page.name, int(match[1]), match[3], match[4].strip()))
    return found


@cache
def functions(path: str) -> frozenset[str]:
    """The names of all functions and classes of a test module; none if there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef))


def test_every_row_of_the_checklist_stands_on_one_page() -> None:
    """Nobody who migrates looks for a feature in vain, and none is described twice."""
    counts = Counter(row.number for row in rows())
    assert [number for number in range(1, ROWS + 1) if counts[number] != 1] == []
    assert set(counts) <= set(range(1, ROWS + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    """A proof that was renamed or removed is noticed."""
    wrong = [
        f"row {row.number}: {path}::{name}"
        for row in rows()
        if row.page == page.name
        for path, name in row.tests
        if name not in functions(path)
    ]
    assert wrong == []


def test_every_row_is_proven_or_says_why_not() -> None:
    """A row without a test says in words what is not there or is done differently."""
    assert [row.number for row in rows() if not row.tests and not row.differs] == []
