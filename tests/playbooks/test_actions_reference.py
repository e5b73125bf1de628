"""The order of commands, compared with an installed fail2ban's own: same stories, same failures, same commands.

What is different on purpose has a test of its own, which also shows what fail2ban does.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path

import pytest

from stockade.actions.turns import BanTurn, Flush, ProlongTurn, Start, Stop, Turn, UnbanTurn
from stockade.model.clock import Monotonic
from tests.actions_help import SYSTEM_PYTHON, has_fail2ban
from tests.playbooks.actions_story import Book, settings, ticket

SEQUENCES = Path(__file__).parents[1] / "fail2ban_sequences.py"
STORIES = 1000
V4, V6, FREE = ("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2"), ("somebody", "x_1")

pytestmark = pytest.mark.skipif(not has_fail2ban(), reason="fail2ban is not installed for the system's Python")


@dataclass(frozen=True, slots=True)
class Tale:
    """Actions (name and properties), commands that fail so often, and events (what, whom)."""

    actions: list[tuple[str, dict[str, str]]]
    broken: dict[str, int] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)


def fail2ban_runs(tales: Sequence[Tale]) -> list[list[list[str]]]:
    """The commands that fail2ban runs for each event."""
    request = json.dumps([asdict(tale) for tale in tales])
    done = subprocess.run(
        [SYSTEM_PYTHON, SEQUENCES], input=request, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[list[list[str]]] = json.loads(done.stdout)
    return found


def stockade_runs(tale: Tale) -> list[list[str]]:
    """The commands that Stockade runs for each event."""
    book = Book(*(settings(name, **properties) for name, properties in named(tale)))
    book.broken = dict(tale.broken)
    found = []
    for number, (what, identifier) in enumerate(tale.events):
        book.now = Monotonic(1000.0 + 10 * number)
        found.append(book.does(turn(what, identifier, 10 * number)))
    return found


def named(tale: Tale) -> list[tuple[str, dict[str, str]]]:
    """The actions with `?family=` as `settings` takes it."""
    return [
        (name, {option.replace("?family=", "__"): text for option, text in properties.items()})
        for name, properties in tale.actions
    ]


def turn(what: str, identifier: str, late: float) -> Turn:
    """An event as a turn."""
    match what:
        case "start":
            return Start()
        case "ban" | "restored":
            return BanTurn(ticket(identifier, late=late, is_restored=what == "restored"))
        case "unban":
            return UnbanTurn(identifier)
        case "prolong":
            return ProlongTurn(ticket(identifier, late=late))
        case "flush":
            return Flush()
        case _:
            return Stop()


def commands(name: str, *, has_variants: bool = True, **more: str) -> tuple[str, dict[str, str]]:
    """An action whose commands carry its name, and the number of the family if that makes a difference."""
    own = f"{name} <fam>" if has_variants else name
    properties = {f"action{what}": f"{what} {own}" for what in ("start", "stop", "check")}
    properties |= {f"action{what}": f"{what} {name} <ip>" for what in ("ban", "unban")}
    properties |= {"fam": "4", "fam?family=inet6": "6"} if has_variants else {}
    return name, properties | {option: text.replace("NAME", own) for option, text in more.items()}


def one_tale(rng: random.Random) -> Tale:
    """A random story without anything that is different on purpose (those have their own tests below)."""
    has_variants = rng.random() < 0.7
    is_repaired = not has_variants or rng.random() < 0.5
    has_flush = rng.random() < 0.4
    more = {"actionprolong": "prolong NAME <ip>"} if rng.random() < 0.5 else {}
    more |= {"actionrepair": "repair NAME"} if is_repaired else {}
    more |= {"actionflush": "flush NAME"} if has_flush else {}
    more |= {"actionreban": "reban NAME <ip>"} if rng.random() < 0.3 else {}
    more |= {"actionstart_on_demand": rng.choice(["true", "false"])} if rng.random() < 0.4 and has_variants else {}
    more |= {"actionrepair_on_unban": "true"} if rng.random() < 0.3 and not is_repaired else {}
    more |= {"norestored": "true"} if rng.random() < 0.2 else {}
    names = ["a", "b"][: rng.choice([1, 1, 2])]
    people = [*V4, *V6] if has_variants else [*V4] if has_flush else [*V4, *V6, *FREE]
    events = [("start", ""), *(one_event(rng, people) for _ in range(rng.randint(2, 8)))]
    events += [("flush", "")] * (rng.random() < 0.3) + [("stop", "")]
    actions = [commands(name, has_variants=has_variants, **more) for name in names]
    return Tale(actions, failures(rng, names, people, is_repaired=is_repaired), events)


def one_event(rng: random.Random, people: Sequence[str]) -> tuple[str, str]:
    """Something that happens to somebody; bans are the most frequent."""
    return rng.choice(["ban", "ban", "ban", "restored", "unban", "prolong"]), rng.choice(people)


def failures(rng: random.Random, names: Sequence[str], people: Sequence[str], *, is_repaired: bool) -> dict[str, int]:
    """Commands that fail once, twice or always.

    Not a start and a check together: a start that fails in a repair throws fail2ban out of everything it was doing. And
    an action for all families is always repaired at the first try (see the differences below).
    """
    times = [1] if is_repaired else [1, 2, -1]
    broken = {}
    for name in names:
        for what in rng.choice([("start", "stop"), ("check", "stop", "repair")]):
            for family in (" 4", " 6"):
                broken |= {f"{what} {name}{family}": rng.choice([1, 2])} if rng.random() < 0.15 else {}
        broken |= {f"{rng.choice(['start', 'check'])} {name}": 1} if rng.random() < 0.3 else {}
        for what in ("ban", "unban", "prolong", "reban"):
            broken |= {f"{what} {name} {one}": rng.choice(times) for one in people if rng.random() < 0.3}
    return broken


def comparable(tale: Tale, ran: Sequence[Sequence[str]]) -> list[list[str]]:
    """What must be equal: without unbans after a repair, which differ, and without checks that are only repeated."""
    found = []
    is_repaired = False
    for (what, _), commands in zip(tale.events, ran, strict=True):
        is_left_out = is_repaired and what in {"unban", "flush", "stop"}
        found.append([] if is_left_out else once(commands))
        is_repaired |= any(text.startswith("repair") for text in commands)
    return found


def once(ran: Sequence[str]) -> list[str]:
    """The commands without a check that just passed: fail2ban repeats it for each family, even if it is the same."""
    return [
        text for number, text in enumerate(ran) if not (number and text == ran[number - 1] and text.startswith("check"))
    ]


def test_random_stories_run_the_same_commands_in_the_same_order() -> None:
    """Start on demand, bans, checks, repairs, unbans, flush and stop, for IPv4, IPv6 and other ids, with failures."""
    rng = random.Random(0)
    tales = [one_tale(rng) for _ in range(STORIES)]
    theirs = fail2ban_runs(tales)
    triples = [(tale, stockade_runs(tale), them) for tale, them in zip(tales, theirs, strict=True)]
    wrong = [triple for triple in triples if comparable(triple[0], triple[1]) != comparable(triple[0], triple[2])]
    assert wrong[:1] == [], f"{len(wrong)} of {STORIES} stories differ"
    ran = {command.rstrip("!").split()[0] for them in theirs for event in them for command in event}
    assert ran >= {"start", "stop", "check", "repair", "ban", "unban", "reban", "prolong", "flush"}


def both(tale: Tale) -> tuple[list[str], list[str]]:
    """All commands of a story: Stockade's, fail2ban's."""
    (theirs,) = fail2ban_runs([tale])
    return list(chain.from_iterable(stockade_runs(tale))), list(chain.from_iterable(theirs))


def test_differs_a_failing_command_without_check_runs_once() -> None:
    """fail2ban runs it a second time although nothing was looked at in between."""
    tale = Tale([commands("a", actioncheck="")], {"ban a 192.0.2.1": -1}, [("ban", V4[0])])
    assert both(tale) == (["start a 4", "ban a 192.0.2.1!"], ["start a 4", "ban a 192.0.2.1!", "ban a 192.0.2.1!"])


def test_differs_a_single_action_is_restarted_in_a_repair() -> None:
    """fail2ban stops (or not even that) an action that serves all families, and takes its start for done."""
    events = [("start", ""), ("ban", V4[0]), ("ban", V4[1])]
    tale = Tale([commands("a", has_variants=False)], {"ban a 192.0.2.2": 1, "check a": 1}, events)
    ours, theirs = both(tale)
    assert ours[2:] == ["ban a 192.0.2.2!", "check a!", "stop a", "start a", "check a", "ban a 192.0.2.2"]
    assert "start a" not in theirs[2:]


def test_differs_an_identical_stop_that_failed_runs_once() -> None:
    """A command that is the same for two families runs once even if it fails; fail2ban tries it for each."""
    tale = Tale([commands("a", has_variants=False)], {"stop a": -1}, [("start", ""), ("ban", V4[0]), ("stop", "")])
    ours, theirs = both(tale)
    assert ours == ["start a", "ban a 192.0.2.1", "unban a 192.0.2.1", "stop a!"]
    assert theirs == [*ours, "stop a!"]


def test_differs_an_id_without_family_starts_one_family() -> None:
    """What has no family uses the plain variant, so only that is started; fail2ban starts every family for it."""
    tale = Tale([commands("a")], {}, [("ban", FREE[0])])
    assert both(tale) == (["start a 4", "ban a somebody"], ["start a 4", "start a 6", "ban a somebody"])


def test_differs_a_second_flush_runs_as_well() -> None:
    """fail2ban flushes two families with the same command once, and never again."""
    events = [("ban", V4[0]), ("ban", V6[0]), ("flush", ""), ("ban", V4[0]), ("ban", V6[0]), ("flush", "")]
    tale = Tale([commands("a", actionflush="flush")], {}, events)
    ours, theirs = both(tale)
    assert (ours.count("flush"), theirs.count("flush")) == (2, 1)


def test_differs_bans_from_before_a_repair_are_still_undone() -> None:
    """actionrepair may have kept the bans, so their unbans run; fail2ban leaves them to the firewall for ever."""
    more = {"actionrepair": "repair NAME", "actionrepair_on_unban": "true"}
    events = [("ban", V4[0]), ("ban", V4[1]), ("unban", V4[0]), ("unban", V4[1])]
    tale = Tale([commands("a", **more)], {"unban a 192.0.2.1": 1, "check a 4": 1}, events)
    ours, theirs = both(tale)
    assert ours[-1] == "unban a 192.0.2.2"
    assert "unban a 192.0.2.2" not in theirs
