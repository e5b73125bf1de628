"""Failures whose sender may be forged (syslog over UDP): they ban nobody unless the jail says so."""

from __future__ import annotations

import pytest

from stockade.core import Core
from stockade.core.commands import Command, StartBan, Withheld
from stockade.core.doubts import MAX_DOUBTS, Doubts
from stockade.core.events import Failures
from stockade.model.clock import Wall
from stockade.model.settings import FilterSettings, JailSettings, Settings
from tests.playbooks.story import Seen, Told

NOW = Wall(1_795_363_200.0)


def core(*, is_banned: bool = False, **options: object) -> Core:
    """A core with one jail: 3 failures in 600 s."""
    jail = JailSettings("j", FilterSettings("f"), maxretry=3, is_spoofable_banned=is_banned, **options)  # type: ignore[arg-type]
    return Core(Settings(jails=(jail,)), NOW)


def told(it: Core, *ids: str, is_spoofable: bool = True, at: float = 0.0) -> list[Command]:
    """Failures of these identifiers, one second apart."""
    seen = [Seen(identifier, NOW + at + number) for number, identifier in enumerate(ids)]
    return it.handle(Failures("j", Told(seen), is_spoofable), Wall(NOW + at))


def test_nobody_is_banned_by_lines_that_anybody_could_send() -> None:
    """Maxretry failures over UDP lead to a sentence, not to a ban; counting then begins anew."""
    it = core()
    assert told(it, "192.0.2.1", "192.0.2.2", "192.0.2.1") == []
    assert told(it, "192.0.2.1", at=5) == [Withheld("j", "192.0.2.1", 3)]
    assert told(it, "192.0.2.1", at=6) == []
    jail = it.jails["j"]
    assert (jail.counts["failures"], jail.counts["doubted"], len(jail.windows), len(jail.bans)) == (0, 5, 0, 0)


def test_doubtful_failures_do_not_help_a_ban_along() -> None:
    """Two failures over UDP and two over TCP are not enough for three."""
    it = core()
    told(it, "192.0.2.1", "192.0.2.1")
    assert told(it, "192.0.2.1", "192.0.2.1", is_spoofable=False) == []
    commands = told(it, "192.0.2.1", is_spoofable=False, at=9)
    assert [type(command) for command in commands] == [StartBan]
    assert told(it, "192.0.2.1", "192.0.2.1", "192.0.2.1", at=10) == []


def test_a_jail_may_trust_its_network() -> None:
    """With `spoofable = ban` such failures count like any others."""
    commands = told(core(is_banned=True), "192.0.2.1", "192.0.2.1", "192.0.2.1")
    assert [type(command) for command in commands] == [StartBan]


def test_those_who_are_exempt_are_not_even_named() -> None:
    """`ignoreip` holds here as well, and IPv6 failures are told of by network."""
    it = core(ignoreip=("192.0.2.1",), prefix_v6=64)
    assert told(it, *["192.0.2.1"] * 9) == []
    assert told(it, "2001:db8::1", "2001:db8::2", "2001:db8::3") == [Withheld("j", "2001:db8::/64", 3)]


def test_failures_far_apart_are_no_ban() -> None:
    """The limits are the jail's: findtime holds."""
    it = core()
    for number in range(9):
        assert told(it, "192.0.2.1", at=number * 400) == []


@pytest.mark.parametrize("maxretry", [3, 1_000_000])
def test_forged_senders_cost_bounded_memory(maxretry: int) -> None:
    """Beyond MAX_DOUBTS identifiers the one longest without a failure is forgotten; of each a bounded number of times
    is kept."""
    doubts = Doubts(maxretry, 600.0)
    for number in range(3 * MAX_DOUBTS):
        doubts.add(str(number), NOW)
    for _ in range(5000):
        doubts.add("same", NOW)
    assert len(doubts) == MAX_DOUBTS
    assert doubts.find("0") is None
    same = doubts.find("same")
    assert same is not None
    assert same.failures == 5000
    assert len(same.times) <= 1024


def test_a_reload_forgets_doubts_but_not_their_number() -> None:
    """What a jail doubted is no evidence worth keeping; how often it did is counted on."""
    it = core()
    told(it, "192.0.2.1", "192.0.2.1")
    it.configure(Settings(jails=(it.jails["j"].settings,)), NOW)
    assert told(it, "192.0.2.1", at=1) == []
    assert it.jails["j"].counts["doubted"] == 3
