"""The failure protocol of actions, told as stories: check, repair, check again, one more try."""

from __future__ import annotations

from stockade.actions.turns import BanTurn, Flush, ProlongTurn, Start, Stop
from stockade.model.saying import Level
from tests.playbooks.actions_story import Book, full, settings, ticket

V4, V6 = "192.0.2.1", "2001:db8::1"
TRYING = "Invariant check failed. Trying to restore a sane environment"
UNABLE = "Unable to restore environment"


def failed(what: str, identifier: str, error: str) -> str:
    """The line that reports an action's failure."""
    return f"Failed to execute {what} jail 'web' action 'act' info '{identifier}': {error}"


def test_a_ban_that_succeeds_is_not_checked() -> None:
    """actioncheck runs only after a failure."""
    assert Book(full()).bans(V4, "192.0.2.2") == ["start inet4", f"ban {V4}", "ban 192.0.2.2"]


def test_a_failing_command_without_a_check_runs_once() -> None:
    """Nothing has changed between two tries, so there is one (fail2ban ran it twice)."""
    book = Book(full(actioncheck=""))
    book.broken = {f"ban {V4}": -1}
    assert book.bans(V4) == ["start inet4", f"ban {V4}!"]
    assert book.words() == [failed("ban", V4, f"Error banning {V4}")]


def test_a_ban_is_tried_again_after_a_check_that_passed() -> None:
    """The failure may have been a passing one; the second status is final."""
    book = Book(full())
    book.broken = {f"ban {V4}": 1, "ban 192.0.2.2": -1}
    assert book.bans(V4) == ["start inet4", f"ban {V4}!", "check inet4", f"ban {V4}"]
    assert book.words() == []
    assert book.bans("192.0.2.2") == ["ban 192.0.2.2!", "check inet4", "ban 192.0.2.2!"]
    assert book.words() == [failed("ban", "192.0.2.2", "Error banning 192.0.2.2")]


def test_a_broken_family_is_stopped_and_started_again() -> None:
    """Without actionrepair the family is restarted, and checked once more before the last try."""
    book = Book(full())
    book.broken = {f"ban {V4}": 1, "check inet4": 1}
    assert book.bans(V6, V4) == [
        "start inet6",
        f"ban {V6}",
        "start inet4",
        f"ban {V4}!",
        "check inet4!",
        "stop inet4",
        "start inet4",
        "check inet4",
        f"ban {V4}",
    ]
    assert book.words() == [TRYING]


def test_a_repair_is_preferred_to_a_restart() -> None:
    """actionrepair runs instead of stop and start."""
    book = Book(full(actionrepair="repair <family>"))
    book.broken = {f"ban {V4}": 1, "check inet4": 1}
    assert book.bans(V4) == [
        "start inet4",
        f"ban {V4}!",
        "check inet4!",
        "repair inet4",
        "check inet4",
        f"ban {V4}",
    ]


def test_a_repair_that_fails_ends_the_ban() -> None:
    """After a failed repair nothing is tried; the family counts as not started and is started before the next ban."""
    book = Book(full(actionrepair="repair <family>"))
    book.broken = {f"ban {V4}": -1, "check inet4": 1, "repair inet4": 1}
    assert book.bans(V4) == ["start inet4", f"ban {V4}!", "check inet4!", "repair inet4!"]
    assert book.words() == [TRYING, UNABLE, failed("ban", V4, f"Error banning {V4}")]
    assert book.said[1].level is Level.CRITICAL
    assert book.bans("192.0.2.2") == ["start inet4", "ban 192.0.2.2"]


def test_a_second_failed_check_ends_the_ban() -> None:
    """The environment could not be restored: said as critical, and the ban is not tried again."""
    book = Book(full())
    book.broken = {f"ban {V4}": -1, "check inet4": 2}
    assert book.bans(V4) == [
        "start inet4",
        f"ban {V4}!",
        "check inet4!",
        "stop inet4",
        "start inet4",
        "check inet4!",
    ]
    assert book.words() == [TRYING, UNABLE, failed("ban", V4, f"Error banning {V4}")]


def test_a_failing_stop_does_not_prevent_the_restart() -> None:
    """What cannot be stopped may be gone already; the check decides."""
    book = Book(full())
    book.broken = {f"ban {V4}": 1, "check inet4": 1, "stop inet4": 1}
    assert book.bans(V4)[-4:] == ["stop inet4!", "start inet4", "check inet4", f"ban {V4}"]
    assert book.words() == [TRYING]


def test_a_single_action_for_all_families_is_restarted_as_well() -> None:
    """An action that was started once for all families is stopped and started for the family that broke."""
    book = Book(settings(actionstart="start", actionstop="stop", actioncheck="check", actionban="ban <ip>"))
    assert book.does(Start()) == ["start"]
    book.broken = {f"ban {V4}": 1, "check": 1}
    assert book.bans(V4) == [f"ban {V4}!", "check!", "stop", "start", "check", f"ban {V4}"]
    assert book.does(Stop()) == ["stop"]


def test_an_unban_does_not_repair_unless_told_to() -> None:
    """actionrepair_on_unban is off by default: the check fails, and that is the end."""
    book = Book(full())
    book.bans(V4)
    book.broken = {f"unban {V4}": -1, "check inet4": -1}
    assert book.unbans(V4) == [f"unban {V4}!", "check inet4!"]
    assert book.words() == [
        "Invariant check failed. Unban is impossible.",
        failed("unban", V4, f"Error unbanning {V4}"),
    ]


def test_an_unban_repairs_when_told_to() -> None:
    """With actionrepair_on_unban the family is stopped; it starts again on demand, not for an unban."""
    book = Book(full(actionrepair_on_unban="true"))
    book.bans(V4)
    book.broken = {f"unban {V4}": 1, "check inet4": 1}
    assert book.unbans(V4) == [f"unban {V4}!", "check inet4!", "stop inet4", f"unban {V4}"]
    assert book.words() == [TRYING]


def test_an_unban_with_a_repair_command_is_tried_again() -> None:
    """actionrepair brings the environment back, then the unban is tried once more."""
    book = Book(full(actionrepair_on_unban="true", actionrepair="repair"))
    book.bans(V4)
    book.broken = {f"unban {V4}": 1, "check inet4": 1}
    assert book.unbans(V4) == [f"unban {V4}!", "check inet4!", "repair", "check inet4", f"unban {V4}"]


def test_a_failed_start_is_the_error_of_the_ban() -> None:
    """Without its start an on-demand action does not ban; the next ban tries to start it again."""
    book = Book(full())
    book.breaks(start_inet4=1)
    assert book.bans(V4) == ["start inet4!"]
    error = "Error starting action Jail('web')/act: 'Script error'"
    assert book.words() == [failed("ban", V4, error)]
    assert book.bans("192.0.2.2") == ["start inet4", "ban 192.0.2.2"]


def test_a_prolongation_follows_the_protocol() -> None:
    """It is checked and repaired like a ban; its error says what it is."""
    book = Book(full(actionprolong="prolong <ip> <bantime>"))
    book.bans(V4)
    book.broken = {f"prolong {V4} 600": -1}
    assert book.does(ProlongTurn(ticket(V4))) == [f"prolong {V4} 600!", "check inet4", f"prolong {V4} 600!"]
    assert book.words() == [failed("prolong", V4, f"Error prolonging {V4}")]


def test_a_failed_flush_is_followed_by_a_check() -> None:
    """A flush that fails leads to a consistency check with repair, not to single unbans."""
    book = Book(full(actionflush="flush <family>", actionrepair="repair"))
    book.bans(V4)
    book.broken = {"flush inet4": 1, "check inet4": 1}
    assert book.does(Flush()) == ["flush inet4!", "check inet4!", "repair", "check inet4"]
    error = "Error flushing action Jail('web')/act: 'Script error'"
    assert book.words(Level.INFO) == [
        "[web] Flush ticket(s) with act",
        f"Failed to flush bans in jail 'web' action 'act': {error}",
        "No flush occurred, do consistency check",
        TRYING,
    ]


def test_a_failed_flush_is_not_repaired_while_stopping() -> None:
    """What is about to be stopped is not restored, unless actionrepair_on_unban asks for it."""
    book = Book(full(actionflush="flush <family>", actionrepair="repair"))
    book.bans(V4)
    book.broken = {"flush inet4": 1, "check inet4": 1}
    assert book.does(Stop()) == ["flush inet4!", "check inet4!", "stop inet4"]
    assert "Invariant check failed. Flush is impossible." in book.words()


def test_one_failing_action_does_not_stop_the_others() -> None:
    """Each action is on its own; the ban counts as carried out and is undone where it succeeded."""
    book = Book(full("act", actioncheck=""), settings("mail", actionban="mail <ip>", actionunban="unmail <ip>"))
    book.broken = {f"ban {V4}": -1}
    assert book.bans(V4) == ["start inet4", f"ban {V4}!", f"mail {V4}"]
    assert book.unbans(V4) == [f"unmail {V4}"]


def test_a_ticket_without_family_is_guarded_too() -> None:
    """An id that is no address has the family "", started and checked by itself."""
    book = Book(full())
    book.broken = {"ban somebody": 1, "check": 1}
    assert book.does(BanTurn(ticket("somebody"))) == [
        "start",
        "ban somebody!",
        "check!",
        "stop",
        "start",
        "check",
        "ban somebody",
    ]
