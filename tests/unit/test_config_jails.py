"""One jail: which problems there are, where, and whom they stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stockade.config import BUILT_IN, load
from stockade.config.load import GIVEN
from stockade.model.settings import BanTimeSettings, IgnoreCache, LogPath
from tests.config_tree import ACTION, FILTER, load_jail_file, messages, write_tree

HEAD = "[DEFAULT]\nbackend = polling\naction = blk\n"
GOOD = "[good]\nenabled = yes\nfilter = web\nlogpath = /l/a.log\n"


def load_with(root: Path, line: str) -> tuple[list[str], list[str]]:
    """Runs a good jail and one with this line; the jails that run and the problems."""
    loaded = load_jail_file(root, f"{HEAD}{GOOD}[bad]\nenabled = yes\nfilter = web\nlogpath = /l/b.log\n{line}\n")
    assert loaded.is_whole
    return [jail.name for jail in loaded.settings.jails], messages(loaded)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("bantime = 1x", "jail.conf:12: bantime: not a time: 1x"),
        ("findtime = -1", "jail.conf:12: findtime: time out of range: -1"),
        ("bantime.maxtime = ", "jail.conf:12: bantime.maxtime: not a time: (empty)"),
        ("bantime.formula = os.system(1)", "bantime.formula: not permitted in an expression (unknown name os.system)"),
        ("bantime.factor = 1/0", "bantime.factor: the expression has no value"),
        ("bantime.multipliers = 1 b", "bantime.multipliers: not a list of whole numbers: b"),
        ("backend = sistemd", "backend: unknown backend: sistemd"),
        ("backend = polling[a=1]", "backend: backend polling takes no arguments"),
        ("backend = systemd[journalpat=/x]", "backend: unknown argument of the systemd backend: journalpat"),
        ("backend = systemd[journalpath=/x, namespace=y]", "journalpath and namespace exclude each other"),
        ("backend = systemd[journalflags=x]", "journalflags is not a number of flags: x"),
        ("backend = systemd\njournalmatch = nonsense", "not a journal match: nonsense"),
        ("backend = systemd\njournalmatch = A=1 +", "nothing stands beside a +"),
        ("backend = systemd\njournalmatch = A='1", "journalmatch cannot be split"),
        ("maxlines = %(nope)s", "jail.conf:12: maxlines: reference to an unknown option, read for [bad]: %(nope)s"),
        ("failregex = 50% of", "jail.conf:12: failregex: a lone % is not permitted: % of"),
        ("logencoding = utf-9", "logencoding: unknown encoding: utf-9"),
        ("logencoding = base64", "logencoding: unknown encoding: base64"),
        ("logtimezone = %(x)s", "%(x)s"),
        ("action = blok", "action: there is no action.d/blok.conf: blok"),
        ("action = blk[x", "jail.conf:12: action: an option is expected here: x"),
        ("enabled = %(nope)s", "%(nope)s"),
        ("ignorecommand = %", "a lone % is not permitted"),
        (
            "bantime = 1d\nbantime = 2d",
            "jail.conf:13: option 'bantime' stands twice in section [bad], first on line 12",
        ),
        ("bantime 1d", "jail.conf:12: neither an option nor a section: bantime 1d"),
    ],
)
def test_a_wrong_option_stops_its_own_jail_only(tmp_path: Path, line: str, message: str) -> None:
    """A fatal mistake names file, line and value; the neighbour runs."""
    enabled = "" if line.startswith("enabled") else "enabled = yes\n"
    body = f"[bad]\nfilter = web\nlogpath = /l/b.log\n{enabled}{line}\n"
    loaded = load_jail_file(tmp_path, HEAD + GOOD + body)
    assert [jail.name for jail in loaded.settings.jails] == ["good"]
    assert any(message in text for text in messages(loaded)), messages(loaded)
    assert {problem.jail for problem in loaded.problems if problem.is_fatal} == {"bad"}
    assert loaded.is_whole


@pytest.mark.parametrize(
    ("line", "message", "remedy"),
    [
        ("maxretry = abc", "jail.conf:12: maxretry: not a whole number: abc", "3 is used"),
        ("maxretry = 0", "jail.conf:12: maxretry: number out of range: 0", "3 is used"),
        ("maxlines = none", "jail.conf:12: maxlines: not a whole number: none", "1 is used"),
        ("usedns = nein", "jail.conf:12: usedns: unknown value: nein", "write yes, warn, no or raw"),
        ("banprefix6 = 129", "jail.conf:12: banprefix6: number out of range: 129", "128 is used"),
        ("maxrety = 3", "jail.conf:12: unknown option: maxrety", "did you mean 'maxretry'?"),
        ("ignoreip = 10.0.0.0/33", "jail.conf:12: ignoreip: not a network: 10.0.0.0/33", "write an address"),
        ("ignoreip = 10.0.0.0/255.0.255.0", "ignoreip: not a network", "write an address"),
        ("backend = gamin", "jail.conf:12: backend gamin no longer exists", "write backend = auto"),
        ("failregex =", "no failregex: the jail can never find a failure", "name a filter"),
        ("action = x.py", "jail.conf:12: actions written in Python are off", "use an action"),
        ("action =", "jail.conf:12: the jail has no action", "set action"),
        ("action = blk blk", "two actions of the jail are called 'blk'; the second is now 'blk-2'", "actname="),
        ("port = %(nope)s", "%(nope)s", "define nope"),
    ],
)
def test_a_warning_stops_nobody(tmp_path: Path, line: str, message: str, remedy: str) -> None:
    """A mistake that leaves the jail able to run is a warning with a remedy, and the default counts."""
    loaded = load_jail_file(tmp_path, f"{HEAD}{GOOD}[bad]\nenabled = yes\nfilter = web\nlogpath = /l/b.log\n{line}\n")
    assert [jail.name for jail in loaded.settings.jails] == ["good", "bad"]
    assert [text for text in messages(loaded) if message in text], messages(loaded)
    assert any(remedy in problem.remedy for problem in loaded.problems)
    assert not any(problem.is_fatal for problem in loaded.problems)


def test_every_mistake_of_a_jail_is_reported(tmp_path: Path) -> None:
    """The second mistake does not wait for the first to be repaired."""
    names, problems = load_with(tmp_path, "bantime = 1x\nfindtime = 2q\nlogencoding = no-such\nmaxretry = abc")
    assert names == ["good"]
    assert [text.split(":")[2].strip() for text in problems] == ["logencoding", "maxretry", "findtime", "bantime"]


def test_a_disabled_jail_with_mistakes_disturbs_nobody(tmp_path: Path) -> None:
    """What stands in a disabled jail is not evaluated, except for syntax errors, which are warnings."""
    loaded = load_jail_file(tmp_path, f"{HEAD}{GOOD}[off]\nbackend = %(no)s\nfilter = %(no)s\nnonsense\n")
    assert [jail.name for jail in loaded.settings.jails] == ["good"]
    assert [(p.is_fatal, p.line) for p in loaded.problems] == [(False, 11)]


@pytest.mark.parametrize(
    ("jail_local", "message"),
    [
        ("x = 1\n", "jail.local:1: text before the first section: x = 1"),
        ("[DEFAULT]\nbantime\n", "jail.local:2: neither an option nor a section: bantime"),
        ("[INCLUDES]\nbefore = %(x)s\n", "jail.local:2: reference to an unknown option, read for [INCLUDES]: %(x)s"),
    ],
)
def test_a_mistake_that_concerns_all_is_told_as_such(tmp_path: Path, jail_local: str, message: str) -> None:
    """A syntax error outside of any jail makes the load not whole: a running configuration must be kept."""
    files = {**FILTER, **ACTION, "jail.conf": HEAD + GOOD, "jail.local": jail_local}
    loaded = load(write_tree(tmp_path, files))
    assert not loaded.is_whole
    assert message in messages(loaded)


def test_a_broken_filter_file_stops_its_users_only(tmp_path: Path) -> None:
    """A syntax error in a filter concerns the jails that use it."""
    files = {**FILTER, **ACTION, "filter.d/bad.conf": "[Definition]\nnonsense\nmore\n"}
    jails = f"{HEAD}{GOOD}[bad]\nenabled = 1\nlogpath = /l\nfilter = bad\n"
    loaded = load(write_tree(tmp_path, {**files, "jail.conf": jails}))
    assert [jail.name for jail in loaded.settings.jails] == ["good"]
    assert loaded.is_whole
    assert [
        (Path(p.path).name, p.line, p.jail, p.is_fatal) for p in loaded.problems if "nor a section" in p.message
    ] == [
        ("bad.conf", 2, "bad", True),
        ("bad.conf", 3, "", False),
    ]


def test_missing_directory_and_missing_files(tmp_path: Path) -> None:
    """Without a directory or a jail.conf there is one problem and no jail."""
    assert "does not exist" in load(tmp_path / "none").problems[0].message
    (tmp_path / "empty").mkdir()
    empty = load(tmp_path / "empty")
    assert [p.message for p in empty.problems] == ["there is no jail.conf"]
    assert not empty.is_whole


@pytest.mark.parametrize("name", ["-x", "a\u202eb", "x" * 101, " a"])
def test_jail_names_are_checked(tmp_path: Path, name: str) -> None:
    """A name that could be read as an option, hides text or is endless is refused."""
    loaded = load_jail_file(tmp_path, f"{HEAD}[{name}]\nenabled = 1\nfilter = web\nlogpath = /l\n")
    assert not loaded.settings.jails
    assert any("not a name for a jail" in p.message for p in loaded.problems)


def test_a_name_too_long_for_iptables_is_a_warning(tmp_path: Path) -> None:
    """From 26 characters on, and only where an action of iptables is used."""
    action = {"action.d/iptables-x.conf": "[Definition]\nactionban = true <ip>\n"}
    for name, used, warnings in (("a" * 26, "iptables-x", 1), ("a" * 25, "iptables-x", 0), ("a" * 26, "blk", 0)):
        text = f"{HEAD}[{name}]\nenabled = 1\nfilter = web\nlogpath = /l\naction = {used}\n"
        loaded = load(write_tree(tmp_path, {**FILTER, **ACTION, **action, "jail.conf": text}), has_files=lambda _: True)
        assert [problem.is_fatal for problem in loaded.problems] == [False] * warnings
        assert len(loaded.settings.jails) == 1


def test_options_of_the_call_come_last(tmp_path: Path) -> None:
    """Options given with the call override every file and are shown as given."""
    write_tree(tmp_path, {**FILTER, **ACTION, "jail.conf": HEAD + GOOD, "jail.local": "[good]\nmaxretry = 7\n"})
    loaded = load(tmp_path, jail={"good": {"maxretry": "9"}})
    assert loaded.settings.jails[0].maxretry == 9
    assert loaded.origins["good", "maxretry"].origin.path == GIVEN


def test_origins(tmp_path: Path) -> None:
    """Each effective value comes with the file and line in which it is written."""
    files = {
        **FILTER,
        **ACTION,
        "jail.conf": f"{HEAD}t = 2d\nbantime = %(t)s\n{GOOD}",
        "jail.local": "\n[good]\nmaxretry = 7\n",
    }
    loaded = load(write_tree(tmp_path, files))
    found = loaded.origins["good", "bantime"]
    assert (found.text, Path(found.origin.path).name, found.origin.line) == ("2d", "jail.conf", 5)
    found = loaded.origins["good", "maxretry"]
    assert (found.text, Path(found.origin.path).name, found.origin.line) == ("7", "jail.local", 3)
    found = loaded.origins["good", "failregex"]
    assert (found.text, Path(found.origin.path).name, found.origin.line) == ("^no entry for <HOST>$", "web.conf", 2)


def test_all_ban_times(tmp_path: Path) -> None:
    """`bantime` and its family are read together; below zero is for ever, fractions of a second are dropped."""
    text = """
        bantime = 1.5m
        bantime.increment = true
        bantime.factor = 2
        bantime.formula = ban.Time * 2
        bantime.multipliers = 1 2 4
        bantime.maxtime = 1w
        bantime.rndtime = 5m
        bantime.overalljails = on
    """.replace("        ", "")
    loaded = load_jail_file(tmp_path, f"{HEAD}{GOOD}{text}")
    expected = BanTimeSettings(90.0, True, "2", "ban.Time * 2", (1, 2, 4), 604_800.0, 300.0, True)
    assert loaded.settings.jails[0].ban == expected
    forever = load_jail_file(tmp_path, f"{HEAD}{GOOD}bantime = -5m\n")
    assert forever.settings.jails[0].ban.bantime == -1.0


def test_log_paths(tmp_path: Path) -> None:
    """One path or glob a line; head or tail behind the last blank; a blank without either is refused."""
    text = f"{HEAD}[j]\nenabled=1\nfilter=web\nlogpath = /a/*.log tail\n  /b.log\n  /c d.log head\n"
    jail = load_jail_file(tmp_path, text).settings.jails[0]
    assert jail.logpaths == (LogPath("/a/*.log", True), LogPath("/b.log"), LogPath("/c d.log"))
    wrong = load_jail_file(tmp_path, f"{HEAD}[j]\nenabled=1\nfilter=web\nlogpath = /a b.log\n")
    assert not wrong.settings.jails
    assert "head or tail is expected" in wrong.problems[0].message


@pytest.mark.parametrize(
    ("backend", "has_file", "has_journal", "match", "is_journal"),
    [
        ("auto", True, True, True, False),
        ("auto", False, True, True, True),
        ("auto", False, False, True, False),
        ("auto", False, True, False, False),
        ("gamin", False, True, True, True),
        ("polling", False, True, True, False),
        ("pyinotify", False, True, True, False),
        ("systemd", True, False, True, True),
        ("SystemD[namespace=x]", True, False, False, True),
    ],
)
def test_files_or_journal(
    tmp_path: Path, backend: str, has_file: bool, has_journal: bool, match: bool, is_journal: bool
) -> None:
    """auto takes files that exist, else the journal if there is one and a match, else waits for the files."""
    lines = "journalmatch = _COMM=web\n" if match else ""
    files = {
        **ACTION,
        "filter.d/web.conf": f"[Definition]\nfailregex = <logtype> <HOST>\n{lines}",
        "jail.conf": f"{HEAD}[j]\nenabled=1\nfilter=web\nlogpath=/l\nbackend={backend}\n",
    }
    loaded = load(write_tree(tmp_path, files), has_files=lambda _: has_file, has_journal=lambda: has_journal)
    jail = loaded.settings.jails[0]
    assert (jail.journal is not None) == is_journal
    assert bool(jail.logpaths) != is_journal
    assert jail.filter.failregex == ("journal <HOST>" if is_journal else "file <HOST>",)
    if is_journal and match:
        assert jail.journal is not None
        assert jail.journal.matches == (("_COMM=web",),)


def test_systemd_if_nologs_can_be_forbidden(tmp_path: Path) -> None:
    """With systemd_if_nologs = false a jail waits for its files."""
    text = f"{HEAD}[j]\nenabled=1\nfilter=web\nlogpath=/l\nbackend=auto\njournalmatch=A=1\nsystemd_if_nologs=false\n"
    loaded = load(write_tree(tmp_path, {**FILTER, **ACTION, "jail.conf": text}), has_files=lambda _: False)
    assert loaded.settings.jails[0].logpaths == (LogPath("/l"),)


def test_skip_if_nologs(tmp_path: Path) -> None:
    """Asked to, a jail without any log is left out with a warning; with one it runs; on the journal it is not asked."""
    text = f"{HEAD}{GOOD}[web]\nenabled = 1\nfilter = web\nskip_if_nologs = true\nlogpath = /no\n  /yes\n"
    tree = write_tree(tmp_path, {**FILTER, **ACTION, "jail.conf": text})
    for has_files, jails in ((False, ["good"]), (True, ["good", "web"])):
        loaded = load(tree, has_files=lambda path, found=has_files: found and path == "/yes", has_journal=lambda: False)
        assert [jail.name for jail in loaded.settings.jails] == jails
        assert loaded.is_whole
        assert bool(loaded.problems) is not has_files
    assert "skip_if_nologs" in load(tree, has_files=lambda _: False).problems[0].message


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ('key="<ip>"', IgnoreCache("<ip>")),
        ('key="<F-USER>@<ip-host>", max-count=7, max-time=1h', IgnoreCache("<F-USER>@<ip-host>", 7, 3600.0)),
    ],
)
def test_ignorecache(tmp_path: Path, text: str, found: IgnoreCache | None) -> None:
    """Arguments without a name; only the key is required."""
    loaded = load_jail_file(tmp_path, f"{HEAD}{GOOD}ignorecache = {text}\n")
    assert loaded.problems == ()
    assert loaded.settings.jails[0].ignorecache == found


@pytest.mark.parametrize(
    "text", ["max-count=3", "key=", "key=a, max-time=x", "key=a, max_count=1", "key=a]", "key=a, max-count=0"]
)
def test_a_wrong_ignorecache_is_a_warning(tmp_path: Path, text: str) -> None:
    """Without a cache the jail protects as well."""
    loaded = load_jail_file(tmp_path, f"{HEAD}{GOOD}ignorecache = {text}\n")
    assert [problem.is_fatal for problem in loaded.problems] == [False]
    assert loaded.settings.jails[0].ignorecache is None


def test_every_line_has_its_own_place(tmp_path: Path) -> None:
    """Lines of a list lead to where each is written; a value that only refers leads to both places."""
    files = {
        **FILTER,
        **ACTION,
        "jail.conf": f"{HEAD}t = 2d\nbantime = %(t)s\n{GOOD}",
        "jail.local": "[good]\nfailregex = %(known/failregex)s\n  ^%(t)s <HOST>\n",
        "filter.d/web.local": "[Definition]\nfailregex = %(known/failregex)s\n  # two\n  <two>\n"
        "two = ^a <HOST>\n  ^b <HOST>\n",
    }
    loaded = load(write_tree(tmp_path, files), has_files=lambda _: True)
    found = loaded.origins["good", "failregex"]
    assert [(Path(place.path).name, place.line) for place in found.lines] == [
        ("web.conf", 2),
        ("web.local", 5),
        ("web.local", 6),
        ("jail.local", 3),
    ]
    assert (Path(found.origin.path).name, found.origin.line) == ("jail.local", 2)
    bantime = loaded.origins["good", "bantime"]
    assert bantime.origin.line == bantime.lines[0].line + 1
    actions = loaded.actions["good", "blk"]
    assert {name: Path(one.origin.path).name for name, one in actions.items()} == {
        "actionban": "blk.conf",
        "name": "jail.conf",
        "actname": "jail.conf",
    }


def test_what_counts_when_nothing_is_written(tmp_path: Path) -> None:
    """The table of built-in values is what a jail without options has."""
    explicit = "".join(f"{name} = {text}\n" for name, text in BUILT_IN.items() if text and name != "enabled")
    both = f"[DEFAULT]\nlogpath = /l\nfilter = web\nenabled = 1\n[bare]\n[told]\n{explicit}"
    bare, told = load_jail_file(tmp_path, both).settings.jails
    assert told == replace(bare, name="told")


def test_ignoreip(tmp_path: Path) -> None:
    """Blanks and commas separate; masks, names and file: references pass; each entry counts once."""
    entries = "127.0.0.1/8 ::1, 10.0.0.0/255.0.0.0\n  host.example file:/x/y 2001:db8::/ffff:ffff:: bob [::2] ::1"
    jail = load_jail_file(tmp_path, f"{HEAD}{GOOD}ignoreip = {entries}\n").settings.jails[0]
    assert jail.ignoreip == (
        "127.0.0.1/8",
        "::1",
        "10.0.0.0/255.0.0.0",
        "host.example",
        "file:/x/y",
        "2001:db8::/32",
        "bob",
        "[::2]",
    )


def test_helper_variables_are_no_mistakes(tmp_path: Path) -> None:
    """Names made from others on purpose, or referred to, are never reported."""
    variables = "action_ = blk\nmaxretr = 4\nfilter2 = a\n"
    text = f"{HEAD}{variables}{GOOD}maxretry = %(maxretr)s\n_maxretry = 1\nknocking_url = /x\n"
    assert load_jail_file(tmp_path, text).problems == ()
