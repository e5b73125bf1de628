"""Where a corpus keeps its filters and its sample logs.

In: a fail2ban source tree, or a directory with `config/` and `logs/`. Out: the configuration directory of each filter
and the files of the samples. Must not read either.

Two filters exist for the tests alone and include parts of the others by a relative path. So that this path holds in
both layouts, links to the directories are laid out in a temporary place as in a source tree.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TEST_FILTER = "zzz-"
"""Names of filters that exist for the tests alone begin with this."""


class NoCorpus(Exception):
    """A directory holds no corpus; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """One corpus: two directories with `filter.d`, the stock one first, and the directory of the sample logs."""

    config: Path
    test_config: Path
    logs: Path

    def config_of(self, filter_name: str) -> Path:
        """The configuration directory that a filter is read from."""
        return self.test_config if filter_name.startswith(_TEST_FILTER) else self.config

    def filters(self) -> list[str]:
        """Every filter that needs samples: all that are no mere parts of others."""
        places = (self.config / "filter.d", self.test_config / "filter.d")
        names = {path.stem for place in places for path in place.glob("*.conf")}
        return sorted(
            name
            for name in names
            if not name.endswith("common") and (self.config_of(name) / "filter.d" / f"{name}.conf").exists()
        )


@contextmanager
def open_corpus(root: Path) -> Iterator[Corpus]:
    """Lays out the links and hands over the corpus; raises NoCorpus if there is none in `root`."""
    root = root.resolve()
    config = _directory(root, ["config"], "filter.d")
    logs = _directory(root, ["fail2ban/tests/files/logs", "logs"])
    tests = _directory(root, ["fail2ban/tests/config", "config"], "filter.d")
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        place = Path(name)
        (place / "config").symlink_to(config)
        inner = place / "fail2ban" / "tests"
        inner.mkdir(parents=True)
        (inner / "config").symlink_to(tests)
        yield Corpus(place / "config", inner / "config", logs)


def _directory(root: Path, names: Sequence[str], inside: str = ".") -> Path:
    for name in names:
        if (root / name / inside).is_dir():
            return root / name
    raise NoCorpus(f"{root} has no directory {' or '.join(f'{name}/{inside}'.removesuffix('/.') for name in names)}")
