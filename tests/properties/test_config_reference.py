"""Our reader against fail2ban's own, where its Debian package is installed: the same tree means the same.

Where the reference gives up, we may go on, but only with a problem or one of the differences listed in `MENDED`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stockade.config import Loaded, load, parse_seconds
from stockade.config.journalmatch import parse_journalmatch
from stockade.model.settings import JailSettings
from tests.config_tree import write_tree
from tests.reference_reader import PACKAGE, PYTHON, Reference, ReferenceJail, ReferenceReader

STOCK = Path(__file__).parents[3] / "shared" / "compat" / "fail2ban" / "config"
INSTALLED = Path("/etc/fail2ban")
pytestmark = pytest.mark.skipif(not (PYTHON.exists() and PACKAGE.exists()), reason="Debian's fail2ban is not installed")

MENDED = (
    ("Recursion limit", "only one generation of known/ is kept there; here each layer sees the one before it"),
    ("%' must be followed by", "a filter's final date pattern is interpolated once more there; here it is literal"),
    ("not a valid option name", "an option of the filter is worked out there even if the jail replaces it"),
    ("self referencing", "the same"),
)
"""Errors of the reference at which we may go on without a problem, and why."""


@pytest.fixture(scope="module")
def reference() -> Iterator[ReferenceReader]:
    """The reference's reader as one process for all trees."""
    with ReferenceReader() as reader:
        yield reader


def ours(jail: JailSettings) -> dict[str, Any]:
    """One of our jails in words of the comparison."""
    return {
        "failregex": list(jail.filter.failregex),
        "ignoreregex": list(jail.filter.ignoreregex),
        "prefregex": jail.filter.prefregex,
        "datepattern": list(jail.filter.datepattern),
        "maxlines": jail.filter.maxlines,
        "usedns": jail.filter.usedns,
        "logencoding": jail.filter.logencoding,
        "maxretry": jail.maxretry,
        "maxmatches": jail.maxmatches,
        "findtime": jail.findtime,
        "bantime": jail.ban.bantime,
        "increment": jail.ban.is_increment,
        "factor": jail.ban.factor,
        "ignoreip": set(jail.ignoreip),
        "ignorecommand": jail.ignorecommand,
        "ignoreself": jail.is_ignoreself,
        "logs": {path: "tail" if log.is_tail else "head" for log in jail.logpaths for path in glob(log.pattern)},
        "matches": set(jail.journal.matches) if jail.journal else set(),
        "actions": {action.actname: _texts(action.properties) for action in jail.actions},
    }


def theirs(jail: ReferenceJail) -> dict[str, Any]:
    """One of the reference's jails in the same words, with its server's defaults for what it does not send."""
    options, lists = jail.options, jail.lists
    bantime = parse_seconds(str(options.get("bantime", 600)))
    matches = {group for tokens in jail.matches for group in parse_journalmatch(" ".join(f"'{t}'" for t in tokens))}
    return {
        "failregex": lists.get("addfailregex", []),
        "ignoreregex": lists.get("addignoreregex", []),
        "prefregex": options.get("prefregex", ""),
        "datepattern": [line for line in options.get("datepattern", "").split("\n") if line.strip()],
        "maxlines": options.get("maxlines", 1),
        "usedns": options.get("usedns", "warn"),
        "logencoding": options.get("logencoding", "auto"),
        "maxretry": options.get("maxretry", 3),
        "maxmatches": options.get("maxmatches", 5),
        "findtime": parse_seconds(str(options.get("findtime", 600))),
        "bantime": -1.0 if bantime < 0 else float(int(bantime)),
        "increment": options.get("bantime.increment", False),
        "factor": options.get("bantime.factor", "1"),
        "ignoreip": set(lists.get("addignoreip", [])),
        "ignorecommand": options.get("ignorecommand", ""),
        "ignoreself": options.get("ignoreself", True),
        "logs": jail.logs,
        "matches": matches if jail.backend.startswith("systemd") else set(),
        "actions": {name: _texts(properties) for name, properties in jail.actions.items()},
    }


def _texts(properties: Mapping[str, object]) -> dict[str, str]:
    """Properties as texts; what nobody defined is not sent by us, and a flag is a word."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in properties.items()
            if value is not None}  # fmt: skip


def _differing_properties(mine: dict[str, dict[str, str]], other: dict[str, dict[str, str]]) -> list[object]:
    """Properties of actions that differ for no reason. There are two reasons why they may.

    `<known/…>` in an argument is settled at run time there, and at reading here. An argument replaces the variants of
    both families here, as it does there since 1.1; in 1.0.2 the file's IPv6 variant stays.
    """
    names = [(action, name) for action in mine.keys() | other.keys() for name in
             mine.get(action, {}).keys() | other.get(action, {}).keys()]  # fmt: skip
    found: list[object] = [] if list(mine) == list(other) else [(list(mine), list(other))]
    for action, name in names:
        own, text = mine.get(action, {}), other.get(action, {}).get(name)
        is_override = "?family=" in name and own.get(name) == own.get(name.partition("?")[0])
        if own.get(name) != text and "<known/" not in str(text) and not is_override:
            found.append((action, name, own.get(name), text))
    return found


def differences(loaded: Loaded, reference: Reference) -> dict[str, tuple[object, object]]:
    """Every value in which the two differ, as "jail.option" → (ours, theirs)."""
    found: dict[str, tuple[object, object]] = {}
    mine = {jail.name: ours(jail) for jail in loaded.settings.jails}
    for name in mine.keys() | reference.jails.keys():
        if name not in mine or name not in reference.jails:
            found[name] = (name in mine, name in reference.jails)
            continue
        other = theirs(reference.jails[name])
        if unlike := _differing_properties(mine[name].pop("actions"), other.pop("actions")):
            found[f"{name}.actions"] = (unlike, [])
        found |= {f"{name}.{key}": (mine[name][key], other[key]) for key in other if mine[name][key] != other[key]}
    return found


@pytest.mark.parametrize("tree", [INSTALLED, STOCK], ids=["installed", "stock"])
@pytest.mark.parametrize("extra", ["", "mode = aggressive", "backend = systemd", "action = %(action_mwl)s"])
def test_the_stock_trees_mean_the_same(reference: ReferenceReader, tmp_path: Path, tree: Path, extra: str) -> None:
    """With every jail enabled, each expression, time, list and action is the one the reference sends."""
    if not tree.is_dir():
        pytest.skip(f"there is no {tree.name} tree here")
    copy = tmp_path / "etc"
    shutil.copytree(tree, copy)
    (copy / "jail.local").write_text(f"[DEFAULT]\nenabled = true\n{extra}\n")
    loaded = load(copy, has_files=lambda _: True)
    assert differences(loaded, reference.read(copy)) == {}
    assert len(loaded.settings.jails) > 80


def _section(name: str, options: Mapping[str, str]) -> str:
    return "".join([f"[{name}]\n", *(f"{option}{text}\n" for option, text in options.items())])


def _options(**pools: list[str]) -> st.SearchStrategy[dict[str, str]]:
    """Some of the options, each with one of its texts, written in one of the ways that mean the same."""
    spelled = {name.replace("__", "."): st.sampled_from(texts) for name, texts in pools.items()}
    signs = st.sampled_from(["{} = {}", "{}: {}", "{}={}", "{} = {} ; why", "# why\n{}={}"])
    line = st.fixed_dictionaries({}, optional={name: st.tuples(signs, texts) for name, texts in spelled.items()})
    return line.map(lambda chosen: {"": "\n".join(sign.format(name, text) for name, (sign, text) in chosen.items())})


JAIL_OPTIONS = _options(
    enabled=["true", "1", "ON", "no"],
    maxretry=["2", "%(base)s", "%(known/maxretry)s1", "%(tools/n)s", "%(default/base)s"],
    findtime=["10m", "1d 2h", "%(base)s", "2*3h"],
    bantime=["-1", "1h", "%(base)sm"],
    bantime__increment=["yes", "false"],
    usedns=["no", "raw", "warn"],
    backend=["auto", "polling", "systemd", "systemd[journalflags=1]"],
    filter=[
        "f",
        "f[mode=strict]",
        'f[level="<known/level>|9", x=7]',
        "g",
        "%(__name__)s",
        "f[failregex='^arg <HOST>']",
    ],
    failregex=["^own <HOST> <mode>", "%(known/failregex)s\n  ^more <HOST>$", "%(known/part)s <HOST>", ""],
    ignoreregex=["^skip$", "%(known/ignoreregex)s\n\n  # no\n  ^skip %(tools/n)s$"],
    datepattern=["^%%Y %%m", "{NONE}"],
    maxlines=["2"],
    prefregex=["^jail <F-CONTENT>.+</F-CONTENT>$"],
    journalmatch=["_COMM=x + _COMM=y", "A=1 B='2 3'\n  C=4"],
    logpath=["/etc/pass*", "/etc/passwd tail\n  /etc/group head", "/nowhere/*.log"],
    action=["blk", 'blk[port="%(port)s"]', "blk[name=one-x]\n  blk[actname=z,zone='a,b']", "%(act)s blk[name=y]", ""],
    port=["80", "ssh,%(base)s"],
    ignoreip=["127.0.0.1/8 ::1", "%(tools/net)s,192.0.2.1"],
    base=["4", "5"],
    act=["blk[zone=%(base)s]", "blk[kind=q][set=x]"],
)
FILTER_OPTIONS = _options(
    failregex=["^one <HOST>", "%(part)s <HOST> <level>\n  <re-<mode>>", "<sec/text> <HOST>\n ^%(sec/text)s <ADDR>"],
    part=["^p", "^q<x>", "<part2>"],
    part2=["deep"],
    mode=["normal", "strict"],
    ignoreregex=["^i", "<known/ignoreregex>|<level>"],
    prefregex=["^f <F-CONTENT>.+</F-CONTENT>$", "<part> <F-CONTENT>.*</F-CONTENT>"],
    datepattern=["%%Y", "{^LN-BEG}%%H"],
    usedns=["yes"],
    maxlines=["3"],
    journalmatch=["_SYSTEMD_UNIT=<part2>.service + _COMM=d"],
    logtype=["short"],
)
INIT_OPTIONS = _options(level=["3", "<x>"], x=["9"], usedns=["no"], maxlines=["4"])
ACTION_OPTIONS = _options(
    actionstart=["start <name> <zone>; <inner>", "s <known/zone>"],
    actionban=["ban <ip> <port> <zone> %(maxretry)s <maxretry> <matches> <bantime> <set> <x-<kind>>"],
    actionunban=["%(actionban)s", "unban <logpath> <findtime>"],
    inner=["i <actname>", "<actionunban>"],
    norestored=["1", "no"],
)
FIXED = {
    "filter.d/g.conf": "[Definition]\nfailregex = ^g <HOST>\npart = g\nignoreregex =\n",
    "filter.d/one.conf": "[Definition]\nfailregex = ^one <HOST>\npart = o\nignoreregex = ^o\n",
    "filter.d/two.conf": "[INCLUDES]\nbefore = one.conf\n[Definition]\npart = t\n",
}


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str]:
    """A whole tree of two jails over four layers, a filter in two and an action in two."""

    def section(name: str, options: st.SearchStrategy[dict[str, str]]) -> str:
        return _section(name, draw(options))

    plain = "[DEFAULT]\nbase = 6\nbackend = polling\nport = 1\nact = blk\nfilter = f\n"
    jails = "[one]\nenabled = 1\nlogpath = /etc/passwd\n[two]\nlogpath = /etc/group\n"
    files = {
        **FIXED,
        "jail.conf": f"{plain}{jails}[tools]\nn = 8\nnet = 10.0.0.0/8\n",
        "filter.d/f.conf": section("Definition", FILTER_OPTIONS)
        + "re-normal = ^n <HOST>\nre-strict = %(re-normal)s\n  ^s <x> <HOST>\n[sec]\ntext = t\n"
        + section("Init", INIT_OPTIONS),
        "action.d/blk.conf": section("Definition", ACTION_OPTIONS)
        + "x-k = composed\n[Init]\nzone = z\nkind = k\nset = s4\n[Init?family=inet6]\nset = s6\n",
    }
    for name in draw(st.sets(st.sampled_from(["jail.d/a.conf", "jail.local", "jail.d/b.local"]))):
        files[name] = "".join(section(part, JAIL_OPTIONS) for part in draw(st.sampled_from(SECTIONS)))
    if draw(st.booleans()):
        files["filter.d/f.local"] = section("Definition", FILTER_OPTIONS)
    if draw(st.booleans()):
        files["action.d/blk.local"] = section("Definition", ACTION_OPTIONS)
    return files


SECTIONS = [("DEFAULT",), ("one",), ("two",), ("DEFAULT", "one"), ("one", "two"), ("two", "DEFAULT", "one")]


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=trees())
def test_any_tree_means_the_same(reference: ReferenceReader, files: dict[str, str]) -> None:
    """What the reference accepts means the same here, to the last character; what it refuses is a problem here."""
    with tempfile.TemporaryDirectory() as folder:
        tree = write_tree(Path(folder), files)
        found = reference.read(tree)
        loaded = load(tree, has_files=lambda _: True)
    if found.error or not found.is_good:
        assert loaded.problems or any(text in found.error for text, _ in MENDED), found.error
    else:
        assert differences(loaded, found) == {}
