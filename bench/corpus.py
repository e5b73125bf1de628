"""Corpora on disk: generated once, found again by their plan, known by the hash of their bytes.

In: a kind and a number of lines. Out: a path, its SHA-256 and the moment at which each block of it is "read". Owns
`build/bench`; must not measure anything.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.generate import END, KINDS, SPAN, Plan, write

HOME = Path(__file__).resolve().parent.parent / "build" / "bench"
BLOCK_SECONDS = 20
"""At most so much log time in a block: the daemon takes the log's own times within 60 s of its clock."""
BLOCK_BYTES = 256 * 1024
"""What the daemon's reader takes at once when there is much to read (a test compares the two)."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A generated log. `sha256` is that of its bytes."""

    kind: str
    lines: int
    path: Path
    sha256: str


def corpus(kind: str, lines: int) -> Corpus:
    """Gives the corpus of that kind, generating it unless it is there already (and was made by the same code)."""
    plan = Plan(lines=lines, stamp=KINDS[kind][1])
    maker = hashlib.sha256((Path(__file__).parent / "generate.py").read_bytes()).hexdigest()
    path = HOME / f"{kind}-{lines}.log"
    note = path.with_suffix(".json")
    made = {"plan": asdict(plan), "maker": maker}
    if path.exists() and note.exists():
        known = json.loads(note.read_text())
        if known["made"] == made:
            return Corpus(kind, lines, path, known["sha256"])
    HOME.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        digest = write(kind, plan, out)
    note.write_text(json.dumps({"made": made, "sha256": digest}))
    return Corpus(kind, lines, path, digest)


def moment(line: int, lines: int) -> float:
    """The epoch second of a line's stamp, counted from 0."""
    return float(END - SPAN + SPAN * line // lines)


def blocks(path: Path, lines: int) -> list[tuple[int, float]]:
    """Cuts a corpus as a live reader would see it: sizes in bytes, each with the time of its last line."""
    size = min(BLOCK_BYTES, max(256, path.stat().st_size * BLOCK_SECONDS // SPAN))
    cut: list[tuple[int, float]] = []
    seen = 0
    with path.open("rb") as log:
        while data := log.read(size):
            seen += data.count(b"\n")
            cut.append((len(data), moment(max(seen - 1, 0), lines)))
    return cut
