"""The backends `command`, `docker[…]`, `podman[…]` and `kmsg`, and the keys of JSON filters, as a jail says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.config import load, load_filter
from stockade.model.settings import (
    CommandSettings,
    ContainerSettings,
    JailSettings,
    JsonSettings,
    KernelLogSettings,
    WayIn,
)


def read(tmp_path: Path, text: str) -> tuple[list[JailSettings], list[str]]:
    """The jails of one section `[j]` with these options, and what is wrong."""
    (tmp_path / "jail.conf").write_text(f"[DEFAULT]\naction = a\n[j]\nenabled = true\nfailregex = ^<HOST>$\n{text}\n")
    (tmp_path / "action.d").mkdir(exist_ok=True)
    (tmp_path / "action.d/a.conf").write_text("[Definition]\nactionban = true\n")
    loaded = load(tmp_path)
    return list(loaded.settings.jails), [str(problem) for problem in loaded.problems]


@pytest.mark.parametrize(
    ("text", "way_in"),
    [
        ("backend = kmsg", KernelLogSettings()),
        (
            "backend = command\nlogcommand = journalctl -fu 'my app' -o cat",
            CommandSettings(("journalctl", "-fu", "my app", "-o", "cat")),
        ),
        ("backend = docker[name=web-*]", ContainerSettings("docker", ("web-*",))),
        (
            'backend = docker[name="web-* api", label="app=shop, tier"]',
            ContainerSettings("docker", ("web-*", "api"), ("app=shop", "tier")),
        ),
        (
            "backend = Docker[label=com.example.app=s*, root=/srv/docker/]",
            ContainerSettings("docker", (), ("com.example.app=s*",), "/srv/docker"),
        ),
        ("backend = podman[name=web]", ContainerSettings("podman", ("web",))),
    ],
)
def test_ways_in(tmp_path: Path, text: str, way_in: WayIn) -> None:
    """Each has its settings, and the jail reads nothing else, whatever `logpath` says."""
    ((jail,), problems) = read(tmp_path, text + "\nlogpath = /var/log/x")
    assert (problems, jail.way_in) == ([], way_in)
    assert (jail.logpaths, jail.journal, jail.syslog) == ((), None, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("backend = command", "logcommand names no program"),
        ("backend = command\nlogcommand = 'x", "logcommand cannot be split (No closing quotation)"),
        ("backend = command[x=1]\nlogcommand = x", "backend command takes no arguments: 'x'"),
        ("backend = kmsg[x=1]", "backend kmsg takes no arguments: 'x'"),
        ("backend = docker", "the docker backend names no container"),
        ("backend = docker[nam=web]", "unknown argument of the docker backend: 'nam'"),
        ("backend = docker[name=we/b]", "not a container's name: 'we/b'"),
        ("backend = docker[name=web, root=here]", "root is not an absolute path: 'here'"),
        ("backend = podman[label=a=b]", "podman's containers cannot be chosen by label: 'a=b'"),
        ("backend = dokcer[name=web]", "unknown backend"),
    ],
)
def test_mistakes_have_a_place_and_a_remedy(tmp_path: Path, text: str, message: str) -> None:
    """The jail is disabled, and told where and why."""
    jails, problems = read(tmp_path, text)
    assert jails == []
    assert any(message in problem and "jail.conf:" in problem and "→" in problem for problem in problems), problems


def test_the_kernels_lines_look_like_the_journals(tmp_path: Path) -> None:
    """Filters choose their prefix by `logtype`: from the kernel as from the journal, from containers as from files."""
    (tmp_path / "filter.d").mkdir()
    (tmp_path / "filter.d/f.conf").write_text("[Definition]\nignoreregex = ^<logtype>$\n")
    for backend, logtype in (("kmsg", "journal"), ("docker[name=x]", "file")):
        ((jail,), _) = read(tmp_path, f"filter = f\nbackend = {backend}")
        assert jail.filter.ignoreregex == (f"^{logtype}$",)


def test_json_keys_of_a_filter(tmp_path: Path) -> None:
    """Text, time and conditions; tags are replaced, and a jail's own value replaces the filter's."""
    (tmp_path / "filter.d").mkdir()
    (tmp_path / "filter.d/f.conf").write_text(
        "[Definition]\nfailregex = ^from <ADDR>$\njsontext = from {<field>}\njsontime = ts\n"
        'jsonmatch = status=401 "msg=login failed*" + level=error\n    kind=auth\n[Init]\nfield = ip\n'
    )
    settings, problems = load_filter(tmp_path, "f[field=remote.ip]")
    groups = (("status=401", "msg=login failed*"), ("level=error",), ("kind=auth",))
    assert (problems, settings.json) == ((), JsonSettings("from {remote.ip}", "ts", groups))
    ((jail,), _) = read(tmp_path, "filter = f\nlogpath = /l\njsonmatch = status=403\njsontime = when")
    assert jail.filter.json == JsonSettings("from {ip}", "when", (("status=403",),))
    assert jail.filter.reading == ("auto", jail.filter.json)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jsonmatch = status", "jsonmatch: not a JSON match: 'status'"),
        ("jsonmatch = 'status=1", "jsonmatch cannot be split"),
        ("jsonmatch = a=1 + + b=2", "nothing stands beside a +"),
    ],
)
def test_wrong_conditions(tmp_path: Path, text: str, message: str) -> None:
    """The grammar is that of `journalmatch`, and so are its mistakes."""
    jails, problems = read(tmp_path, f"jsontext = {{ip}}\nlogpath = /l\n{text}")
    assert jails == []
    assert any(message in problem for problem in problems), problems


def test_json_keys_without_a_text_are_pointless(tmp_path: Path) -> None:
    """Somebody forgot the text: the jail runs on plain lines, and it is said."""
    jails, problems = read(tmp_path, "logpath = /l\njsontime = ts\njsonmatch = a=b")
    assert [jail.filter.json for jail in jails] == [None]
    assert sum("without jsontext: nothing is read as JSON" in problem for problem in problems) == 2
