"""Actions for tests: small action files in, what a shell would get out; and tickets, harmless and hostile ones."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stockade.actions import COMMANDS, FAMILIES, Action, Script, Ticket, build_action, empty_ticket
from stockade.config import load
from stockade.errors import Problem
from tests.config_tree import FILTER, write_tree

NOW = 1_700_000_000.0
BANTIME = 600
HOST, FQ, SHORT = "host.example", "box.example", "box"
FOR_TICKETS = ("actionban", "actionprolong", "actionreban", "actionunban")
FOR_FAMILIES = tuple(command for command in COMMANDS if command not in FOR_TICKETS)
RECORDER = Path(__file__).parent / "fail2ban_recorder.py"
SYSTEM_PYTHON = "/usr/bin/python3"


def ticket_data(banned: str, **more: Any) -> dict[str, Any]:
    """A ticket as the recorder takes it."""
    return {
        "id": banned,
        "time": NOW + 1.5,
        "bantime": BANTIME,
        "bancount": 1,
        "failures": 3,
        "matches": ["Failed a", "Failed b"],
        "fields": {},
        "is_restored": False,
        **more,
    }


TICKETS = (
    ticket_data("192.0.2.1", fields={"user": "alice"}),
    ticket_data(
        "192.0.2.7",
        fields={"user": "a;b $(id) 'x' \"y\"", "fport": "22"},
        matches=["a`id`", "b\\ $x"],
        bancount=2,
    ),
    ticket_data("2001:db8::1", matches=[], failures=0),
    ticket_data("192.0.2.0/24"),
    ticket_data("2001:db8::/64"),
    ticket_data("foo bar"),
    ticket_data("x;y$(z)"),
    ticket_data("198.51.100.1", bantime=-1, bancount=5, is_restored=True, time=int(NOW)),
)


def ticket_of(data: Mapping[str, Any], jail: str) -> Ticket:
    """The same as a value; what is looked up is what fail2ban says without a database."""
    late = {
        "ip-host": HOST,
        "fq-hostname": FQ,
        "sh-hostname": SHORT,
        "ipmatches": "\n".join(data["matches"]),
        "ipjailmatches": "\n".join(data["matches"]),
        "ipfailures": str(data["failures"]),
        "ipjailfailures": str(data["failures"]),
    }
    own = {**data, "matches": tuple(data["matches"])}
    return Ticket(jail, look_up=lambda tag: late.get(tag, "0"), **own)


def blank_ticket(jail: str) -> Ticket:
    """The ticket of start, stop, flush and check on the host of these tests."""
    late = {"ip-host": "None", "fq-hostname": FQ, "sh-hostname": SHORT, "ipmatches": "", "ipjailmatches": ""}
    return empty_ticket(jail, NOW, BANTIME, lambda tag: late.get(tag, "0"))


def parts(script: Script | None) -> list[str]:
    """A script as the recorder shows it: the text and the arguments."""
    return [""] if script is None else [script.text, *script.arguments]


def commands(action: Action, jail: str, tickets: Iterable[Mapping[str, Any]] = TICKETS) -> dict[str, list[str]]:
    """Every command for both families and for every ticket, named as the recorder names them."""
    found = {
        f"{command} {family}": parts(action.script(command, family, blank_ticket(jail)))
        for family in FAMILIES[1:]
        for command in FOR_FAMILIES
    }
    for number, data in enumerate(tickets):
        ticket = ticket_of(data, jail)
        found |= {
            f"{command} {number}": parts(action.script(command, ticket.family, ticket)) for command in FOR_TICKETS
        }
    return found


def built(tree: Path) -> tuple[dict[str, dict[str, Action]], list[Problem]]:
    """Every action of every jail of a tree, and every problem met on the way."""
    loaded = load(tree, has_files=lambda _: True, has_journal=lambda: False)
    problems = list(loaded.problems)
    found: dict[str, dict[str, Action]] = {}
    for jail in loaded.settings.jails:
        for settings in jail.actions:
            action, own = build_action(settings, jail.name)
            problems += own
            if action is not None:
                found.setdefault(jail.name, {})[action.actname] = action
    return found, problems


def one_action(root: Path, text: str, item: str = "a", **more: str) -> Action:
    """The action of a jail called web, from the text of action.d/a.conf; it has no problems."""
    actions, problems = built(action_tree(root, {"a": text, **more}, {"web": item}))
    assert problems == []
    (action,) = actions["web"].values()
    return action


def action_tree(root: Path, actions: Mapping[str, str], jails: Mapping[str, str]) -> Path:
    """A tree of these action files, and a jail per item of `jails` (name → text of `action`)."""
    head = "[DEFAULT]\nenabled = true\nbackend = polling\nfilter = web\nlogpath = /dev/null\n"
    sections = "".join(f"[{name}]\naction = {text}\n" for name, text in jails.items())
    files = {f"action.d/{name}.conf": text for name, text in actions.items()}
    return write_tree(root, {**FILTER, **files, "jail.conf": head + sections, "fail2ban.conf": "[Definition]\n"})


def stock_tree(root: Path, stock: Path, arguments: Mapping[str, str], **more: str) -> Path:
    """A tree with a stock `action.d` and a jail for each of its files and each of `arguments` (suffix → brackets)."""
    names = sorted(path.stem for path in (stock / "action.d").glob("*.conf"))
    jails = {f"{name}{suffix}": name + text for name in names for suffix, text in arguments.items()}
    tree = action_tree(root, more, jails)
    shutil.copytree(stock / "action.d", tree / "action.d", dirs_exist_ok=True)
    return tree


def has_fail2ban() -> bool:
    """Tells whether the system's Python has fail2ban's own modules."""
    if not Path(SYSTEM_PYTHON).exists():
        return False
    done = subprocess.run([SYSTEM_PYTHON, "-c", "import fail2ban.server.action"], capture_output=True, check=False)
    return done.returncode == 0


def record(tree: Path, tickets: Iterable[Mapping[str, Any]] = TICKETS) -> dict[str, dict[str, Any]]:
    """What fail2ban would run for every action of a tree."""
    request = {
        "tree": str(tree),
        "tickets": list(tickets),
        "now": NOW,
        "bantime": BANTIME,
        "host": HOST,
        "fq": FQ,
        "short": SHORT,
    }
    done = subprocess.run(
        [SYSTEM_PYTHON, RECORDER], input=json.dumps(request), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found
