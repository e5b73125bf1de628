"""What the actions of a jail do from start to stop, told as stories: families, flush, rebans, reloads."""

from __future__ import annotations

import pytest

from stockade.actions.reload import build
from stockade.actions.turns import BanTurn, CatchUpTurn, Flush, ProlongTurn, Reload, Start, Stop
from stockade.model.clock import Monotonic
from stockade.model.saying import Level
from stockade.model.settings import ActionSettings
from tests.playbooks.actions_story import Book, built, full, settings, ticket

V4, OTHER4, V6 = "192.0.2.1", "192.0.2.2", "2001:db8::1"
PLAIN = {"actionstart": "start", "actionstop": "stop", "actionban": "ban <ip>", "actionunban": "unban <ip>"}


def test_an_action_with_variants_starts_on_demand() -> None:
    """Each family is started before its first ban, and only what was started is stopped."""
    book = Book(full())
    assert book.does(Start()) == []
    assert book.bans(V4, OTHER4) == ["start inet4", f"ban {V4}", f"ban {OTHER4}"]
    assert book.bans(V6) == ["start inet6", f"ban {V6}"]
    assert book.does(Stop()) == [f"unban {V4}", f"unban {OTHER4}", f"unban {V6}", "stop inet4", "stop inet6"]
    assert book.does(Stop()) == []


def test_an_action_without_variants_starts_with_its_jail() -> None:
    """One start serves all families, and one stop."""
    book = Book(settings(**PLAIN))
    assert book.does(Start()) == ["start"]
    assert book.bans(V4, V6, "somebody") == [f"ban {V4}", f"ban {V6}", "ban somebody"]
    assert book.does(Flush()) == [f"unban {V4}", f"unban {V6}", "unban somebody"]
    assert book.does(Stop()) == ["stop"]


@pytest.mark.parametrize(
    ("is_ipv6_allowed", "starts"), [(True, ["start inet4", "start inet6"]), (False, ["start inet4"])]
)
def test_an_action_with_variants_can_start_at_once(is_ipv6_allowed: bool, starts: list[str]) -> None:
    """actionstart_on_demand = false: both families start with the jail, IPv6 where it is allowed."""
    book = Book(full(actionstart_on_demand="false"), is_ipv6_allowed=is_ipv6_allowed)
    assert book.does(Start()) == starts
    assert book.bans(V4) == [f"ban {V4}"]
    assert book.does(Stop()) == [f"unban {V4}", *(text.replace("start", "stop") for text in starts)]


def test_identical_commands_of_two_families_run_once() -> None:
    """A start, a flush, a reload or a stop that is the same for two families happens once, every time."""
    shared = {"actionstart": "start", "actionstop": "stop", "actionflush": "flush", "actionreload": "reload"}
    book = Book(full(**shared))
    assert book.bans(V4, V6) == ["start", f"ban {V4}", f"ban {V6}"]
    assert book.does(Flush()) == ["flush"]
    assert book.bans(V4, V6) == [f"ban {V4}", f"ban {V6}"]
    assert book.does(Flush()) == ["flush"]
    for _ in range(2):
        assert book.does(Reload(built(full(**shared)))) == ["reload"]
    assert book.does(Stop()) == ["stop"]


def test_a_start_that_was_undone_runs_again() -> None:
    """After a stop the same start command is not taken for one that stands."""
    book = Book(full(actionstart="start", actionstop="stop", actioncheck="check"))
    book.bans(V4)
    book.broken = {"check": 1, f"ban {OTHER4}": 1}
    assert book.bans(OTHER4) == [f"ban {OTHER4}!", "check!", "stop", "start", "check", f"ban {OTHER4}"]


def test_actions_run_in_order_and_stop_in_reverse() -> None:
    """As configured for start, ban and unban; the last one is stopped first."""
    names = ("a", "b", "c")
    book = Book(
        *(
            settings(n, actionstart=f"+{n}", actionstop=f"-{n}", actionban=f"{n} <ip>", actionunban=f"!{n} <ip>")
            for n in names
        )
    )
    assert book.does(Start()) == ["+a", "+b", "+c"]
    assert book.bans(V4) == [f"a {V4}", f"b {V4}", f"c {V4}"]
    assert book.unbans(V4) == [f"!a {V4}", f"!b {V4}", f"!c {V4}"]
    assert book.does(Stop()) == ["-c", "-b", "-a"]


def test_flush_replaces_unbans_where_there_is_one() -> None:
    """The action with actionflush empties itself at once, before the other unbans one by one."""
    book = Book(settings("slow", **PLAIN), full("fast", actionflush="flush <family>", actionban="add <ip>"))
    book.bans(V4, V6)
    assert book.does(Flush()) == ["flush inet4", "flush inet6", f"unban {V4}", f"unban {V6}"]
    assert book.words() == ["[web] Flush ticket(s) with fast"]
    assert book.does(Flush()) == []
    assert book.actions.carried() == 0


def test_an_unban_runs_only_for_what_was_banned() -> None:
    """Nothing is undone in a family where no ban succeeded, or that was flushed since, or for an unknown id."""
    book = Book(full(actioncheck="", actionflush="flush"))
    book.broken = {f"ban {V4}": -1}
    book.bans(V4, V6)
    assert book.unbans(V4) == []
    assert book.unbans("198.51.100.9") == []
    book.does(Flush())
    assert book.unbans(V6) == []


def test_restored_bans_pass_by_an_action_with_norestored() -> None:
    """Nobody gets a mail a second time after a restart; an unban is told all the same."""
    mail = settings("mail", actionban="mail <ip>", actionunban="unmail <ip>", norestored="true")
    book = Book(settings(**PLAIN), mail)
    assert book.bans(V4, is_restored=True) == [f"ban {V4}"]
    assert book.does(ProlongTurn(ticket(V4, is_restored=True))) == []
    assert book.bans(OTHER4) == [f"ban {OTHER4}", f"mail {OTHER4}"]
    assert book.unbans(V4) == [f"unban {V4}", f"unmail {V4}"]


def test_only_actions_that_define_it_hear_of_a_longer_ban() -> None:
    """actionprolong runs if it is not blank, and only while the ban stands."""
    book = Book(settings("a", **PLAIN, actionprolong="longer <ip>"), settings("b", **PLAIN, actionprolong="  "))
    book.bans(V4)
    assert book.does(ProlongTurn(ticket(V4))) == [f"longer {V4}"]
    book.unbans(V4)
    assert book.does(ProlongTurn(ticket(V4))) == []


def test_an_empty_command_succeeds() -> None:
    """An action without commands bans in silence."""
    book = Book(settings(actionban="", actionunban="  "))
    assert book.does(Start()) == []
    assert book.bans(V4) == []
    assert book.does(Stop()) == []
    assert book.said == []


@pytest.mark.parametrize(("late", "level"), [(2, Level.DEBUG), (30, Level.NOTICE), (61, Level.WARNING)])
def test_a_failure_of_somebody_banned_is_said_the_louder_the_later(late: float, level: Level) -> None:
    """Shortly after a ban it is normal; a minute later something is wrong."""
    book = Book(settings(**PLAIN))
    book.bans(V4)
    assert book.does(BanTurn(ticket(V4, late=late))) == []
    assert [(said.level, said.text) for said in book.said] == [(level, f"[web] {V4} already banned")]


def test_a_ban_that_does_not_hold_leads_to_a_check() -> None:
    """More than 3 s after the ban every started family of every action is checked, at most every 3 s."""
    book = Book(full("a", actionban="a <ip>"), full("b", actionban="b <ip>", actioncheck="look <family>"))
    book.bans(V4, V6)
    checks = ["check inet4", "check inet6", "look inet4", "look inet6"]
    assert book.does(BanTurn(ticket(V4, late=3))) == []
    assert book.does(BanTurn(ticket(V4, late=4))) == checks
    book.now = Monotonic(book.now + 3)
    assert book.does(BanTurn(ticket(V4, late=7))) == []
    book.now = Monotonic(book.now + 0.1)
    assert book.does(BanTurn(ticket(V4, late=7))) == checks


def test_after_a_repair_each_ban_is_repeated_once() -> None:
    """A firewall that was flushed by others heals: the check repairs, and whoever fails again is banned again."""
    book = Book(full("wall", actionreban="reban <ip>"), settings("mail", actionban="mail <ip>"))
    book.bans(V4, OTHER4)
    book.broken = {"check inet4": 1}
    heals = ["check inet4!", "stop inet4", "start inet4", "check inet4", f"reban {V4}"]
    assert book.does(BanTurn(ticket(V4, late=10))) == heals
    assert book.words()[-1] == f"[web] Reban {V4}, action 'wall'"
    assert book.does(BanTurn(ticket(V4, late=11))) == []
    assert book.does(BanTurn(ticket(OTHER4, late=11))) == [f"reban {OTHER4}"]
    assert book.does(BanTurn(ticket(OTHER4, late=11))) == []
    assert book.unbans(V4, OTHER4) == [f"unban {V4}", f"unban {OTHER4}"]


def test_a_reban_that_fails_stays_due() -> None:
    """The epoch of the ban is renewed only when the reban succeeded; actionreban is actionban by default."""
    book = Book(full())
    book.bans(V4, OTHER4)
    book.broken = {"check inet4": 1, f"ban {V4}": 1, f"ban {OTHER4}": 2}
    assert book.bans("192.0.2.3") == ["ban 192.0.2.3"]
    assert book.does(BanTurn(ticket(V4, late=10)))[-2:] == ["check inet4", f"ban {V4}"]
    assert book.does(BanTurn(ticket(OTHER4, late=10))) == [f"ban {OTHER4}!", "check inet4", f"ban {OTHER4}!"]
    assert book.does(BanTurn(ticket(OTHER4, late=10))) == [f"ban {OTHER4}"]


def test_a_family_that_is_lost_is_started_before_its_next_ban() -> None:
    """When a consistency check cannot restore a family, it counts as not started."""
    book = Book(full())
    book.bans(V4, V6)
    book.broken = {"check inet4": 2}
    lost = ["check inet4!", "stop inet4", "start inet4", "check inet4!", "check inet6", "start inet4", f"ban {V4}"]
    assert book.does(BanTurn(ticket(V4, late=10))) == lost
    assert book.bans(OTHER4) == [f"ban {OTHER4}"]


def test_a_reload_without_changes_disturbs_nothing() -> None:
    """What stays the same only hears of it, where actionreload is defined."""
    quiet, eager = settings("quiet", **PLAIN), full("eager", actionreload="reload <family>")
    book = Book(quiet, eager)
    book.bans(V4)
    assert book.does(Reload(built(quiet, eager))) == ["reload inet4"]
    assert book.does(CatchUpTurn(V4)) == []


def test_a_new_action_is_started_and_bans_who_is_banned() -> None:
    """It is started during the reload, then catches up; bans that it has not seen are not undone through it."""
    old = settings("old", **PLAIN)
    new = settings("new", actionstart="begin", actionban="add <ip> <restored>", actionunban="del <ip>")
    book = Book(old)
    book.bans(V4, OTHER4)
    assert book.does(Reload(built(old, new))) == ["begin"]
    assert book.bans("192.0.2.3") == ["ban 192.0.2.3", "add 192.0.2.3 0"]
    assert book.does(CatchUpTurn(V4)) == [f"add {V4} 1"]
    assert book.does(CatchUpTurn(V4)) == []
    assert book.unbans(V4, OTHER4) == [f"unban {V4}", f"del {V4}", f"unban {OTHER4}"]
    assert book.does(CatchUpTurn(OTHER4)) == []


def test_a_new_mail_action_does_not_tell_old_bans() -> None:
    """An action with norestored catches up on nothing."""
    old = settings("old", **PLAIN)
    book = Book(old)
    book.bans(V4)
    book.does(Reload(built(old, settings("mail", actionban="mail <ip>", norestored="1"))))
    assert book.does(CatchUpTurn(V4)) == []
    assert book.bans(OTHER4) == [f"ban {OTHER4}", f"mail {OTHER4}"]


def test_a_vanished_action_is_flushed_and_stopped() -> None:
    """Its bans are undone through it alone, at once where it can, and it is stopped; the bans stand."""
    keep, gone = settings("keep", **PLAIN), full("gone", actionflush="flush", actionban="add <ip>")
    also = settings("also", actionban="also <ip>", actionunban="-also <ip>", actionstop="-also")
    book = Book(gone, keep, also)
    book.bans(V4)
    assert book.does(Reload(built(keep))) == ["flush", f"-also {V4}", "-also", "stop inet4"]
    assert book.unbans(V4) == [f"unban {V4}"]


def test_a_changed_action_is_stopped_and_started_anew() -> None:
    """The old commands undo what they did; the new ones start and catch up, in the new order."""
    keep = settings("keep", **PLAIN)
    book = Book(full("wall", actionban="old <ip>", actionunban="-old <ip>"), keep)
    book.bans(V4)
    changed = full("wall", actionban="new <ip>", actionunban="-new <ip>")
    assert book.does(Reload(built(keep, changed))) == [f"-old {V4}", "stop inet4"]
    assert book.does(CatchUpTurn(V4)) == ["start inet4", f"new {V4}"]
    assert book.bans(OTHER4) == [f"ban {OTHER4}", f"new {OTHER4}"]
    assert book.unbans(V4) == [f"unban {V4}", f"-new {V4}"]


def test_python_actions_are_off_and_said_once() -> None:
    """Actions written in Python carry no commands: one problem names them all, and the others run."""
    python = [ActionSettings("smtp.py", "smtp"), ActionSettings("other.py", "other")]
    actions, problems = build([python[0], settings("act", **PLAIN), python[1]], "web")
    assert [one.settings.actname for one in actions] == ["act"]
    assert [(problem.value, problem.is_fatal) for problem in problems] == [("smtp.py, other.py", False)]
    assert "written in Python are off" in problems[0].message
