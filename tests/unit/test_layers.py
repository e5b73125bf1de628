"""The layers of the architecture, checked on every import statement of the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stockade

ROOT = Path(stockade.__file__).parent
GROUND = {"errors", "model", "__version__"}
"""What every part may import."""

ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "model": {"model"},
    "core": {"model", "core"},
    "capabilities": {"errors"},
    "rights": {"errors", "capabilities"},
    "config": GROUND | {"config"},
    "match": GROUND | {"match", "_scanner"},
    "sources": GROUND | {"sources"},
    "ledger": GROUND | {"ledger"},
    "resolve": GROUND | {"resolve"},
    "enforce": GROUND | {"enforce", "rights", "capabilities"},
    "control": GROUND | {"control"},
    "actions": GROUND | {"actions"},
    # Like the daemon, replay joins parts: configuration, scanner and core over finished logs. It has no effects, so it
    # knows none of the parts that have (ledger, enforce, control, actions), nor the daemon.
    "replay": GROUND | {"replay", "core", "config", "match", "sources", "_scanner"},
}
"""What each part may import; `daemon`, `cli` and `__main__` know everyone."""

EVERYONE = {"daemon", "cli", "__main__", "__init__"}


def part_of(path: Path) -> str:
    """The part a file belongs to: its folder in the package, or its own name."""
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py").removesuffix(".pyi")


def imported_parts(path: Path) -> Iterator[str]:
    """Every part of Stockade that a file imports, wherever the statement stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""] if node.module != "stockade" else [f"stockade.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("stockade."))


FILES = sorted(path for path in ROOT.rglob("*.py") if "data" not in path.relative_to(ROOT).parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_layers(path: Path) -> None:
    """Edges never import each other, the core imports only the model, only daemon and cli know everyone."""
    part = part_of(path)
    if part in EVERYONE:
        return
    assert part in ALLOWED, f"{part} is a new part: give it a place in the layers"
    forbidden = set(imported_parts(path)) - ALLOWED[part]
    assert not forbidden, f"{part} must not import {', '.join(sorted(forbidden))}"


CLOCKS = {("time", "time"), ("time", "sleep"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_clock_looks_at_the_wall_clock(path: Path) -> None:
    """Time is an argument: nobody but the clock reads it, nobody sleeps."""
    if path.name == "clock.py" or part_of(path) == "cli":
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in CLOCKS, f"{path.name}:{node.lineno} looks at a clock"
