"""Small configuration trees for tests: file names and texts in, a directory out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from stockade.config import Loaded, load

FILTER = {"filter.d/web.conf": "[Definition]\nfailregex = ^no entry for <HOST>$\n"}
ACTION = {"action.d/blk.conf": "[Definition]\nactionban = block <ip>\n"}


def write_tree(root: Path, files: Mapping[str, str]) -> Path:
    """Writes the files below `root`; texts lose their common indent."""
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return root


def load_jail_file(root: Path, text: str, **more: str) -> Loaded:
    """Loads a tree of one filter `web`, one action `blk` and this jail.conf; `more` adds files (`_` for `.`)."""
    files = {**FILTER, **ACTION, "jail.conf": text, **{name.replace("__", "/"): more[name] for name in more}}
    return load(write_tree(root, files), has_files=lambda _: True, has_journal=lambda: False)


def messages(loaded: Loaded) -> list[str]:
    """The problems as an operator reads them, with file names only."""
    return [f"{Path(p.path).name}:{p.line}: {p.message}: {p.value}" for p in loaded.problems]
