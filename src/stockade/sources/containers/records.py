"""The formats in which engines write what a container says: one record, one time, one piece of a line.

In: a line of a log file, whose message is whatever the container wrote. Out: a `Piece`, or None for a damaged record.

json-file (docs.docker.com, "JSON File logging driver"): `{"log":"…\\n","stream":"stdout","time":"…Z"}`, one for each
line; longer lines come in pieces of 16 KiB, of which only the last ends with a newline. k8s-file (the CRI log format,
written by conmon): `time stream F|P message`, P for a piece that another one follows.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Piece:
    """A line, or a piece of one that another one follows; `time` in seconds since 1970."""

    time: float
    stream: str
    text: bytes
    is_whole: bool


def json_file_piece(line: bytes) -> Piece | None:
    """Reads a record of the json-file driver."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    text, time = record.get("log"), moment(record.get("time"))
    if not isinstance(text, str) or time is None:
        return None
    return Piece(time, str(record.get("stream")), text.removesuffix("\n").encode("utf-8", "replace"), text[-1:] == "\n")


def k8s_file_piece(line: bytes) -> Piece | None:
    """Reads a record of the k8s-file driver; tags beside F and P, behind a colon, mean nothing to us."""
    parts = line.split(b" ", 3)
    time = moment(parts[0].decode("ascii", "replace"))
    if len(parts) != 4 or time is None or parts[2].partition(b":")[0] not in (b"F", b"P"):
        return None
    return Piece(time, parts[1].decode("ascii", "replace"), parts[3], parts[2][:1] == b"F")


def moment(text: object) -> float | None:
    """The seconds since 1970 of a time in RFC 3339; None for anything else."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    zone = "+00:00" if found[3] == "Z" else found[3]
    try:
        whole = datetime.fromisoformat(found[1] + zone).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return whole + float(found[2] or 0)
