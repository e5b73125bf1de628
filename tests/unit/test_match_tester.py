"""The engine of `stockade test`: one object per telling line, then a summary that adds up."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from stockade.match.tester import TestOptions as Options
from stockade.match.tester import read_chunks, run_test
from stockade.model.settings import FilterSettings

NOW = 1_795_348_800.0
DEMO = FilterSettings(
    name="demo",
    prefregex=r"^ \S+ demo\[<F-MLFID>\d+</F-MLFID>\]: <F-CONTENT>.+</F-CONTENT>$",
    failregex=(
        r"^refused <F-USER>\S+</F-USER> from <HOST>$",
        r"^<F-NOFAIL>hello</F-NOFAIL> from <ADDR>$",
        r"^refused .* from <HOST>$",
    ),
    ignoreregex=(r"^refused root ",),
)
LOG = b"""\
Nov 22 11:00:00 web demo[7]: hello from 192.0.2.9
Nov 22 11:00:01 web demo[7]: refused bob from 192.0.2.9
noise
Nov 22 11:00:02 web demo[8]: refused root from 192.0.2.8
Nov 22 11:00:03 web demo[9]: refused eve from host.example
"""
OPTIONS = Options(now=NOW, zone=ZoneInfo("Europe/Berlin"), usedns="raw")


def rows(log: bytes, options: Options = OPTIONS, *filters: FilterSettings) -> list[dict[str, Any]]:
    found = list(run_test([log], filters or (DEMO,), options))
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def test_each_telling_line_has_an_object() -> None:
    """Failures, helper lines and ignored lines are shown with their numbers; noise is only counted."""
    *lines, last = rows(LOG)
    assert [(row["n"], row["verdict"], row["rule"]) for row in lines] == [
        (1, "nofail", 1),
        (2, "fail", 0),
        (4, "ignored", 0),
        (5, "fail", 0),
    ]
    summary = last["summary"]
    counts = ("lines", "fail", "nofail", "ignored", "missed", "odd")
    assert [summary[name] for name in counts] == [5, 2, 1, 1, 1, 0]
    assert [(rule["rule"], rule["hits"]) for rule in summary["rules"]][1] == (1, 1)


def test_a_failure_tells_everything() -> None:
    """Time in the zone asked for, identifier, address, captured text, fields and the lines that led to it."""
    failure = rows(LOG)[1]
    assert failure["time"] == "2026-11-22T11:00:01+01:00"
    assert failure["epoch"] == NOW - 2 * 3600 + 1
    assert (failure["id"], failure["ip"], failure["raw_host"]) == ("192.0.2.9", "192.0.2.9", "192.0.2.9")
    assert (failure["jail"], failure["filter"], failure["fields"]["user"]) == (None, "demo", "bob")
    assert failure["matches"] == [line.decode() for line in LOG.splitlines()[:2]]
    named = rows(LOG)[3]
    assert (named["id"], named["ip"], named["raw_host"]) == ("host.example", None, "host.example")


def test_usedns_replaces_the_filters_own() -> None:
    """With `--usedns no` a name is no identifier."""
    verdicts = [row["verdict"] for row in rows(LOG, replace(OPTIONS, usedns="no"))[:-1]]
    assert verdicts == ["nofail", "fail", "ignored"]


def test_missed_lines_are_shown_on_demand() -> None:
    """`--missed` adds the lines that match nothing."""
    shown = rows(LOG, replace(OPTIONS, is_missed_shown=True))
    assert [(row["n"], row["line"]) for row in shown[:-1] if row["verdict"] == "missed"] == [(3, "noise")]


def test_old_lines_are_skipped_where_findtime_counts() -> None:
    """Lines older than findtime are not matched, as the daemon does with history."""
    summary = rows(LOG, replace(OPTIONS, findtime=60.0))[-1]["summary"]
    assert (summary["fail"], summary["old"]) == (0, 4)


def test_all_rules_are_tried_on_demand() -> None:
    """With `--all-rules` a line may give one object per expression that hits."""
    found = rows(LOG, replace(OPTIONS, is_all_rules=True))
    assert [(row["n"], row["rule"]) for row in found[:-1] if row["verdict"] == "fail" and row["n"] == 5] == [
        (5, 0),
        (5, 2),
    ]


def test_any_bytes_give_a_result() -> None:
    """Chunks may split lines anywhere, the last line needs no newline, and no bytes break the report."""
    hostile = LOG + b"\xff\0\x1b" * 50_000 + b"\n" + LOG.rstrip(b"\n")
    whole = rows(hostile)
    pieces = [hostile[at : at + 777] for at in range(0, len(hostile), 777)]
    assert json.loads(json.dumps(list(run_test(pieces, [DEMO], OPTIONS)))) == whole
    assert whole[-1]["summary"]["lines"] == 11
    assert whole[-1]["summary"]["fail"] == 4


def test_several_filters_are_told_apart() -> None:
    """Each object and each row of hits names its filter; time comes from the caller's clock."""
    other = FilterSettings(name="other", failregex=(r"from <HOST>$",))
    *lines, last = list(run_test(read_chunks(io.BytesIO(LOG), 10), [DEMO, other], OPTIONS, elapsed=lambda: 1.5))
    assert {row["filter"] for row in lines} == {"demo", "other"}
    assert [rule["filter"] for rule in last["summary"]["rules"]] == ["demo"] * 3 + ["other"]
    assert last["summary"]["seconds"] == 1.5
    assert rows(b"", replace(OPTIONS, zone=UTC))[-1]["summary"]["lines"] == 0


def test_old_logs_are_dated() -> None:
    """A test reads years from 1960 on, which a daemon would not believe, with the zone's offset of that time."""
    (row, last) = rows(b"1995-07-01 12:00:00 web demo[7]: refused bob from 192.0.2.9\n")
    assert row["time"] == "1995-07-01T12:00:00+02:00"
    assert last["summary"]["undated"] == 0
    assert rows(b"1959-07-01 12:00:00 web demo[7]: refused bob from 192.0.2.9\n")[-1]["summary"]["undated"] == 1


def test_users_of_a_session_are_a_list() -> None:
    """A session that has seen several users names them all."""
    log = b"".join(b"Nov 22 11:00:00 web demo[7]: refused %s from 192.0.2.9\n" % user for user in (b"eve", b"bob"))
    assert [row["fields"].get("users") for row in rows(log)[:-1]] == [None, ["bob", "eve"]]


def test_a_match_without_a_time_is_odd_where_age_counts() -> None:
    """Where lines may be too old, a match whose time is not known cannot count, and says so; else it counts now."""
    undated = b" web demo[7]: refused bob from 192.0.2.9\n"
    row, last = rows(undated, replace(OPTIONS, findtime=600.0))
    assert (row["verdict"], row["reason"], row["time"], row["id"]) == ("odd", "undated", None, None)
    assert [last["summary"][name] for name in ("lines", "fail", "odd", "undated")] == [1, 0, 1, 1]
    row, last = rows(undated)
    assert (row["verdict"], row["epoch"], last["summary"]["odd"]) == ("fail", NOW, 0)
