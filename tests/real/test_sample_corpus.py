"""fail2ban's own sample logs against its stock filters, where they are on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.corpus.checks import check_filter
from tools.corpus.places import Corpus, NoCorpus, open_corpus

ROOT = Path(__file__).parents[3] / "shared" / "compat" / "fail2ban"


def _names() -> list[str]:
    """Every filter that has samples here; the copy on this machine need not hold all of them."""
    try:
        with open_corpus(ROOT) as corpus:
            return [name for name in corpus.filters() if (corpus.logs / name).is_file()]
    except NoCorpus:
        return []


@pytest.fixture(scope="module")
def corpus() -> Iterator[Corpus]:
    """The corpus, laid out."""
    with open_corpus(ROOT) as found:
        yield found


@pytest.mark.skipif(not _names(), reason="fail2ban's sample logs are not on this machine")
@pytest.mark.parametrize("name", _names())
def test_every_sample_of_a_stock_filter_is_understood(name: str, corpus: Corpus) -> None:
    """Each annotated line gives exactly the failure it should, each other line none, and each expression has a hit."""
    report = check_filter(corpus, name)
    assert report.checks > 0
    assert report.misses == []
