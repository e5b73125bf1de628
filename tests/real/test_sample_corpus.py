"""fail2ban's own sample logs against its stock filters, where they are on this machine.

Two corpora are looked for: a copy beside the checkout, and the one that Debian's package of fail2ban installs, which is
of an older release and fits the filters in /etc/fail2ban.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tools.corpus.checks import check_filter
from tools.corpus.places import Corpus, NoCorpus, open_corpus

COPY = Path(__file__).parents[3] / "shared" / "compat" / "fail2ban"
PACKAGE = Path("/usr/lib/python3/dist-packages/fail2ban/tests")
INSTALLED = Path("/etc/fail2ban")


@contextmanager
def opened(place: str) -> Iterator[Corpus]:
    """The corpus `copy` or `installed`, laid out; raises NoCorpus."""
    if place == "copy":
        with open_corpus(COPY) as corpus:
            yield corpus
        return
    with TemporaryDirectory(prefix="corpus-") as name:
        (Path(name) / "config").symlink_to(INSTALLED)
        (Path(name) / "fail2ban").mkdir()
        (Path(name) / "fail2ban" / "tests").symlink_to(PACKAGE)
        with open_corpus(Path(name)) as corpus:
            yield corpus


def names() -> list[tuple[str, str]]:
    """Every corpus with every filter that has samples in it; a copy need not hold all of them. The package's
    filters for tests alone include another one by a path that leads nowhere once installed."""
    found = []
    for place in ("copy", "installed"):
        try:
            with opened(place) as corpus:
                known = [name for name in corpus.filters() if (corpus.logs / name).is_file()]
                found += [(place, name) for name in known if place == "copy" or not name.startswith("zzz-")]
        except NoCorpus:
            continue
    return found


@pytest.fixture(scope="module")
def corpora() -> Iterator[dict[str, Corpus]]:
    """The corpora that are here, laid out."""
    with ExitStack() as open_ones:
        yield {place: open_ones.enter_context(opened(place)) for place in sorted({place for place, _ in names()})}


@pytest.mark.skipif(not names(), reason="fail2ban's sample logs are not on this machine")
@pytest.mark.parametrize(("place", "name"), names())
def test_every_sample_of_a_stock_filter_is_understood(place: str, name: str, corpora: dict[str, Corpus]) -> None:
    """Each annotated line gives exactly the failure it should, each other line none, and each expression has a hit."""
    report = check_filter(corpora[place], name)
    assert report.checks > 0
    assert report.misses == []
