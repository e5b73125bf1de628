"""Runs the samples of one filter through the scanner and compares what it finds with what is expected.

In: a corpus and the name of a filter. Out: a `Report` with every miss. The clock stands still at `NOW`, dates without
zone are central European, names and addresses count as the text they are, and expressions are tried even after a hit.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from stockade.config import load_filter
from stockade.match.compile import Surroundings, surroundings
from stockade.match.engine import FilterUse, open_scanner
from stockade.match.limits import Limits
from stockade.match.line_scanner import LineScanner
from stockade.match.problem import ExpressionError
from stockade.match.zones import named_zone
from stockade.model.settings import FilterSettings
from tools.corpus.conditions import BadCondition
from tools.corpus.places import Corpus
from tools.corpus.samples import BadSample, Options, Sample, read_samples

NOW = 1_124_013_600.0
"""2005-08-14 12:00:00 in the samples' zone."""
ZONE = named_zone("CET-01CEST-02,M3.5.0,M10.5.0")

LIMITS = Limits(session_seconds=math.inf)
"""No session ends, since no time goes by."""

_TEST_KEYS = "test."
"""Options that begin so steer the harness and are none of the filter's."""
_UNCOMPARED = frozenset({"match", "desc", "constraint"})
_MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Miss:
    """One check that failed: where, under which options, what was expected and what was found."""

    filter: str
    place: str
    options: str
    expected: str
    got: str
    line: str = ""


@dataclass(slots=True)
class Report:
    """What became of one filter: line checks made, those that expected a failure, option sets tried, misses."""

    filter: str
    checks: int = 0
    expecting: int = 0
    combinations: int = 0
    misses: list[Miss] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Trial:
    """One filter under one option set, with the state that goes from line to line."""

    settings: FilterSettings
    scanner: LineScanner

    def used_rules(self) -> Iterator[tuple[str, bool]]:
        """Every expression and whether any line has hit it."""
        counts = self.scanner.statistics()
        for index, text in enumerate(self.settings.failregex):
            yield text, counts[f"rule_0_{index}"] > 0


def check_filter(corpus: Corpus, name: str) -> Report:
    """Runs every sample of a filter under every option set; never raises for what is wrong with either."""
    report = Report(name)
    trials: dict[str, _Trial] = {}
    try:
        for sample in read_samples(corpus.logs, name):
            for options in sample.sets:
                if sample.is_meant_for(name, options):
                    _check(report, corpus, sample, options, trials)
    except FileNotFoundError as error:
        report.misses.append(Miss(name, Path(str(error.filename)).name, "", "a sample file", "none"))
    except (BadSample, BadCondition) as error:
        report.misses.append(Miss(name, name, "", "a sample file in its format", str(error)))
    except (ExpressionError, OSError) as error:
        report.misses.append(Miss(name, f"{name}.conf", "", "a filter that can be used", str(error)))
    else:
        report.misses += _uncovered(name, trials)
    report.combinations = len(trials)
    return report


def _check(report: Report, corpus: Corpus, sample: Sample, options: Options, trials: dict[str, _Trial]) -> None:
    key = str(options.get("test.filter-name") or json.dumps(_own(options), sort_keys=True))
    if key not in trials:
        trials[key] = _trial(corpus, report.filter, options)
    report.checks += 1
    report.expecting += sample.is_match
    wrong = _compared(_failures(trials[key].scanner, sample, options), sample)
    if wrong is not None:
        expected, got = wrong
        shown = sample.line.decode("utf-8", "replace")
        report.misses.append(Miss(report.filter, sample.place, json.dumps(options), expected, got, shown))


def _own(options: Options) -> Options:
    """The options that are the filter's."""
    return {name: value for name, value in options.items() if not name.startswith(_TEST_KEYS)}


def _trial(corpus: Corpus, name: str, options: Options) -> _Trial:
    arguments = ",".join(f'{option}="{value}"' for option, value in _own(options).items())
    item = f"{name}[{arguments}]" if arguments else name
    settings, problems = load_filter(corpus.config_of(name), item)
    if problems:
        raise ExpressionError(str(problems[0]), problems[0].remedy)
    settings = replace(settings, usedns="raw", logencoding="utf-8")
    uses = [FilterUse(settings, findtime=None, is_all_rules=True)]
    return _Trial(settings, open_scanner(uses, now=NOW, local_zone=ZONE, limits=LIMITS, shared=_shared()))


@cache
def _shared() -> Surroundings:
    """The default date templates, which do not depend on the filter."""
    return surroundings(NOW, ZONE)


def _failures(scanner: LineScanner, sample: Sample, options: Options) -> list[Any]:
    if options.get("logtype") != "journal":
        return list(scanner.feed(sample.line + b"\n", NOW, is_live=False).failures)
    line = str(options.get("test.prefix-line", "")).encode() + sample.line
    return list(scanner.feed_entries([(NOW, line)], NOW, is_live=False).failures)


def _compared(failures: list[Any], sample: Sample) -> tuple[str, str] | None:
    """What was expected and found instead; None if all is well."""
    if not sample.is_match:
        return ("no failure", f"{len(failures)}: {failures[0]}") if failures else None
    if len(failures) != 1:
        return "one failure", f"{len(failures)}: {failures}" if failures else "none"
    for name, expected in (sample.expected or {}).items():
        if name in _UNCOMPARED:
            continue
        got = _value(failures[0], name)
        if not _is_equal(name, expected, got):
            return f"{name} = {expected!r}", repr(got)
    return None


def _value(failure: Any, name: str) -> Any:
    """What a failure has under a name of the annotations."""
    if name == "time":
        moment = failure.time if failure.logged is None else failure.logged
        return datetime.fromtimestamp(moment, ZONE).replace(microsecond=0, tzinfo=None).isoformat()
    if name == "attempts":
        return len(failure.matches)
    if name == "users":
        return failure.users
    if name == "host":
        return failure.fields.get("host", failure.raw_host or failure.id)
    return failure.fields.get(name)


def _is_equal(name: str, expected: Any, got: Any) -> bool:
    if name == "time":
        return expected is None or _parts(expected) == _parts(got)
    if isinstance(expected, list):
        return isinstance(got, list) and sorted(map(str, expected)) == sorted(got)
    return bool(expected == got)


def _parts(moment: str) -> tuple[int, ...] | None:
    """Year to second; annotations may leave out leading zeros, and fractions do not count."""
    found = _MOMENT.fullmatch(moment)
    return tuple(map(int, found.groups())) if found else None


def _uncovered(name: str, trials: dict[str, _Trial]) -> Iterator[Miss]:
    """Expressions that no sample has hit, neither in their own option set nor, with the same text, in another."""
    hit = {text for trial in trials.values() for text, is_used in trial.used_rules() if is_used}
    for key, trial in trials.items():
        for index, (text, _) in enumerate(trial.used_rules()):
            if text not in hit:
                yield Miss(name, f"{name}.conf", key, "a sample for every expression", f"none for #{index}", text)
