"""Stories about those who come back: longer bans, fewer tries, what is remembered and what is forgiven."""

from __future__ import annotations

import pytest

from stockade.core.events import BanAsked, Restored, UnbanAsked
from stockade.model.ban import Ban, BanOrigin, Past
from stockade.model.clock import Wall
from stockade.model.settings import BanTimeSettings, DaemonSettings, Settings
from tests.playbooks.story import START, Story, growing, jail

HOST = "192.0.2.1"
OTHER = "192.0.2.2"


def lengths(story: Story, times: int, jail_name: str = "sshd") -> list[float]:
    """Bans somebody again and again, each time right after the last ban ran out; shows how long each was."""
    found = []
    for _ in range(times):
        while not (active := story.core.jails[jail_name].bans.get(HOST)):
            story.after(0.001).fails(HOST, jail=jail_name)
        assert active.ban.until is not None
        found.append(round(active.ban.until - active.ban.since, 3))
        story.after(active.ban.until - story.now).ticks()
    return found


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [600, 1200, 2400, 4800, 9600]),
        ({"maxtime": 3600.0}, [600, 1200, 2400, 3600, 3600]),
        ({"multipliers": (1, 5, 30)}, [600, 3000, 18000, 18000]),
        ({"factor": "2"}, [600, 2400, 4800, 9600, 19200]),
    ],
)
def test_bans_of_a_repeat_offender_grow(settings: dict[str, object], expected: list[float]) -> None:
    """Every time somebody comes back, his ban is longer (§4.6); the first one lasts bantime."""
    assert lengths(Story(jail(ban=growing(**settings))), len(expected)) == expected


def test_without_increment_they_do_not() -> None:
    """`bantime.increment = false`: always the same, and always maxretry failures; but the bans are counted."""
    story = Story(jail())
    assert lengths(story, 3) == [600, 600, 600]
    story.fails(HOST, HOST)
    assert list(story.core.active_bans()) == []
    story.fails(HOST)
    assert [one.ban.count for one in story.core.active_bans()] == [4]


def test_a_repeat_offender_needs_fewer_failures() -> None:
    """maxretry 5: after one ban 3 failures are enough, after two 2, then 1 (weights 2, 3, 5 of §4.6)."""
    story = Story(jail(maxretry=5, ban=growing(8)))
    counts = []
    for _ in range(5):
        tries = 0
        while not story.core.jails["sshd"].bans:
            story.after(1).fails(HOST)
            tries += 1
        counts.append(tries)
        story.after(5000).ticks()
    assert counts == [5, 3, 2, 1, 1]


def test_the_log_of_the_specification() -> None:
    """maxretry 3, bantime 8 s: after the first ban one failure weighs 2, two of them ban for 16 s."""
    story = Story(jail(ban=growing(8)))
    assert story.fails(HOST, HOST, HOST) == [f"ban {HOST} in sshd for 8"]
    assert story.after(8).ticks() == [f"expired {HOST} in sshd"]
    assert story.after(5).fails(HOST) == [f"bad {HOST} in sshd, 1 -> 2"]
    assert story.fails(HOST) == [f"bad {HOST} in sshd, 1 -> 2, ban", f"ban {HOST} in sshd for 16"]


def test_a_heavier_failure_leaves_its_evidence_once() -> None:
    """Weighing adds no matches and no failures: what people read is what happened (§10.17)."""
    story = Story(jail(maxretry=5, ban=growing(8)))
    story.is_banned_for(8, HOST)
    for number in (1, 2):
        story.after(1).fails(HOST, matches=[f"line {number}"])
    (window,) = (state for state in story.core.take_changed_windows() if state.times)
    assert window.matches == ("line 1", "line 2")
    story.after(1).fails(HOST, matches=["line 3"])
    (active,) = story.core.active_bans()
    assert active.ban.failures == 3


def test_each_jail_counts_for_itself_unless_told_otherwise() -> None:
    """`bantime.overalljails` adds up the bans of all jails, those that stand now included."""
    story = Story(jail("a", ban=growing()), jail("b", ban=growing()), jail("c", ban=growing(is_overalljails=True)))
    assert lengths(story, 2, "a") == [600, 1200]
    story.fails(HOST, HOST, HOST, jail="b")
    assert story.fails(HOST, HOST, HOST, jail="c") == [f"ban {HOST} in c for 4800"]
    assert {one.ban.jail: one.ban.count for one in story.core.active_bans()} == {"b": 1, "c": 1}


def test_a_ban_by_hand_grows_like_others_unless_its_length_is_given() -> None:
    """`stockade ban` without `--for` takes the jail's time with all that belongs to it; every ban counts."""
    story = Story(jail(ban=growing()))
    story.is_banned_for(600, HOST)
    assert story.tells(BanAsked((HOST,), "sshd")) == [f"ban {HOST} in sshd for 1200"]
    story.after(1200).ticks()
    assert story.tells(BanAsked((HOST,), "sshd", 60)) == [f"ban {HOST} in sshd for 60"]
    story.after(60).ticks()
    assert story.fails(HOST)[-1] == f"ban {HOST} in sshd for 4800"


def test_an_unban_forgives_the_past() -> None:
    """Whoever is let go by hand begins anew, banned at the time or not; running out forgives nothing."""
    story = Story(jail(ban=growing()))
    story.is_banned_for(600, HOST)
    assert story.tells(UnbanAsked((HOST,))) == [f"forgive {HOST} in sshd"]
    assert story.fails(HOST, HOST) == []
    assert story.fails(HOST) == [f"ban {HOST} in sshd for 600"]
    assert story.tells(UnbanAsked((HOST,))) == [f"lifted {HOST} in sshd"]
    assert story.is_banned_for(0, HOST) == [f"ban {HOST} in sshd for 600"]


def test_an_unban_of_a_network_or_of_all_forgives_everybody_in_it() -> None:
    """What was banned inside the network, or at all, no longer counts."""
    story = Story(jail(ban=growing()))
    for host in (HOST, OTHER, "198.51.100.1"):
        story.is_banned_for(600, host)
    assert story.tells(UnbanAsked(("192.0.2.0/24",))) == [f"forgive {HOST} in sshd", f"forgive {OTHER} in sshd"]
    assert story.tells(UnbanAsked(is_all=True)) == ["forgive all in sshd"]
    assert story.fails("198.51.100.1", "198.51.100.1") == []


def test_the_past_is_forgotten_after_three_bans_length_and_the_purge_age() -> None:
    """The dialect's retention: time of the ban + 3 · its length + dbpurgeage (§4.7), to the second."""
    for wait, length in ((1800 + 86_400 - 1, 1200), (1800 + 86_400, 600)):
        story = Story(jail(maxretry=1, ban=growing()))
        story.fails(HOST)
        story.after(600).ticks()
        story.after(wait - 600)
        assert story.fails(HOST)[-1] == f"ban {HOST} in sshd for {length}"


def test_a_longer_purge_age_is_a_longer_memory() -> None:
    """`dbpurgeage` of a reload counts at once."""
    story = Story(jail(maxretry=1, ban=growing()))
    story.fails(HOST)
    story.after(600).ticks()
    jails = tuple(one.settings for one in story.core.jails.values())
    story.core.configure(Settings(DaemonSettings(dbpurgeage=10 * 86_400.0), jails), story.now)
    story.after(5 * 86_400).ticks()
    assert story.fails(HOST)[-1] == f"ban {HOST} in sshd for 1200"


def test_the_same_lines_read_again_are_the_same_ban() -> None:
    """Lines at or before the last ban were answered by it: they neither ban again nor count as another time."""
    story = Story(jail(maxretry=1, ban=growing(100)))
    story.fails(HOST)
    story.after(100).ticks()
    assert story.fails(HOST, ago=100) == [f"not begun {HOST} in sshd"]
    assert story.fails(HOST)[-1] == f"ban {HOST} in sshd for 200"
    assert [one.ban.count for one in story.core.active_bans()] == [2]


def test_after_a_restart_counts_go_on_and_none_is_added() -> None:
    """A restored ban keeps its count (§10.16); what ran out before comes back from the ledger."""
    story = Story(jail(maxretry=1, ban=growing()))
    standing = Ban("sshd", HOST, START, Wall(START + 4800), count=4)
    story.tells(Restored((standing,), (), (Past("sshd", OTHER, 2, Wall(START - 3000), 1200.0),)))
    assert [one.ban.count for one in story.core.active_bans()] == [4]
    assert story.fails(OTHER)[-1] == f"ban {OTHER} in sshd for 2400"
    story.after(4800).ticks()
    assert story.fails(HOST)[-1] == f"ban {HOST} in sshd for 9600"
    assert {one.ban.id: one.ban.count for one in story.core.active_bans()} == {HOST: 5}


def test_chance_is_the_cores_argument() -> None:
    """`bantime.rndtime` makes the end unpredictable, but only with the numbers that were passed in."""
    numbers = iter((0.25, 0.75))
    story = Story(jail(ban=growing(rndtime=100)), draw=lambda: next(numbers))
    assert lengths(story, 3) == [600, 1225, 2475]


def test_ipv6_repeats_count_by_network() -> None:
    """With `banprefix6 = 64` another address of the same network is the same offender."""
    story = Story(jail(prefix_v6=64, maxretry=1, ban=growing()))
    story.fails("2001:db8::1")
    story.after(600).ticks()
    assert story.fails("2001:db8::2")[-1] == "ban 2001:db8::/64 in sshd for 1200"


def test_a_formula_that_fails_bans_all_the_same() -> None:
    """The ban lasts bantime, and its reason says what went wrong."""
    story = Story(jail(maxretry=1, ban=growing(formula="1 / (ban.Count - 1)")))
    assert lengths(story, 2) == [600, 600]
    story.after(1).fails(HOST)
    story = Story(jail(maxretry=1, ban=growing(formula="1 / (ban.Count - 1)")))
    story.is_banned_for(600, HOST)
    story.fails(HOST)
    (active,) = story.core.active_bans()
    assert "bantime.formula" in active.ban.reason


@pytest.mark.parametrize(
    ("ban", "seconds"),
    [
        (BanTimeSettings(3600), 3600),
        (BanTimeSettings(100_000), 50_000),
        (BanTimeSettings(-1), 50_000),
        (growing(3600), 50_000),
        (growing(3600, maxtime=7200.0), 7200),
    ],
)
def test_bans_are_cut_to_what_the_settings_allow_now(ban: BanTimeSettings, seconds: float) -> None:
    """At a start and at a reload alike; what the settings allow is never added (§4.5). By hand stays by hand."""
    found = Ban("sshd", HOST, START, Wall(START + 50_000))
    by_hand = Ban("sshd", OTHER, START, Wall(START + 50_000), origin=BanOrigin.MANUAL)
    restarted = Story(jail(ban=ban))
    told = restarted.tells(Restored((found, by_hand), ()))
    reloaded = Story(jail(bantime=50_000))
    reloaded.tells(Restored((found, by_hand), ()))
    assert reloaded.reloads(jail(ban=ban)) == told
    for story in (restarted, reloaded):
        ends = {one.ban.id: one.ban.until - START for one in story.core.active_bans() if one.ban.until}
        assert ends == {HOST: seconds, OTHER: 50_000}
        assert story.after(seconds).ticks()[0] == f"expired {HOST} in sshd"


def test_a_permanent_ban_of_a_jail_that_no_longer_bans_for_ever_is_cut() -> None:
    """`bantime = -1` and then `bantime = 1h`: the ban ends an hour after it began."""
    story = Story(jail(bantime=-1))
    story.fails(HOST, HOST, HOST)
    assert story.after(600).reloads(jail(bantime=3600)) == [f"change {HOST} in sshd to for 3600"]
    assert story.after(3000).ticks() == [f"expired {HOST} in sshd"]


def test_whom_a_new_rule_exempts_is_let_go() -> None:
    """At a start and at a reload bans that were found are held against `ignoreip` (§2.6); those by hand are not."""
    story = Story(jail())
    story.fails(HOST, HOST, HOST)
    story.tells(BanAsked((OTHER,), "sshd"))
    told = story.reloads(jail(ignoreip=("192.0.2.0/24",)))
    assert told == [f"ignore {HOST} in sshd by ignoreip 192.0.2.0/24", f"lifted {HOST} in sshd"]
    assert [one.ban.id for one in story.core.active_bans()] == [OTHER]


def test_of_a_standing_ban_the_later_end_wins() -> None:
    """A second ban by hand prolongs and never shortens (§4.2); the ban stays the same ban, with its count."""
    story = Story()
    story.fails(HOST, HOST, HOST)
    assert story.after(100).tells(BanAsked((HOST,), "sshd", 60)) == [f"already banned {HOST} in sshd, 100 late"]
    assert story.tells(BanAsked((HOST,), "sshd", 1000)) == [f"change {HOST} in sshd to for 1100"]
    assert story.after(999).ticks() == []
    assert story.after(1).ticks() == [f"expired {HOST} in sshd"]
    story.tells(BanAsked((HOST,), "sshd", -1))
    assert story.after(5).tells(BanAsked((HOST,), "sshd", 1e6)) == [f"already banned {HOST} in sshd, 5 late"]
    assert [(one.ban.until, one.ban.count) for one in story.core.active_bans()] == [(None, 2)]


def test_who_is_seen_long_after_his_ban_is_said_once_per_step() -> None:
    """Under 3 s, under a minute, later: each is said once, so that a block that does not work is noticed (§4.3)."""
    story = Story()
    story.fails(HOST, HOST, HOST)
    told = [story.after(pause).fails(HOST) for pause in (1, 1, 2, 10, 50, 500)]
    assert told == [
        [f"already banned {HOST} in sshd, 1 late"],
        [],
        [f"already banned {HOST} in sshd, 4 late"],
        [],
        [f"already banned {HOST} in sshd, 64 late"],
        [],
    ]


def test_the_ticket_keeps_the_first_fields_and_tells_the_last_apart() -> None:
    """Captured fields are those of the first failure (§4.1), the last ones stand beside them (§10.34); of the lines
    the last maxmatches stay, and `maxmatches = 0` keeps none."""
    for maxmatches, lines in ((2, ("l2", "l3")), (0, ())):
        story = Story(jail(maxmatches=maxmatches))
        for number, user in ((1, "root"), (2, "admin"), (3, "oracle")):
            command = story.starts(HOST, fields={"user": user}, matches=[f"l{number}"])
        assert command is not None
        assert (command.fields, command.last_fields) == ({"user": "root"}, {"user": "oracle"})
        assert command.matches == lines
        assert command.ban.failures == 3


@pytest.mark.parametrize("identifier", ["bob", "a b\0c", "192.0.2.0/24", "user@192.0.2.7", "☃"])
def test_identifiers_need_not_be_addresses(identifier: str) -> None:
    """Text of `<F-ID>` filters, tuples and networks are counted, banned, repeated and forgiven alike."""
    story = Story(jail(ban=growing()))
    assert story.is_banned_for(600, identifier) == [f"ban {identifier} in sshd for 600"]
    assert story.is_banned_for(0, identifier)[-1] == f"ban {identifier} in sshd for 1200"
    assert story.tells(UnbanAsked((identifier,))) == [f"lifted {identifier} in sshd"]
