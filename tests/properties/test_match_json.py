"""JSON logs: for every log and every way to cut it, the same failures as reading each line as JSON would give."""

from __future__ import annotations

import json
from datetime import UTC
from fnmatch import fnmatchcase

from hypothesis import given, settings
from hypothesis import strategies as st

from stockade.match.compile import surroundings
from stockade.match.engine import FilterUse, open_scanner
from stockade.match.json_match import Match
from stockade.model.settings import FilterSettings, JsonSettings

NOW = 1_700_000_000.0
SHARED = surroundings(NOW, UTC)
SETTINGS = JsonSettings("from {ip} {user}", "ts", (("status=401", "status=403"), ("msg=bad*login",)))
FILTER = FilterSettings("app", ("^from <ADDR> .*$",), json=SETTINGS)

IPS = st.integers(1, 254).map(lambda n: f"192.0.2.{n}")
PLAIN = st.text(max_size=12)
RECORDS = st.fixed_dictionaries(
    {"ip": IPS, "user": PLAIN, "ts": st.sampled_from([NOW, NOW * 1000, "2023-11-14T22:13:20Z", None])},
    optional={
        "status": st.sampled_from([200, 401, 403, "401", 4.01, None]),
        "msg": st.sampled_from(["bad login", "bad \u00e9 login", "login bad", 'bad "401" login', "ok"]),
        "more": st.recursive(
            PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner), max_leaves=6
        ),
    },
)
LINES = st.one_of(
    st.builds(lambda r, ascii_: json.dumps(r, ensure_ascii=ascii_).encode("utf-8", "replace"), RECORDS, st.booleans()),
    st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")),
    st.sampled_from([b'{"status":401', b'{"status":401,"status":401,"ip":"10.0.0.1"}', b"[401]", b"401", b'"401"']),
)


def wanted(line: bytes) -> str | None:
    """Whom a line accuses, by the plain reading of the standard library."""
    begin = line.find(b"{")
    try:
        record = json.loads(line[begin:].decode("utf-8", "replace"), strict=False) if begin >= 0 else None
    except ValueError:
        return None
    if not isinstance(record, dict) or line.count(b'"status"') > 1:
        return None
    message = record.get("msg") or ""
    is_meant = str(record.get("status")) in ("401", "403") or (
        message.startswith("bad") and message.endswith("login") and len(message) >= 8
    )
    return record["ip"] if is_meant and "ip" in record else None


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=12), st.lists(st.integers(0, 2000), max_size=6))
def test_same_failures_however_the_log_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    """Searching for candidates and cutting into chunks change nothing about who is accused."""
    data = b"".join(line + b"\n" for line in lines)
    scanner = open_scanner([FilterUse(FILTER)], now=NOW, local_zone=UTC, shared=SHARED)
    ids: list[str] = []
    places = sorted({min(cut, len(data)) for cut in cuts})
    for begin, end in zip([0, *places], [*places, len(data)], strict=True):
        ids += scanner.feed(data[begin:end], NOW).ids
    assert ids == [ip for line in lines if (ip := wanted(line)) is not None]
    assert scanner.statistics()["lines"] == len(lines)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=12))
def test_explaining_tells_the_same(lines: list[bytes]) -> None:
    """`test` and the daemon agree on every line, and every line has its number."""
    data = b"".join(line + b"\n" for line in lines)
    scanner = open_scanner([FilterUse(FILTER)], now=NOW, local_zone=UTC, shared=SHARED, is_explaining=True)
    batch = scanner.feed(data, NOW)
    assert batch.ids == [ip for line in lines if (ip := wanted(line)) is not None]
    assert [verdict.n for verdict in batch.verdicts] == list(range(1, len(lines) + 1))


@settings(deadline=None)
@given(st.lists(st.text("ab*", max_size=6), min_size=1, max_size=3), st.text("ab", max_size=10))
def test_patterns_mean_what_shell_patterns_mean(patterns: list[str], text: str) -> None:
    """`*` is any text, and nothing else is special."""
    match = Match(tuple((f"f={pattern}",) for pattern in patterns))
    assert match.is_met({"f": text}) == any(fnmatchcase(text, pattern) for pattern in patterns)
