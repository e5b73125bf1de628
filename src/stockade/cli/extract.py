"""Extract: `--out`, one line of text for each failure, for scripts that want no report.

In: a format (`id`, `ip`, `msg`, `row`, the name of a field, or a template such as `<ip> <F-USER>`) and the tester's
rows. Out: text. Source of the formats: the dialect, §6.8.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

Row = Mapping[str, Any]

_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9_-]{0,63})>")


def extractor(form: str) -> Callable[[Row], str]:
    """Gives what makes the text of a failure's row in a format."""
    if _TAG.search(form):
        return lambda row: _TAG.sub(lambda tag: _tag(row, tag[1], tag[0]), form)
    return _NAMED.get(form) or (lambda row: _field(row, form, "None"))


def _field(row: Row, name: str, otherwise: str) -> str:
    """A captured group by its name; lists (several users of one session) as such."""
    value = row["fields"].get(name)
    return otherwise if value is None else str(value)


def _address(row: Row) -> str:
    return str(row["ip"] or row["id"])


def _matches(row: Row) -> str:
    return "\n".join(row["matches"])


def _family(row: Row) -> str:
    try:
        return f"inet{ip_address(_address(row).partition('/')[0]).version}"
    except ValueError:
        return ""


def _whole(row: Row) -> str:
    """A Python literal and a comma, as scripts know it: identifier, seconds since 1970, captured groups."""
    return f"[{row['id']!r},\t{row['epoch']!r},\t{dict(row['fields'])!r}],"


_NAMED: Mapping[str, Callable[[Row], str]] = {
    "id": lambda row: str(row["id"]),
    "fid": lambda row: str(row["id"]),
    "ip": _address,
    "host": _address,
    "msg": _matches,
    "matches": _matches,
    "row": _whole,
}

_TAGS: Mapping[str, Callable[[Row], str]] = {
    **{name: make for name, make in _NAMED.items() if name != "row"},
    "time": lambda row: str(row["epoch"]),
    "family": _family,
    "filter": lambda row: str(row["filter"]),
    "jail": lambda row: str(row["jail"] or ""),
    "rule": lambda row: str(row["rule"]),
}


def _tag(row: Row, name: str, written: str) -> str:
    """What stands for one tag: `<F-USER>` is a captured group or nothing; what is no tag stays as it is written."""
    if name.startswith("F-"):
        return _field(row, name[2:].lower(), "")
    make = _TAGS.get(name)
    return make(row) if make else written
