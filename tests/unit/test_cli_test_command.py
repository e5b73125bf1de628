"""`stockade test`: what may be given as log and as filter, what is shown, and the contract of its JSON."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from stockade.cli.subjects import with_options
from stockade.cli.trial import MAX_TALLY, Tally
from stockade.cli.views.test import render_test
from tests.real import journals
from tests.unit.cli_runner import Runner, hold_to_golden, stockade
from tests.unit.service import LOG, rows_of, tree

__all__ = ["stockade", "tree"]

NOW = 1_767_576_800.0


def test_the_contract_of_a_row(stockade: Runner, tree: Path) -> None:
    """Every key of the contract is there, with its type."""
    done = stockade("test", str(tree / "svc.log"), "svc", "--config", str(tree), "--json", "--tz", "UTC")
    *rows, last = rows_of(done.out)
    fails = [row for row in rows if row["verdict"] == "fail"]
    assert [(row["n"], row["id"], row["rule"]) for row in fails] == [
        (1, "192.0.2.1", 0),
        (2, "192.0.2.2", 1),
        (6, "192.0.2.1", 0),
    ]
    first = fails[0]
    assert (first["time"], first["epoch"]) == ("2026-01-05T01:31:41+00:00", 1767576701.0)
    assert (first["ip"], first["raw_host"], first["jail"], first["filter"]) == ("192.0.2.1", "192.0.2.1", None, "svc")
    assert first["matches"] == [LOG.decode().splitlines()[0]]
    assert fails[1]["fields"]["user"] == "bob"
    assert [row["n"] for row in rows if row["verdict"] == "ignored"] == [3]
    summary = last["summary"]
    assert {name: summary[name] for name in ("lines", "fail", "ignored", "missed", "odd", "undated")} == {
        "lines": 6,
        "fail": 3,
        "ignored": 1,
        "missed": 2,
        "odd": 0,
        "undated": 0,
    }
    assert [(rule["rule"], rule["hits"]) for rule in summary["rules"]] == [(0, 2), (1, 1)]


def test_options_reach_the_filter(stockade: Runner, tree: Path) -> None:
    """`--options` and brackets mean the same."""
    log = str(tree / "svc.log")
    for arguments in (["svc[mode=worse]"], ["svc", "--options", "mode=worse"]):
        done = stockade("test", log, *arguments, "--config", str(tree), "--json", "--tz", "UTC")
        fails = [row["n"] for row in rows_of(done.out)[:-1] if row["verdict"] == "fail"]
        assert fails == [1, 4, 6]


def test_missed_lines_are_shown_on_request(stockade: Runner, tree: Path) -> None:
    """`--missed` prints them for people and for machines."""
    arguments = ["test", str(tree / "svc.log"), "svc", "--config", str(tree), "--tz", "UTC", "--missed"]
    missed = [row["n"] for row in rows_of(stockade(*arguments, "--json").out)[:-1] if row["verdict"] == "missed"]
    assert missed == [4, 5]
    assert "       5 missed  2026-01-05 01:31:45 svc: all is well\n" in stockade(*arguments).out


def test_findtime_counts_only_with_a_clock(stockade: Runner, tree: Path) -> None:
    """With --now old lines are left out as the daemon would; --no-findtime, or no clock, keeps them."""
    arguments = ["test", str(tree / "svc.log"), "svc", "--config", str(tree), "--tz", "UTC", "--json"]

    def fails(*more: str) -> int:
        return rows_of(stockade(*arguments, *more).out)[-1]["summary"]["fail"]

    assert fails() == 3
    assert fails("--now", str(NOW)) == 3
    assert fails("--now", str(NOW + 10_000)) == 0
    assert fails("--now", str(NOW + 10_000), "--no-findtime") == 3
    assert fails("--now", str(NOW + 10_000), "--findtime", "1d") == 3


def test_entries_in_a_file_have_no_date_in_their_text(stockade: Runner, tree: Path) -> None:
    """With logtype=journal a file's lines are entries: a date before them is theirs, one in their text is text."""
    (tree / "filter.d" / "entry.conf").write_text(
        "[Definition]\nfailregex = ^\\s*web svc\\[7\\]: \\d{4}-01-05 \\S+ refused <HOST>$\n"
    )
    text = "web svc[7]: 2020-01-05 01:00:00 refused 192.0.2.1"
    (tree / "entries.log").write_text(f"{text}\n2026-01-05 01:31:41 {text}\n")
    arguments = ["test", str(tree / "entries.log"), "--config", str(tree), "--json", "--tz", "UTC"]
    clock = ["--now", str(NOW), "--no-findtime"]
    rows = rows_of(stockade(*arguments, "entry[logtype=journal]", *clock).out)[:-1]
    assert [(row["verdict"], row["epoch"]) for row in rows] == [("fail", NOW), ("fail", 1767576701.0)]
    assert rows_of(stockade(*arguments, "entry", "--options", "logtype=journal", *clock).out)[:-1] == rows
    assert rows_of(stockade(*arguments, "entry", *clock).out)[-1]["summary"]["fail"] == 1


def test_wrong_input_to_test_is_explained(stockade: Runner, tree: Path) -> None:
    """A missing log, filter, zone or clock each get a message with a remedy and no traceback."""
    config = ["--config", str(tree)]
    log = str(tree / "svc.log")
    missing = stockade("test", str(tree / "nope.log"), "svc", *config)
    assert (missing.status, "cannot read" in missing.err) == (3, True)
    folder = stockade("test", str(tree), "svc", *config)
    assert (folder.status, "cannot read" in folder.err) == (3, True)
    nofilter = stockade("test", log, "nope", *config)
    assert nofilter.status == 1
    assert "nope" in nofilter.out
    assert rows_of(stockade("test", log, "nope", *config, "--json").out)[0]["problems"]
    assert stockade("test", log, "svc", *config, "--tz", "Mars/Base").status == 2
    assert stockade("test", log, "svc", *config, "--now", "-5").status == 2
    (tree / "filter.d" / "bad.conf").write_text("[Definition]\nfailregex = ^x( <HOST>\n")
    bad = stockade("test", log, "bad", *config)
    assert bad.status == 1
    assert "failregex" in bad.err


def test_the_page_for_people() -> None:
    """The summary with bars, rules, ranking and hints is as it was looked at."""
    summary = {
        "lines": 2000,
        "fail": 640,
        "nofail": 12,
        "ignored": 1,
        "missed": 1340,
        "odd": 2,
        "old": 5,
        "undated": 0,
        "seconds": 0.01,
        "rules": [
            {"rule": 0, "hits": 40, "filter": "sshd", "regex": "^Invalid user <F-USER>.*</F-USER> from <HOST>"},
            {"rule": 4, "hits": 600, "filter": "sshd", "regex": "^Failed \\S+ for .* from <HOST>\x1b[2J"},
            {"rule": 5, "hits": 0, "filter": "sshd", "regex": "^never"},
        ],
    }
    odd = [{"n": 7, "verdict": "odd", "reason": "too-long", "line": "x\x1b[2J[red]x", "matches": []}]
    parts = render_test("/var/log/auth.log", ["sshd"], summary, top=[("192.0.2.7", 600), ("192.0.2.8", 40)], odd=odd)
    hold_to_golden("test.txt", _rendered(parts))
    empty = {**summary, "lines": 0, "fail": 0, "missed": 0, "odd": 0, "old": 0, "nofail": 0, "ignored": 0, "rules": []}
    assert "the log is empty" in _rendered(render_test("-", ["sshd"], empty, top=[]))
    nothing = {**empty, "lines": 9, "missed": 9, "undated": 9}
    shown = _rendered(render_test("-", ["sshd"], nothing, top=[]))
    assert "datepattern" in shown
    assert "--missed" in shown


def _rendered(parts) -> str:
    import io

    from rich.console import Console

    out = Console(file=io.StringIO(), width=100, markup=False, highlight=False, emoji=False, color_system=None)
    for part in parts:
        out.print(part)
    return "".join(line.rstrip() + "\n" for line in out.file.getvalue().splitlines())


def test_with_options_joins_brackets() -> None:
    """Options of the command line come after those of the item, so that they win."""
    assert with_options("sshd", "") == "sshd"
    assert with_options("sshd", "mode=ddos") == "sshd[mode=ddos]"
    assert with_options(" sshd[mode=normal] ", "mode=ddos") == "sshd[mode=normal, mode=ddos]"


def test_the_ranking_is_bounded() -> None:
    """A log with any number of addresses does not fill the memory."""
    tally = Tally()
    for number in range(MAX_TALLY + 10):
        tally.add({"verdict": "fail", "id": str(number)})
    tally.add({"verdict": "fail", "id": "0"})
    assert tally.top(2)[0] == ("0", 2)
    assert len(tally._failures) == MAX_TALLY


def test_every_key_of_the_contract(stockade: Runner, tree: Path) -> None:
    """Objects and summary have the keys that other programs rely on, each with its type."""
    arguments = ["test", str(tree / "svc.log"), "svc", "--config", str(tree), "--json", "--tz", "Europe/Berlin"]
    *rows, last = rows_of(stockade(*arguments).out)
    types = {"n": int, "verdict": str, "time": str, "epoch": float, "filter": str, "rule": int, "fields": dict}
    for row in rows:
        assert {name: type(row[name]) for name in types} == types
        assert type(row["matches"]) is list
        assert row["jail"] is None
        assert {"id", "ip", "raw_host"} <= row.keys()
    assert rows[0]["time"] == "2026-01-05T01:31:41+01:00"
    assert rows[0]["epoch"] == 1767573101.0
    summary = last["summary"]
    numbers = ("lines", "fail", "nofail", "ignored", "missed", "odd", "undated")
    assert {name: type(summary[name]) for name in numbers} == dict.fromkeys(numbers, int)
    assert type(summary["seconds"]) is float
    assert [{name: type(rule[name]) for name in ("rule", "hits")} for rule in summary["rules"]] == [
        {"rule": int, "hits": int}
    ] * 2


def test_a_compressed_log_is_read_like_a_plain_one(stockade: Runner, tree: Path) -> None:
    """The same rows, whatever the name says; of a damaged one what can be read, status 3 and a word about it."""
    packed = tree / "svc.old"
    packed.write_bytes(gzip.compress(LOG * 2_000))
    plain = stockade("test", "-", "svc", "--config", str(tree / "nope"))
    assert plain.status == 2
    done = stockade("test", str(packed), "svc", "--config", str(tree), "--json")
    assert rows_of(done.out)[-1]["summary"]["fail"] == 6_000
    packed.write_bytes(gzip.compress(LOG * 2_000)[:-100])
    cut = stockade("test", str(packed), "svc", "--config", str(tree), "--json")
    assert cut.status == 3
    assert 0 < rows_of(cut.out)[-1]["summary"]["fail"] < 6_000
    assert cut.err.startswith(f"warning: {packed}: the gzip data ends too early near byte")
    assert "was not read to its end" in stockade("test", str(packed), "svc", "--config", str(tree)).out


def test_a_line_itself_may_be_the_log(stockade: Runner, tree: Path) -> None:
    """Text with blanks is no path; several lines are several; what looks like a path stays one."""
    lines = LOG.decode().splitlines()
    one = stockade("test", lines[0], "svc", "--config", str(tree), "--json")
    assert [row["id"] for row in rows_of(one.out)[:-1]] == ["192.0.2.1"]
    two = stockade("test", "\n".join(lines[:2]), "svc", "--config", str(tree), "--json")
    assert rows_of(two.out)[-1]["summary"]["fail"] == 2
    for path in ("/var/log/no such log", "./no such log", "nosuchlog"):
        assert stockade("test", path, "svc", "--config", str(tree)).status == 3
    (tree / "with blank.log").write_bytes(LOG)
    existing = stockade("test", str(tree / "with blank.log"), "svc", "--config", str(tree), "--json")
    assert rows_of(existing.out)[-1]["summary"]["lines"] == 6


def test_a_jail_is_tested_with_all_it_says(stockade: Runner, tree: Path) -> None:
    """`jail:` takes the filter with the jail's own options, enabled or not; a bare name is a filter first."""
    (tree / "filter.d" / "other.conf").write_text("[Definition]\nfailregex = nothing <HOST>\n")
    (tree / "jail.local").write_text(
        "[svc]\nfilter = svc[mode=worse]\n"
        "[own]\nenabled = false\nbackend = systemd\nfilter = other\nfailregex = svc: refused <HOST>\n"
    )
    log = str(tree / "svc.log")

    def found(item: str) -> list[tuple[int, str | None]]:
        rows = rows_of(stockade("test", log, item, "--config", str(tree), "--json").out)[:-1]
        return [(row["n"], row["jail"]) for row in rows if row["verdict"] == "fail"]

    assert found("svc") == [(1, None), (2, None), (6, None)]
    assert found("jail:svc") == [(1, "svc"), (4, "svc"), (6, "svc")]
    assert found("own") == found("jail:own") == [(1, "own"), (6, "own")]
    page = stockade("test", log, "own", "--config", str(tree))
    assert f"{log} through jail own: 6 lines" in " ".join(page.out.split())
    (tree / "jail.local").write_text("[svc]\nfindtime = soon\n")
    broken = stockade("test", log, "jail:svc", "--config", str(tree))
    assert (broken.status, "findtime" in broken.out) == (1, True)


def test_a_filter_may_be_named_in_every_way(stockade: Runner, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, with its suffix, with its folder, and by the path of its file."""
    monkeypatch.chdir(tree)
    for item in (
        "svc",
        "svc.conf",
        "filter.d/svc",
        "filter.d/svc.conf",
        "./filter.d/svc.conf",
        f"{tree}/filter.d/svc.conf",
    ):
        rows = rows_of(stockade("test", "svc.log", item, "--config", str(tree), "--json").out)
        assert (rows[0]["filter"], rows[-1]["summary"]["fail"]) == ("svc", 3)


def test_expressions_make_a_filter(stockade: Runner, tree: Path) -> None:
    """Several are the rules of one filter; ignoreregex, datepattern, maxlines and encoding are given beside them."""
    log = str(tree / "svc.log")

    def rows(*arguments: str) -> list[dict]:
        return rows_of(stockade("test", log, *arguments, "--config", str(tree), "--json").out)

    *found, last = rows("user <F-USER>eve</F-USER> from <HOST>$", "svc: .* from <ADDR>$", "--ignoreregex", "bob")
    assert [(row["n"], row["verdict"], row["rule"]) for row in found] == [
        (2, "ignored", 1),
        (3, "ignored", 1),
        (4, "fail", 0),
    ]
    assert last["summary"]["rules"][0]["regex"] == "user <F-USER>eve</F-USER> from <HOST>$"
    (dated,) = rows("refused <HOST>$", "--datepattern", "^%Y-%m-%d 01:31:46", "--missed")[-2:-1]
    assert (dated["n"], dated["time"][:19]) == (6, "2026-01-05T00:00:00")
    spanning = rows("refused <HOST>\\n.*bad user bob", "--maxlines", "2")
    assert [row["n"] for row in spanning[:-1]] == [2]
    assert stockade("test", log, "refused <HOST>$", "--encoding", "klingon", "--config", str(tree)).status == 1
    broken = stockade("test", log, "bad( <HOST>", "--config", str(tree))
    assert (broken.status, "unable to compile" in broken.err) == (1, True)


@pytest.mark.parametrize(
    ("item", "remedy"),
    [
        ("scv", "did you mean svc?"),
        ("foo", "lists the filters"),
        ("no/such.conf", "check the path"),
        ("jail:svx", "svc"),
    ],
)
def test_a_word_that_is_nothing_gets_a_proposal(stockade: Runner, tree: Path, item: str, remedy: str) -> None:
    """What is neither filter, jail nor expression cannot be used, and what is near is named."""
    done = stockade("test", str(tree / "svc.log"), "svc", item, "--config", str(tree))
    assert done.status == 1
    assert remedy in done.out


def test_few_missed_lines_are_shown_unasked(stockade: Runner, tree: Path) -> None:
    """Up to twenty stand on the page; of more it says how to see them."""
    few = stockade("test", str(tree / "svc.log"), "svc", "--config", str(tree)).out
    assert "Missed lines\n       4 missed  2026-01-05 01:31:44 svc: worse user eve from 192.0.2.3\n" in few
    assert "--missed" not in few
    (tree / "noise.log").write_text("noise\n" * 21)
    many = stockade("test", str(tree / "noise.log"), "svc", "--config", str(tree)).out
    assert "Missed lines" not in many
    assert "--missed shows the lines that no rule matched" in many


def test_only_what_a_script_wants(stockade: Runner, tree: Path) -> None:
    """`--out` prints one text for each failure and no report; with `--missed` the lines that were missed."""
    arguments = ["test", str(tree / "svc.log"), "svc", "--config", str(tree), "--tz", "UTC"]
    assert stockade(*arguments, "-o", "ip").out == "192.0.2.1\n192.0.2.2\n192.0.2.1\n"
    assert stockade(*arguments, "--out", "user").out == "None\nbob\nNone\n"
    assert stockade(*arguments, "--out", "<ip> <F-USER>").out == "192.0.2.1 \n192.0.2.2 bob\n192.0.2.1 \n"
    missed = stockade(*arguments, "--out", "msg", "--missed").out
    assert missed == "".join(f"{line}\n" for line in LOG.decode().splitlines()[3:5])


def test_a_mistake_that_does_not_matter_is_a_warning(stockade: Runner, tree: Path) -> None:
    """What the configuration's reader finds odd is said on standard error, and the test goes on."""
    (tree / "filter.d" / "svc.local").write_text("[Definition]\nfailregexx = x\n")
    done = stockade("test", str(tree / "svc.log"), "svc", "--config", str(tree), "--json")
    assert done.status == 0
    assert rows_of(done.out)[-1]["summary"]["fail"] == 3


def test_the_journal_is_read_as_a_jail_would(stockade: Runner, tree: Path) -> None:
    """The entries that the filter's journalmatch wants, or those of --journalmatch, with their own times."""
    if journals.is_missing():
        pytest.skip(journals.is_missing())
    (tree / "filter.d" / "svc.conf").write_text(
        "[Definition]\nfailregex = ^\\S+ \\S+: refused <HOST>\n[Init]\njournalmatch = _SYSTEMD_UNIT=ssh.service\n"
    )
    journals.write(
        tree / "journal" / "a.journal",
        journals.exported(0, "refused 192.0.2.1"),
        journals.exported(1, "refused 192.0.2.2", _SYSTEMD_UNIT="other.service"),
    )
    log = f"systemd-journal[journalpath={tree}/journal]"
    config = ["--config", str(tree), "--tz", "UTC"]
    (row, last) = rows_of(stockade("test", log, "svc", *config, "--json").out)
    assert (row["id"], row["epoch"], last["summary"]["lines"]) == ("192.0.2.1", journals.START, 1)
    assert "192.0.2.1  1 " in stockade("test", log, "jail:svc", *config).out
    other = stockade("test", log, "svc", *config, "--journalmatch", "_SYSTEMD_UNIT=other.service", "-o", "ip")
    assert other.out == "192.0.2.2\n"
    every = stockade("test", log, "refused <HOST>", *config, "-o", "<ip>")
    assert every.out == "192.0.2.1\n192.0.2.2\n"
    nowhere = stockade("test", f"systemd-journal[journalpath={tree}/nope]", "svc", *config)
    assert (nowhere.status, "cannot read the journal" in nowhere.err) == (3, True)
    wrong = stockade("test", log, "svc", *config, "--journalmatch", "nonsense")
    assert (wrong.status, "not a journal match" in wrong.err) == (2, True)
    assert stockade("test", "systemd-journal[color=red]", "svc", *config).status == 2
