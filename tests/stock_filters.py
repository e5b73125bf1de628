"""The filters of a configuration tree in every variant that their files define, for tests that need many expressions.

In: a tree of fail2ban's shape. Out: items such as `sshd[logtype='journal', mode='ddos']`, found from the files alone: a
tag like `<mdre-<mode>>` says that `mode` chooses among the options that begin with `mdre-`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from stockade.config.history import Merged, Version
from stockade.config.merge import TreeReader

STOCK = Path(__file__).parents[2] / "shared" / "compat" / "fail2ban" / "config"
INSTALLED = Path("/etc/fail2ban")
TREES = [tree for tree in (STOCK, INSTALLED) if (tree / "filter.d").is_dir()]

_CHOICE = re.compile(r"<([^<>]*)<(\w+)>([^<>]*)>")
"""A tag that is named by another one."""


def filter_names(tree: Path) -> list[str]:
    """Every filter that a jail may name: parts (`*common`) and files that only hold examples are none."""
    stems = sorted(path.stem for path in (tree / "filter.d").glob("*.conf"))
    return [stem for stem in stems if not stem.endswith("common") and not stem.startswith("zzz-")]


def filter_items(tree: Path, name: str) -> Iterator[str]:
    """The filter as it is, and in every variant that its file knows.

    Options that choose among options are combined with one another; those that choose a section (`logtype`) vary alone.
    """
    merged = TreeReader([tree]).read(f"filter.d/{name}")
    texts = [(option, version.value.text) for option, version in _written(merged)]
    sections = [(f"{section}/{option}", "") for section, options in merged.sections.items() for option in options]
    yield name
    for choices in (_choices(texts, texts), _choices(sections, texts)):
        for values in product(*choices.values()):
            chosen = ", ".join(f"{option}='{value}'" for option, value in zip(choices, values, strict=True))
            if chosen:
                yield f"{name}[{chosen}]"


def _written(merged: Merged) -> Iterator[tuple[str, Version]]:
    """Every version of every option."""
    for options in (merged.defaults, *merged.sections.values()):
        for option, versions in options.items():
            yield from ((option, version) for version in versions)


def _choices(names: Sequence[tuple[str, str]], texts: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Option → the values for which one of the names exists. What itself asks for the choice is none of the choices."""
    found: dict[str, set[str]] = {}
    for before, option, behind in {match for _, text in texts for match in _CHOICE.findall(text)}:
        asked = f"<{before}<{option}>{behind}>"
        fitting = (name for name, text in names if _fits(name, before, behind) and asked not in text)
        found.setdefault(option, set()).update(name[len(before) : len(name) - len(behind)] for name in fitting)
    return {option: sorted(values) for option, values in sorted(found.items()) if values}


def _fits(name: str, before: str, behind: str) -> bool:
    is_longer = len(name) > len(before) + len(behind)
    return is_longer and name.startswith(before.lower()) and name.endswith(behind.lower())
