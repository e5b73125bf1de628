"""Every expression of every stock filter compiles, in every mode; where fail2ban's tree is on the machine."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from stockade.config import SHIPPED, load, load_filter
from stockade.match.compile import Surroundings, surroundings
from stockade.match.engine import check_filter
from stockade.model.settings import FilterSettings
from tests.stock_filters import INSTALLED, STOCK, filter_items, filter_names

NOW = 1_795_348_800.0
TREES = [STOCK, INSTALLED, SHIPPED]


def needs(tree: Path) -> None:
    if not (tree / "filter.d").is_dir():
        pytest.skip(f"there is no configuration in {tree.name}")


def compiled_variants(tree: Path, name: str, shared: Surroundings) -> set[FilterSettings]:
    """Loads and compiles a filter in all its variants; returns the distinct ones."""
    found: set[FilterSettings] = set()
    for item in filter_items(tree, name):
        settings, problems = load_filter(tree, item)
        assert not any(problem.is_fatal for problem in problems), item
        if settings not in found:
            assert check_filter(settings, shared) == [], item
        found.add(settings)
    return found


@pytest.mark.parametrize("tree", TREES, ids=["stock", "installed", "shipped"])
def test_every_filter_compiles_in_every_variant(tree: Path) -> None:
    """Each filter file, with each combination of the choices it offers, gives a filter that the scanner takes."""
    needs(tree)
    shared = surroundings(NOW, UTC)
    variants = {name: compiled_variants(tree, name, shared) for name in filter_names(tree)}
    assert all(each.failregex for found in variants.values() for each in found)
    if tree != SHIPPED:
        assert len(variants) > 80
        assert len(variants["sshd"]) > 12
        assert len({text for found in variants.values() for each in found for text in each.failregex}) > 250


@pytest.mark.parametrize("tree", TREES, ids=["stock", "installed", "shipped"])
def test_the_filter_of_every_jail_compiles(tree: Path) -> None:
    """With all jails enabled, their own values of the filters' options compile, too."""
    needs(tree)
    shared = surroundings(NOW, UTC)
    enabled = {"DEFAULT": {"enabled": "true"}}
    loaded = load(tree, jail=enabled, has_files=lambda _: True, has_journal=lambda: True)
    found = {jail.filter for jail in loaded.settings.jails}
    assert [str(error) for settings in found for error in check_filter(settings, shared)] == []
    assert len(found) > (80 if tree != SHIPPED else 0)
