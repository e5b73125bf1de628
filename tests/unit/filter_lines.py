"""Reads `lines.log` and `attacks.log` of a filter, as docs/filter-format.md defines them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FIELD = re.compile(r'\s+(\w+)=("(?:[^"\\]|\\.)*"|\S+)')


@dataclass(frozen=True, slots=True)
class Expected:
    """What one line means: `verdict` is fail|nofail|none|odd; `fields` must be captured so."""

    place: str
    text: str
    verdict: str
    address: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Lines under one set of filter options."""

    options: str
    lines: list[Expected]


def read_parts(path: Path) -> list[Part]:
    """Reads a file; ValueError names the line that breaks the format."""
    parts = [Part("", [])]
    verdict = ""
    for place, text in _numbered(path):
        if text.startswith("#:"):
            parts.append(Part(",".join(text[2:].split()), []))
        elif text.startswith("##") or not text:
            continue
        elif text.startswith("# "):
            verdict = text[2:]
        elif not verdict:
            raise ValueError(f"{place}: a line without a verdict above it")
        else:
            parts[-1].lines.append(_expected(place, text, verdict))
            verdict = ""
    return [part for part in parts if part.lines]


def _numbered(path: Path) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(path.read_text().split("\n"), 1):
        yield f"{path.parent.name}/{path.name}:{number}", text


def _expected(place: str, text: str, verdict: str) -> Expected:
    word, _, rest = verdict.partition(" ")
    if word in ("nofail", "none", "odd") and not rest:
        return Expected(place, text, word)
    address = re.match(r"\S+", rest)
    if word != "fail" or address is None:
        raise ValueError(f"{place}: {verdict!r} is not a verdict")
    pairs = rest[address.end() :]
    if FIELD.sub("", pairs):
        raise ValueError(f"{place}: {pairs!r} are not fields")
    fields = {name: json.loads(value) if value[0] == '"' else value for name, value in FIELD.findall(pairs)}
    return Expected(place, text, "fail", address[0], fields)
