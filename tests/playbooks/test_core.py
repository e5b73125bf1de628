"""Stories about the core: what happens, what it then wants done."""

from __future__ import annotations

import pytest

from stockade.core.events import BanAsked, Enforced, Outcome, OwnAddresses, Resolved, Restored, UnbanAsked
from stockade.model.ban import Ban, BanState
from stockade.model.clock import Wall
from stockade.model.identifier import MAX_LENGTH
from stockade.model.record import WindowState
from stockade.model.settings import Settings
from tests.playbooks.story import START, Story, jail

HOST = "192.0.2.1"


def test_maxretry_failures_within_findtime_ban() -> None:
    """The third failure within ten minutes bans; the first two do nothing."""
    story = Story()
    assert story.fails(HOST) == []
    assert story.after(300).fails(HOST) == []
    assert story.after(299).fails(HOST) == [f"ban {HOST} in sshd for 600"]


def test_failures_further_apart_than_findtime_do_not_ban() -> None:
    """Windows are exact: three failures 301 s apart never lie within 600 s."""
    story = Story()
    assert [story.after(301).fails(HOST) for _ in range(50)] == [[]] * 50


def test_a_window_slides() -> None:
    """An old failure leaves the window, the younger ones stay and count."""
    story = Story()
    story.fails(HOST)
    story.after(599).fails(HOST)
    assert story.after(300).fails(HOST) == []
    assert story.after(1).fails(HOST) == [f"ban {HOST} in sshd for 600"]


def test_a_late_line_counts_at_its_own_time() -> None:
    """A failure that arrives out of order joins the window it belongs to."""
    story = Story()
    story.fails(HOST)
    story.after(620).fails(HOST)
    assert story.fails(HOST, ago=50) == []
    assert story.fails(HOST, ago=30) == [f"ban {HOST} in sshd for 600"]


def test_a_banned_address_is_not_banned_again() -> None:
    """Failures that follow a ban are counted as such and lead nowhere."""
    story = Story()
    assert story.fails(*[HOST] * 9) == [f"ban {HOST} in sshd for 600"]
    assert story.core.statistics()["sshd.after_ban"] == 6


def test_an_overlong_identifier_is_one_identifier() -> None:
    """Text of an `<F-ID>` filter is cut before it is counted, so it is banned once like any other."""
    story = Story()
    name = "x" * (MAX_LENGTH + 50)
    assert story.fails(*[name] * 9) == [f"ban {name[:MAX_LENGTH]} in sshd for 600"]


def test_a_ban_ends_when_its_time_is_over_and_the_count_begins_anew() -> None:
    """The deadline of a ban is met to the tick; afterwards maxretry failures are needed again."""
    story = Story()
    story.fails(HOST, HOST, HOST)
    assert story.after(599).ticks() == []
    assert story.after(1).ticks() == [f"expired {HOST} in sshd"]
    assert story.fails(HOST, HOST) == []
    assert story.fails(HOST) == [f"ban {HOST} in sshd for 600"]


def test_a_negative_bantime_is_for_ever() -> None:
    """`bantime = -1` never ends."""
    story = Story(jail(bantime=-1))
    assert story.fails(HOST, HOST, HOST) == [f"ban {HOST} in sshd for ever"]
    assert story.after(1e9).ticks() == []


def test_a_backlog_whose_ban_would_be_over_does_not_ban() -> None:
    """A ban runs from its last failure; one that ended before it was decided is counted and said, no more."""
    story = Story(jail(bantime=100, findtime=600))
    assert story.fails(HOST, HOST, HOST, ago=300) == [f"not begun {HOST} in sshd"]
    assert list(story.core.active_bans()) == []
    assert story.core.statistics()["sshd.expired"] == 1


def test_ignored_addresses_and_networks_are_never_counted() -> None:
    """`ignoreip` spares single addresses and whole networks and says so once."""
    story = Story(jail(ignoreip=(HOST, "198.51.100.0/24", "2001:db8::/32")))
    assert story.fails(*[HOST] * 5) == [f"ignore {HOST} in sshd by ignoreip {HOST}"]
    assert story.fails(*["198.51.100.7"] * 5) == ["ignore 198.51.100.7 in sshd by ignoreip 198.51.100.0/24"]
    assert story.fails(*["2001:db8::7"] * 5) == ["ignore 2001:db8::7 in sshd by ignoreip 2001:db8::/32"]
    assert len(story.core.jails["sshd"].windows) == 0


def test_own_addresses_are_ignored_unless_switched_off() -> None:
    """`ignoreself` follows the machine's addresses; `ignoreself = false` counts them."""
    story = Story(jail(), jail("web", is_ignoreself=False))
    story.tells(OwnAddresses(frozenset({HOST})))
    assert story.fails(HOST, HOST, HOST) == [f"ignore {HOST} in sshd by ignoreself"]
    assert story.fails(HOST, HOST, HOST, jail="web") == [f"ban {HOST} in web for 600"]


def test_a_name_in_ignoreip_counts_through_its_addresses() -> None:
    """Names are resolved on the first tick, away from the loop; a failed look-up later keeps the last good answer."""
    story = Story(jail(ignoreip=("admin.example.org",)))
    assert story.after(300).ticks() == ["resolve admin.example.org"]
    story.tells(Resolved("admin.example.org", (HOST,)))
    story.tells(Resolved("admin.example.org", ()))
    assert story.fails(HOST, HOST, HOST) == [f"ignore {HOST} in sshd by ignoreip admin.example.org"]


def test_a_host_name_in_a_log_counts_once_its_addresses_are_known() -> None:
    """Failures of a name wait for the resolver without delaying others, then count for every address."""
    story = Story()
    assert story.fails(*["mail.example.org"] * 3, is_name=True) == ["resolve mail.example.org"]
    answer = Resolved("mail.example.org", (HOST, "2001:db8::1"))
    assert story.tells(answer) == [f"ban {HOST} in sshd for 600", "ban 2001:db8::1 in sshd for 600"]


def test_ipv6_is_counted_and_banned_per_network_where_asked() -> None:
    """`banprefix6 = 64` counts an attacker's whole /64 as one and bans it as one."""
    story = Story(jail(prefix_v6=64))
    assert story.fails("2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:3:4:5:6") == [
        "ban 2001:db8:1:2::/64 in sshd for 600"
    ]


def test_a_network_that_contains_an_ignored_address_is_spared() -> None:
    """Widening never bans an address that the operator exempted."""
    story = Story(jail(prefix_v6=64, ignoreip=("2001:db8:1:2::abcd",)))
    assert story.fails(*["2001:db8:1:2::1"] * 3) == ["ignore 2001:db8:1:2::/64 in sshd by ignoreip 2001:db8:1:2::abcd"]


def test_a_failed_block_is_tried_again_with_growing_pauses() -> None:
    """A ban that the firewall refused stays decided and is applied again, ever more slowly."""
    story = Story(jail(bantime=100_000))
    story.fails(HOST, HOST, HOST)
    failed = Enforced(Outcome.FAILED, (("sshd", HOST),), "set is full")
    for pause in (0.2, 1.0, 5.0, 30.0, 30.0):
        story.tells(failed)
        assert f"retry {HOST} in sshd" not in story.after(pause * 0.9).ticks()
        assert f"retry {HOST} in sshd" in story.after(pause * 0.2).ticks()
    story.tells(Enforced(Outcome.VERIFIED, (("sshd", HOST),)))
    assert [active.state for active in story.core.active_bans()] == [BanState.VERIFIED]


def test_bans_by_hand_ask_no_rules_and_end_like_others() -> None:
    """The operator bans whom he wants, for as long as he wants; a network is one ban."""
    story = Story(jail(ignoreip=(HOST,)))
    assert story.tells(BanAsked((HOST, "198.51.100.0/24"), "sshd", 60)) == [
        f"ban {HOST} in sshd for 60",
        "ban 198.51.100.0/24 in sshd for 60",
    ]
    assert story.tells(BanAsked(("::ffff:192.0.2.9",), "")) == ["ban 192.0.2.9 in manual for 86400"]
    assert sorted(story.after(60).ticks()) == [f"expired {HOST} in sshd", "expired 198.51.100.0/24 in sshd"]


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        (UnbanAsked(("192.0.2.1",)), {"192.0.2.2", "198.51.100.1"}),
        (UnbanAsked(("192.0.2.0/24",)), {"198.51.100.1"}),
        (UnbanAsked(("203.0.113.1",)), {"192.0.2.1", "192.0.2.2", "198.51.100.1"}),
        (UnbanAsked(is_all=True), set()),
    ],
)
def test_unban_lifts_what_is_named(asked: UnbanAsked, left: set[str]) -> None:
    """One address, every address inside a network, or all; nothing else."""
    story = Story()
    for host in ("192.0.2.1", "192.0.2.2", "198.51.100.1"):
        story.fails(host, host, host)
    story.tells(asked)
    assert {active.ban.id for active in story.core.active_bans()} == left


def test_an_unban_forgives_what_was_counted() -> None:
    """After an unban the next failure is the first, not the last straw."""
    story = Story()
    story.fails(HOST, HOST)
    story.tells(UnbanAsked((HOST,)))
    assert story.fails(HOST, HOST) == []


def test_restored_bans_end_on_time_and_restored_windows_go_on() -> None:
    """After a restart bans keep their ends, those that ended meanwhile are closed, and windows go on."""
    story = Story()
    bans = (
        Ban("sshd", "192.0.2.8", START, Wall(START + 50)),
        Ban("sshd", "192.0.2.9", Wall(START - 100), Wall(START - 1)),
    )
    window = WindowState("sshd", HOST, (START - 20, START - 10), {"user": "root"}, ("first", "second"))
    assert story.tells(Restored(bans, (window,))) == ["expired 192.0.2.9 in sshd"]
    assert story.fails(HOST) == [f"ban {HOST} in sshd for 600"]
    assert story.after(50).ticks() == ["expired 192.0.2.8 in sshd"]


def test_a_window_whose_ban_is_already_on_disk_is_not_opened_again() -> None:
    """Bans may reach the disk before the windows they closed: after a crash such a window must not count on."""
    story = Story()
    ban = Ban("sshd", HOST, START, Wall(START + 10))
    story.tells(Restored((ban,), (WindowState("sshd", HOST, (START - 2, START - 1)),)))
    assert story.core.take_changed_windows() == (WindowState("sshd", HOST),)
    story.after(10).ticks()
    assert story.fails(HOST) == []


def test_bans_of_a_jail_that_left_the_configuration_run_out() -> None:
    """A removed or broken jail decides nothing new, and what it banned stays banned until its time is over."""
    story = Story(jail(), jail("web"))
    story.fails(HOST, HOST, HOST, jail="web")
    story.core.configure(Settings(jails=(jail(),)), story.now)
    assert [active.ban.id for active in story.core.active_bans()] == [HOST]
    assert story.after(600).ticks() == [f"expired {HOST} in web"]
    assert set(story.core.jails) == {"sshd"}


def test_a_reload_keeps_bans_and_open_windows() -> None:
    """New settings apply to what comes; counted failures are not forgotten."""
    story = Story()
    story.fails(HOST, HOST)
    story.core.configure(Settings(jails=(jail(bantime=60),)), story.now)
    assert story.fails(HOST) == [f"ban {HOST} in sshd for 60"]
