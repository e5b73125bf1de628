"""Tests Stockade on fail2ban's annotated sample logs: `python tools/sample_corpus.py DIRECTORY`.

The directory is a fail2ban source tree, or holds `config/` and `logs/`. Only stockade must be installed. Exit status:
0 every check passed, 1 some did not, 2 the call was wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.corpus.checks import Miss, Report, check_filter
from tools.corpus.places import Corpus, NoCorpus, open_corpus

SHOWN = 200
"""Characters of a line or value that the table shows."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the harness and returns the exit status."""
    options = _options(arguments)
    try:
        with open_corpus(options.directory) as corpus:
            names = _chosen(corpus, options.filter)
            reports = list(_run(corpus, names, is_shown=sys.stderr.isatty()))
    except NoCorpus as error:
        print(f"sample_corpus: {error}\n  → name a fail2ban source tree", file=sys.stderr)
        return 2
    print(json.dumps(_summary(reports)) if options.json else "\n".join(_page(reports)))
    return 1 if any(report.misses for report in reports) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sample_corpus", description="Run fail2ban's sample logs through Stockade.")
    parser.add_argument("directory", type=Path, help="a fail2ban source tree, or a directory with config/ and logs/")
    parser.add_argument("--filter", action="append", default=[], metavar="NAME", help="only this filter (repeatable)")
    parser.add_argument("--json", action="store_true", help="print one object: counts and every miss")
    return parser.parse_args(arguments)


def _chosen(corpus: Corpus, wanted: Sequence[str]) -> list[str]:
    known = corpus.filters()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise NoCorpus(f"there is no filter {', '.join(unknown)} in this corpus")
    return list(wanted) or known


def _run(corpus: Corpus, names: Sequence[str], *, is_shown: bool) -> Iterator[Report]:
    for number, name in enumerate(names, start=1):
        if is_shown:
            print(f"\r\x1b[K{number}/{len(names)} {name}", end="", file=sys.stderr, flush=True)
        yield check_filter(corpus, name)
    if is_shown:
        print("\r\x1b[K", end="", file=sys.stderr)


def _summary(reports: Sequence[Report]) -> dict[str, object]:
    return {
        "filters": len(reports),
        "combinations": sum(report.combinations for report in reports),
        "checks": sum(report.checks for report in reports),
        "expecting": sum(report.expecting for report in reports),
        "missed": sum(len(report.misses) for report in reports),
        "misses": [asdict(miss) for report in reports for miss in report.misses],
    }


def _page(reports: Sequence[Report]) -> Iterator[str]:
    misses = [miss for report in reports for miss in report.misses]
    yield from _table(misses)
    counts = _summary(reports)
    yield (
        f"{counts['checks']} checks ({counts['expecting']} expect a failure) of {counts['filters']} filters under "
        f"{counts['combinations']} option sets: {len(misses) or 'none'} missed"
    )


def _table(misses: Iterable[Miss]) -> Iterator[str]:
    for miss in misses:
        yield f"{miss.place}  {miss.filter}  {miss.options}".rstrip()
        for title, text in (("expected", miss.expected), ("got", miss.got), ("line", miss.line)):
            if text:
                yield f"  {title:<9} {_printable(text)}"


def _printable(text: str) -> str:
    """One line without control characters: sample lines are attackers' lines."""
    shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in shown)


if __name__ == "__main__":
    sys.exit(main())
