"""Rendered commands against fail2ban's own: all stock actions, where Debian's package is installed; digests elsewhere.

The digests say what was equal to fail2ban when they were made. They are written anew by running this module:
`python -m tests.unit.test_actions_reference` next to fail2ban, which refuses while anything differs.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stockade.config import load
from tests.actions_help import TICKETS, built, commands, has_fail2ban, record, stock_tree, ticket_data
from tests.unit.test_actions_golden import MANY, NAMES, golden_tree

STOCK = Path(__file__).parents[3] / "shared" / "compat" / "fail2ban" / "config"
INSTALLED = Path("/etc/fail2ban")
DIGESTS = Path(__file__).parents[1] / "golden" / "actions" / "stock-digests.json"
needs_stock = pytest.mark.skipif(not STOCK.is_dir(), reason="the stock tree is not on this machine")
needs_fail2ban = pytest.mark.skipif(not has_fail2ban(), reason="fail2ban is not installed for the system's Python")

ARGUMENTS = {
    "": "",
    "_w": '[name=web, port="http,https", protocol=tcp, chain="<known/chain>", bantime=77, logpath=/var/log/x.log]',
    "_m": '[name=%(__name__)s, port=0:65535, protocol="tcp,udp", dest="a@b.example", sender=c, timeout=2m]',
}
"""What jails pass to their actions: nothing; what stock jails pass; lists and a time limit."""

HOSTILE = (
    *TICKETS,
    ticket_data("192.0.2.9", fields={"user": "-x"}, matches=["<ip> <matches> <br>", "é \ud7ff *?[a]{b,c}~!%s"]),
    ticket_data("2001:db8::ffff:1", fields={"user": "\n", "x": ""}, matches=["\\", "'", '"', "`", "$'\\x00'"]),
    ticket_data("-o Proxy=x", fields={"id": "-o Proxy=x"}),
    ticket_data("a\nb", matches=["<F-USER>"], fields={"user": "$f2bV_matches"}),
)

Differences = Mapping[str, str]
NETWORKS: Differences = {
    r"(complain|xarf-login-attack)\w* action(re)?ban 3": "<ip-rev> of an IPv4 network: fail2ban reverses its `/24` too",
}
HELPERS: Differences = {
    r"[\w-]*common\w* action\w+ \w+": "no [Definition] (defect 33): fail2ban would run the text `<actionban>`",
}
OVERRIDES: Differences = {
    r"jail-families action(ban [24]|start inet6)": "a bracket argument replaces the IPv6 variant too (§9)",
}
APART: Differences = {
    r"jail-tags action(re)?ban 3": "<ip-rev> of an IPv4 network",
    r"jail-apart action(re)?ban \d": "`${…}` before a letter; `<jail.name>` is newer (§9); no value ends a document",
    r"jail-apart actionunban 8": "<F-A-B> and <F-A_B> are two variables",
    r"jail-apart actionprolong 8": "more than ten variables: `${10}` (defect 22)",
    r"jail-apart actioncheck inet[46]": "tags of a ticket are empty in a check too, as in start and stop",
}
"""Differences in our own action files; the names of the rows are those of the golden files."""


def differing(theirs: Mapping[str, Any], tree: Path, known: Differences, tickets: Any = HOSTILE) -> Iterator[str]:
    """Every command that is not the same, but for the known ones; each known kind must really occur."""
    actions, problems = built(tree)
    assert [problem for problem in problems if problem.is_fatal] == []
    met = set()
    assert list(actions) == list(theirs)
    for jail, reference in theirs.items():
        for name, action in actions[jail].items():
            assert action.is_on_demand == reference[name]["is_on_demand"], jail
            assert action.timeout == reference[name]["timeout"], jail
            ours = commands(action, jail, tickets)
            for key in ours.keys() | reference[name]["commands"].keys():
                if ours[key] != reference[name]["commands"][key]:
                    kind = next((kind for kind in known if re.fullmatch(kind, f"{jail} {key}")), None)
                    met.add(kind)
                    if kind is None:
                        yield f"{jail} {key}:\n  {reference[name]['commands'][key]}\n  {ours[key]}"
    assert met <= {*known, None}
    assert set(known) <= met, "a difference that is listed does not exist any more"


@needs_stock
@needs_fail2ban
def test_every_stock_action_runs_what_fail2ban_would_run(tmp_path: Path) -> None:
    """All commands, both families, safe and hostile tickets: the same texts and arguments, with listed exceptions."""
    tree = stock_tree(tmp_path, STOCK, ARGUMENTS)
    assert list(differing(record(tree, HOSTILE), tree, NETWORKS | HELPERS)) == []


@pytest.mark.skipif(not (INSTALLED / "action.d").is_dir(), reason="fail2ban is not installed")
@needs_fail2ban
def test_every_installed_action_runs_what_fail2ban_would_run(tmp_path: Path) -> None:
    """The same for the actions of the installed release."""
    tree = stock_tree(tmp_path, INSTALLED, {"": ARGUMENTS["_w"]})
    assert list(differing(record(tree), tree, NETWORKS | HELPERS, TICKETS)) == []


@needs_stock
@needs_fail2ban
def test_an_argument_replaces_the_variants_of_stock_actions(tmp_path: Path) -> None:
    """`act[blocktype=DROP]` is what 1.0.2 makes of it once the IPv6 variant is changed by hand."""
    tree = stock_tree(tmp_path / "ours", STOCK, {"": "[blocktype=DROP]"})
    theirs = stock_tree(tmp_path / "theirs", STOCK, {"": "[blocktype=DROP]"})
    varied = [
        action.name
        for jail in load(tree, has_files=lambda _: True).settings.jails
        for action in jail.actions
        if "blocktype?family=inet6" in action.properties
    ]
    assert len(varied) > 5
    for name in varied:
        (theirs / "action.d" / f"{name}.local").write_text("[Init?family=inet6]\nblocktype = DROP\n")
    assert list(differing(record(theirs, TICKETS), tree, NETWORKS | HELPERS, TICKETS)) == []


@needs_fail2ban
def test_our_own_actions_run_what_fail2ban_would_run(tmp_path: Path) -> None:
    """Tags, families, nested properties and scripts mean the same; what differs is listed."""
    tree, tickets = golden_tree(tmp_path, NAMES), (*TICKETS, MANY)
    assert list(differing(record(tree, tickets), tree, OVERRIDES | APART, tickets)) == []


def tree_digest() -> str:
    """Tells whether the stock tree is the one that the digests were made from."""
    texts = (path.read_bytes() for path in sorted((STOCK / "action.d").glob("*.conf")))
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def digests(root: Path) -> dict[str, dict[str, str]]:
    """For each stock action: command and family → digest of what a shell would get; without those that do nothing."""
    found: dict[str, dict[str, str]] = {}
    tickets = {"1": "inet4", "2": "inet6"}
    for jail, actions in built(stock_tree(root, STOCK, ARGUMENTS))[0].items():
        (action,) = actions.values()
        for key, parts in commands(action, jail).items():
            command, who = key.split()
            if parts != [""] and (family := tickets.get(who, who)) in {"inet4", "inet6"}:
                digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
                found.setdefault(jail, {})[f"{command} {family}"] = digest[:20]
    return found


@needs_stock
def test_every_stock_action_runs_what_it_ran_when_it_was_compared(tmp_path: Path) -> None:
    """Without fail2ban: every command of every stock action has the digest of the one that was equal to fail2ban's."""
    golden = json.loads(DIGESTS.read_text())
    if golden["tree"] != tree_digest():
        pytest.skip("the digests belong to another release of the stock tree")
    assert digests(tmp_path) == golden["commands"]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        test_every_stock_action_runs_what_fail2ban_would_run(Path(one))
        made = {"tree": tree_digest(), "commands": digests(Path(two))}
    DIGESTS.write_text(json.dumps(made, indent=1) + "\n")
