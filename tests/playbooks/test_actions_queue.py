"""What comes next for the actions of a jail, told as stories: precedence, coalescing, the bound."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockade.actions.queues import JailQueue
from stockade.actions.turns import (
    BanTurn,
    CatchUpTurn,
    Flush,
    ProlongTurn,
    Reload,
    Start,
    Stop,
    Turn,
    UnbanTurn,
)
from stockade.model.clock import Monotonic
from tests.playbooks.actions_story import ticket

NOW = Monotonic(1000.0)


def name(turn: Turn) -> str:
    """A turn in words."""
    match turn:
        case BanTurn(one):
            return f"ban {one.id}"
        case ProlongTurn(one):
            return f"prolong {one.id}"
        case UnbanTurn(identifier):
            return f"unban {identifier}"
        case CatchUpTurn(identifier):
            return f"catch up {identifier}"
        case other:
            return type(other).__name__.lower()


def turns(queue: JailQueue, now: Monotonic = NOW) -> list[str]:
    """Everything that can be done now, in its order."""
    found = []
    while (turn := queue.next(now)) is not None:
        found.append(name(turn))
    return found


def queue_of(bans: Iterable[object] = (), unbans: Iterable[object] = (), bound: int = 100) -> JailQueue:
    """A queue with bans and unbans."""
    queue = JailQueue(bound)
    for one in unbans:
        queue.unban(str(one))
    for one in bans:
        queue.ban(ticket(str(one)))
    return queue


def test_bans_precede_unbans_but_do_not_starve_them() -> None:
    """After ten bans it is the turn of up to twenty unbans, then of bans again."""
    queue = queue_of(range(25), (f"u{number}" for number in range(45)))
    kinds = "".join(turn[0] for turn in turns(queue))
    assert kinds == "b" * 10 + "u" * 20 + "b" * 10 + "u" * 20 + "b" * 5 + "u" * 5


def test_unbans_run_at_once_when_nobody_is_to_be_banned() -> None:
    """And a ban that comes meanwhile goes before the rest of them."""
    queue = queue_of(unbans="abc")
    assert name(queue.next(NOW) or Start()) == "unban a"
    queue.ban(ticket("x"))
    assert turns(queue) == ["ban x", "unban b", "unban c"]


def test_a_ban_that_ended_before_its_turn_is_not_carried_out() -> None:
    """Neither is told to the actions; the unban remains for a ban that was carried out earlier."""
    queue = queue_of("ab")
    queue.unban("a")
    assert turns(queue) == ["ban b", "unban a"]


def test_unban_and_new_ban_keep_their_order() -> None:
    """Banned, unbanned and banned again: the unban comes first, although bans have precedence."""
    queue = queue_of(unbans="ab")
    queue.ban(ticket("b"))
    queue.ban(ticket("c"))
    assert turns(queue) == ["unban b", "ban b", "ban c", "unban a"]


def test_orders_precede_everything_and_keep_their_order() -> None:
    """Start, reload and stop are not overtaken by bans; what undoes all bans makes those that wait needless."""
    queue = queue_of("a", "b")
    queue.order(Start())
    queue.order(Reload(()))
    assert [name(queue.next(NOW) or Stop()) for _ in range(2)] == ["start", "reload"]
    queue.order(Flush())
    queue.ban(ticket("c"))
    assert turns(queue) == ["flush", "ban c"]


@pytest.mark.parametrize(("growth", "delay"), [(0, 0), (5, 0), (6, 1), (12, 7), (15, 10), (3600, 10)])
def test_a_prolongation_waits_for_its_ban(growth: float, delay: float) -> None:
    """min(10, max(0, growth - 5)) seconds after the ban grew."""
    queue = JailQueue()
    queue.prolong(ticket("a"), growth, NOW)
    assert queue.deadline() == NOW + delay
    if delay:
        assert turns(queue, Monotonic(NOW + delay - 0.01)) == []
    assert turns(queue, Monotonic(NOW + delay)) == ["prolong a"]
    assert queue.deadline() is None


def test_prolongations_are_coalesced() -> None:
    """A ban that still waits takes its new length along; of two prolongations one is said, with the last length."""
    queue = queue_of("a")
    queue.prolong(ticket("a", bancount=2), 60, NOW)
    assert queue.deadline() is None
    turn = queue.next(NOW)
    assert isinstance(turn, BanTurn)
    assert turn.ticket.bancount == 2
    queue.prolong(ticket("a", bancount=3), 60, NOW)
    queue.prolong(ticket("a", bancount=4), 60, Monotonic(NOW + 5))
    turn = queue.next(Monotonic(NOW + 10))
    assert isinstance(turn, ProlongTurn)
    assert turn.ticket.bancount == 4


def test_an_unban_withdraws_the_prolongation() -> None:
    """Nobody is told that a ban that has ended lasts longer."""
    queue = JailQueue()
    queue.prolong(ticket("a"), 60, NOW)
    queue.prolong(ticket("b"), 60, NOW)
    queue.unban("a")
    assert turns(queue, Monotonic(NOW + 60)) == ["prolong b", "unban a"]


def test_a_prolongation_that_was_withdrawn_does_not_come_back() -> None:
    """Banned, prolonged, unbanned and prolonged again: only the last one counts, at its own time."""
    queue = JailQueue()
    queue.prolong(ticket("a"), 6, NOW)
    queue.unban("a")
    assert queue.deadline() is None
    queue.prolong(ticket("a"), 60, Monotonic(NOW + 0.5))
    assert queue.deadline() == NOW + 10.5
    assert turns(queue, Monotonic(NOW + 5)) == ["unban a"]
    assert turns(queue, Monotonic(NOW + 10.5)) == ["prolong a"]


def test_who_catches_up_waits_behind_bans_and_alternates_with_unbans() -> None:
    """An action that came later is not urgent, but is not put off for ever either."""
    queue = queue_of("ab", "cde")
    queue.catch_up(iter("xy"))
    rest = turns(queue)
    assert rest[:2] == ["ban a", "ban b"]
    assert rest[2:] == ["catch up x", "unban c", "catch up y", "unban d", "unban e"]
    assert not queue.is_ready()


def test_beyond_the_bound_bans_are_found_again_among_those_that_stand() -> None:
    """The queue keeps no more than its bound, says so, and misses nobody after it was filled again."""
    queue = queue_of(range(25), bound=10)
    assert (queue.waiting(), queue.deferred, queue.is_behind) == (10, 15, True)
    done = turns(queue)
    while queue.is_behind:
        queue.fill([ticket(str(one)) for one in range(25) if f"ban {one}" not in done], [])
        assert queue.waiting() <= 10
        done += turns(queue)
    assert done == [f"ban {one}" for one in range(25)]


def test_beyond_the_bound_unbans_are_found_again_too() -> None:
    """Whoever was banned by the actions and is banned no longer is unbanned after all."""
    queue = queue_of(unbans=range(25), bound=10)
    assert queue.is_behind
    done = turns(queue)
    while queue.is_behind:
        queue.fill([], [str(one) for one in range(25) if f"unban {one}" not in done])
        done += turns(queue)
    assert done == [f"unban {one}" for one in range(25)]


EVENTS = st.lists(st.tuples(st.sampled_from(["ban", "unban", "next"]), st.sampled_from("abcdef")), max_size=80)


@given(EVENTS, st.integers(1, 6))
def test_whatever_happens_the_last_word_is_carried_out(events: list[tuple[str, str]], bound: int) -> None:
    """After any mixture of bans, unbans and turns, with any bound, exactly those are banned who should be."""
    queue, wanted, carried = JailQueue(bound), set(), set()

    def take(turn: Turn | None) -> bool:
        match turn:
            case BanTurn(one):
                carried.add(one.id)
            case UnbanTurn(identifier):
                carried.discard(identifier)
        return turn is not None

    for what, identifier in events:
        if what == "ban":
            wanted.add(identifier)
            queue.ban(ticket(identifier))
        elif what == "unban":
            wanted.discard(identifier)
            queue.unban(identifier)
        else:
            take(queue.next(NOW))
        assert queue.waiting() <= 2 * bound
    while take(queue.next(NOW)) or queue.is_behind:
        if not queue.waiting() and queue.is_behind:
            queue.fill([ticket(one) for one in sorted(wanted - carried)], sorted(carried - wanted))
    assert carried == wanted
