"""Golden trees: small configurations and exactly what they mean; see tests/golden/config/README.md."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from stockade.config import Loaded, load
from stockade.model.settings import FilterSettings, JailSettings, Origin

CASES = sorted(path.parent for path in (Path(__file__).parents[1] / "golden" / "config").glob("*/tree"))


def canonical(loaded: Loaded, root: Path) -> dict[str, Any]:
    """Settings without defaults, origins and problems, as JSON values with relative paths."""

    def place(origin: Origin) -> str:
        return f"{os.path.relpath(origin.path, root) if origin.path.startswith('/') else origin.path}:{origin.line}"

    return {
        "daemon": asdict(loaded.settings.daemon),
        "jails": [differing(jail) for jail in loaded.settings.jails],
        "origins": {
            f"{jail or '(daemon)'}.{option}": [place(found.origin)]
            + [f"{place(at)} = {line}" for at, line in zip(found.lines, found.text.split("\n"), strict=True)]
            for (jail, option), found in sorted(loaded.origins.items())
        },
        "problems": [str(problem) for problem in loaded.problems],
        "is_whole": loaded.is_whole,
    }


def differing(jail: JailSettings) -> dict[str, Any]:
    """What differs from a jail without options."""
    plain, own = asdict(JailSettings(jail.name, FilterSettings(jail.filter.name))), asdict(jail)
    return {field.name: own[field.name] for field in fields(jail) if own[field.name] != plain[field.name]} | {
        "name": jail.name
    }


def load_case(case: Path) -> dict[str, Any]:
    """Loads one case with the machine it describes."""
    machine = (case / "machine").read_text().split() if (case / "machine").exists() else []
    overrides = [case / "layer"] if (case / "layer").is_dir() else []
    loaded = load(
        case / "tree", overrides=overrides, has_files=machine.__contains__, has_journal=lambda: "journal" in machine
    )
    text = json.dumps(canonical(loaded, case))
    return json.loads(text.replace(f"{case}/", ""))  # type: ignore[no-any-return]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Path) -> None:
    """A tree means what its expected.json says, to the letter of every message."""
    found = load_case(case)
    expected = case / "expected.json"
    if os.environ.get("STOCKADE_GOLDEN") == "write":
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))
