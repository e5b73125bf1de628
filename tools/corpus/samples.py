"""The format of sample files: directives, annotations and log lines become lines to be tested under option sets.

In: the bytes of a sample file and of those it names. Out: `Sample` values in file order. Source of the format: the
dialect's description of the corpus. Must not know filters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from tools.corpus.conditions import holds

Options = dict[str, Any]

_DIRECTIVE = re.compile(r"#+ ?(failJSON|filterOptions|fileOptions|addFILE):\s*(.+)")
MAX_FILES = 20
"""Files that one sample file may name in turn; more are an error, since they name each other in a circle."""


class BadSample(ValueError):
    """A sample file breaks its format; the message begins with file and line."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One log line with what is expected of it; `sets` are the option sets to be tried in order.

    `expected` is None for a line without annotation, which must not match.
    """

    place: str
    line: bytes
    expected: Mapping[str, Any] | None
    sets: tuple[Options, ...]

    @property
    def is_match(self) -> bool:
        """Whether exactly one failure is expected."""
        return self.expected is not None and bool(self.expected["match"])

    def is_meant_for(self, name: str, options: Options) -> bool:
        """Whether the line's `constraint` lets it be fed under these options at all."""
        constraint = (self.expected or {}).get("constraint")
        return constraint is None or holds(constraint, {"name": name, "opts": options})


@dataclass(slots=True)
class _State:
    """What the directives so far have said; it carries over to files that are added."""

    filter_name: str
    queue: list[str]
    file_options: Options = field(default_factory=dict)
    sets: tuple[Options, ...] = ({},)
    is_skipping: bool = False

    def choose(self, value: Any) -> None:
        """`filterOptions`: one set or several, each laid over the file's; the last one's condition counts."""
        given = value if isinstance(value, list) else [value]
        self.sets = tuple({**self.file_options, **each} for each in given)
        condition = self.sets[-1].get("test.condition") if self.sets else None
        self.is_skipping = condition is not None and not holds(condition, {"name": self.filter_name})


def read_samples(logs: Path, filter_name: str) -> Iterator[Sample]:
    """Yields the samples of a filter, those of the files included that its own adds; raises BadSample, OSError."""
    state = _State(filter_name, [filter_name])
    for number, name in enumerate(state.queue):
        if number >= MAX_FILES:
            raise BadSample(f"{filter_name}: more than {MAX_FILES} files follow each other")
        yield from _file_samples(logs / name, state)


def _file_samples(path: Path, state: _State) -> Iterator[Sample]:
    expected: Mapping[str, Any] | None = None
    for number, raw in enumerate(path.read_bytes().split(b"\n"), start=1):
        line, place = raw.rstrip(b"\r"), f"{path.name}:{number}"
        if expected is None:
            try:
                directive = _directive(line)
                if directive is not None:
                    expected = _obey(state, *directive)
                    continue
            except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
                raise BadSample(f"{place}: {error}") from error
            if not line.strip() or line.startswith(b"#"):
                continue
        if not state.is_skipping:
            yield Sample(place, line, expected, state.sets)
        expected = None


def _directive(line: bytes) -> tuple[str, Any] | None:
    found = _DIRECTIVE.fullmatch(line.decode("utf-8", "replace"))
    return (found[1], json.loads(found[2])) if found else None


def _obey(state: _State, word: str, value: Any) -> Mapping[str, Any] | None:
    """Does what a directive says; gives the annotation of the next line if it is one."""
    match word, value:
        case "failJSON", dict() if "match" in value:
            return cast("dict[str, Any]", value)
        case "filterOptions", dict() | list():
            state.choose(value)
        case "fileOptions", dict():
            state.file_options = value
        case "addFILE", str() if "/" not in value:
            state.queue.append(value)
        case _:
            raise ValueError(f"{word} cannot be {value!r}")
    return None
