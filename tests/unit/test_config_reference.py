"""Our reader against fail2ban's own, where its Debian package is installed: the same tree gives the same values."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stockade.config import load, parse_seconds
from tests.config_tree import write_tree

CLIENT = shutil.which("fail2ban-client")
pytestmark = pytest.mark.skipif(CLIENT is None, reason="fail2ban-client is not installed")

TIMES = ["600", "1d12h30m", "1y 6mo", "1d-2h", "2*3h", "1h*2", "3h 30m*2", "1m30", "1.5h", "-1", "1MIN 1M", "2 weeks 1"]

TREE = {
    "fail2ban.conf": "[Definition]\nloglevel = INFO\n",
    "jail.conf": """
        [INCLUDES]
        before = paths.conf
        [DEFAULT]
        enabled = true
        backend = polling
        logpath = %(log)s
        port    = 1:2
        maxretry = 6
        act_    = blk[port="%(port)s", proto=%(proto)s]
        action  = %(act_)s
        word    = d
        agents  = <%(word)s>
        [one]
        filter   = f[x=2, level="<known/level>|9"]
        port     = 80,443
        word     = one
        maxretry = 4
        findtime = 1d 2h
        usedns   = no
        [two]
        filter    = f
        failregex = %(known/failregex)s
                    ^own <HOST> <mode>
        ignoreregex = ^%(tools/words)s$
        action    = blk[name=two-a] blk[name="x y"]
          blk[actname=z,zone='a,b']
        bantime   = -1
        [three]
        filter      = g[mode=strict]
        datepattern = ^%%Y %%m
        maxlines    = 3
        [tools]
        enabled = no
        words   = a|b
        [four]
        filter = f[failregex="^arg <HOST>", logtype=short]
        failregex = ^jail <HOST>   ; comment
          # comment

          ^second <HOST>
    """,
    "paths.conf": "[DEFAULT]\nlog = /var/log/x.log\nproto = tcp\n[INCLUDES]\nafter = paths.local\n",
    "paths.local": "[DEFAULT]\nproto = udp\n",
    "jail.d/b.conf": "[one]\nmaxretry = %(known/maxretry)s5\n[two]\nfindtime : 3\n",
    "jail.d/a.conf": "[one]\nignoreregex = ^a\n",
    "jail.local": "[one]\nignoreregex = %(known/ignoreregex)s\n  ^b\n[DEFAULT]\nword = local\n",
    "jail.d/z.local": "[three]\nmaxretry = 9\n",
    "filter.d/common.conf": """
        [DEFAULT]
        logtype = file
        _daemon = \\S+
        line = <lt_<logtype>/line>
        [lt_file]
        line = F <_daemon>
        [lt_short]
        line = S%(lt_file/line)s
    """,
    "filter.d/f.conf": """
        [INCLUDES]
        before = common.conf
        [Definition]
        _Daemon = fd
        x = 1
        helper = h%(x)s-<x>
        failregex = ^%(line)s %(helper)s <helper> <level> <backend> <__missing> <HOST>
                    ^<sec/text> <F-USER>\\S+</F-USER> (?P<word>y) <ADDR>
        [sec]
        n = 7
        text = t%(n)s
        [Init]
        level = 3
    """,
    "filter.d/f.local": "[Definition]\nfailregex = %(known/failregex)s\n  ^local <HOST>\n",
    "filter.d/g.conf": """
        [Definition]
        prefregex = ^p <F-CONTENT>.*</F-CONTENT>
        re-normal = ^n <HOST>
        re-strict = %(re-normal)s
                    ^s <re2-<mode>> <HOST>
        re2-strict = deep
        failregex = <re-<mode>>
        mode = normal
        datepattern = %%H
    """,
    "action.d/blk.conf": """
        [Definition]
        actionstart = start <name> <zone>; <inner>
        actionban = ban <ip> <port> <proto> <zone> %(maxretry)s <maxretry> <matches> <bantime> <set> <x-<kind>>
        inner = <actionunban> <actname>
        actionunban = unban <ip> <set>
        x-k = composed
        [Init]
        zone = z
        kind = k
        set = s4
        [Init?family=inet6]
        set = s6
    """,
}


def dump(tree: Path) -> dict[str, dict[str, Any]]:
    """What fail2ban would send to its server, by jail."""
    assert CLIENT is not None
    done = subprocess.run([CLIENT, "-c", tree, "-d"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    jails: dict[str, dict[str, Any]] = {}
    for line in done.stdout.splitlines():
        match ast.literal_eval(line):
            case ["add", jail, backend]:
                jails[jail] = {"backend": backend, "addfailregex": [], "addignoreregex": [], "actions": {}}
            case ["set" | "multi-set", jail, "addfailregex" | "addignoreregex" as kind, texts]:
                jails[jail][kind] += texts if isinstance(texts, list) else [texts]
            case ["multi-set", jail, "action", name, properties]:
                jails[jail]["actions"][name] = dict(properties)
            case ["set", jail, option, value] if jail in jails:
                jails[jail][option] = value
    return jails


def test_a_tree_of_everything(tmp_path: Path) -> None:
    """Merge order, includes, histories, interpolation, tags, families and action names agree."""
    tree = write_tree(tmp_path, TREE)
    reference = dump(tree)
    loaded = load(tree)
    assert loaded.problems == ()
    assert [jail.name for jail in loaded.settings.jails] == list(reference)
    for jail in loaded.settings.jails:
        theirs = reference[jail.name]
        assert list(jail.filter.failregex) == theirs["addfailregex"]
        assert list(jail.filter.ignoreregex) == theirs["addignoreregex"]
        assert jail.filter.prefregex == theirs.get("prefregex", "")
        assert "\n".join(jail.filter.datepattern) == theirs.get("datepattern", "")
        assert jail.filter.usedns == theirs.get("usedns", "warn")
        assert jail.filter.maxlines == theirs.get("maxlines", 1)
        assert jail.maxretry == theirs.get("maxretry", 3)
        assert jail.findtime == parse_seconds(theirs.get("findtime", "600"))
        assert jail.ban.bantime == parse_seconds(theirs.get("bantime", "600"))
        assert {action.actname: dict(action.properties) for action in jail.actions} == theirs["actions"]


def test_times() -> None:
    """Our times are fail2ban's."""
    assert CLIENT is not None
    running = [subprocess.Popen([CLIENT, f"--str2sec={text}"], stdout=subprocess.PIPE, text=True) for text in TIMES]
    found = [process.communicate(timeout=30)[0].strip() for process in running]
    assert [parse_seconds(text) for text in TIMES] == [float(seconds) for seconds in found]
