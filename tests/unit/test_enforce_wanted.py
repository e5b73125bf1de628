"""The enforcer's record of who holds what: the longest hold stands in the kernel, the last to lift lets go."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from stockade.enforce.target import FOREVER, Change, Element, Target
from stockade.enforce.wanted import Wanted
from stockade.errors import FirewallError
from stockade.model.block import Block
from stockade.model.clock import Monotonic

A = ip_network("192.0.2.1")
B = ip_network("192.0.2.2")
TA = Target.of(A)


def at(seconds: float) -> Monotonic:
    return Monotonic(seconds)


def add(wanted: Wanted, now: float, *blocks: Block) -> list[Change]:
    plan = wanted.plan_add(blocks, at(now))
    changes = wanted.changes(plan, at(now))
    wanted.take(plan, at(now))
    return changes


def lift(wanted: Wanted, now: float, *jails: str) -> list[Change]:
    plan = wanted.plan_lift([(jail, A) for jail in jails], at(now))
    changes = wanted.changes(plan, at(now))
    wanted.take(plan, at(now))
    return changes


def test_two_jails_hold_until_the_last_lifts() -> None:
    """An address held twice stays in the kernel with the later deadline, then with what is left, then goes."""
    wanted = Wanted()
    assert add(wanted, 0, Block("a", A, 100.0)) == [Change(TA, False, Element("a", 100.0))]
    assert add(wanted, 0, Block("b", A, 50.0)) == []
    assert lift(wanted, 10, "a") == [Change(TA, True, Element("b", 50.0))]
    assert lift(wanted, 10, "b") == [Change(TA, True, None)]
    assert len(wanted) == 0


def test_a_new_timeout_replaces_the_old_one_shorter_or_longer() -> None:
    """The daemon's last word counts: prolonging and shortening both reach the kernel."""
    wanted = Wanted()
    add(wanted, 0, Block("a", A, 100.0))
    assert add(wanted, 10, Block("a", A, 200.0)) == [Change(TA, True, Element("a", 210.0))]
    assert add(wanted, 10, Block("a", A, 1.0)) == [Change(TA, True, Element("a", 11.0))]
    assert add(wanted, 10, Block("a", A, None)) == [Change(TA, True, Element("a", FOREVER))]


def test_an_expired_hold_is_absent() -> None:
    """After its deadline the kernel has dropped the element, so the next change does not count on it."""
    wanted = Wanted()
    add(wanted, 0, Block("a", A, 5.0))
    assert add(wanted, 6, Block("b", A, 5.0)) == [Change(TA, False, Element("b", 11.0))]
    assert wanted.page(0, at(6)) == ((Block("b", A, 5.0),), None)
    assert lift(wanted, 20, "b") == []


def test_one_batch_may_name_a_network_twice() -> None:
    """Two jails in one batch both hold; the same jail twice is its last word."""
    wanted = Wanted()
    changes = add(wanted, 0, Block("a", A, 9.0), Block("b", A, 5.0), Block("a", A, 3.0))
    assert changes == [Change(TA, False, Element("b", 5.0))]
    assert lift(wanted, 0, "b", "a") == [Change(TA, True, None)]


def test_a_plan_that_is_not_taken_changes_nothing() -> None:
    """When the kernel refuses, the record still says what the kernel has."""
    wanted = Wanted()
    add(wanted, 0, Block("a", A, 9.0))
    wanted.plan_lift([("a", A)], at(1))
    wanted.plan_add([Block("a", B, 9.0)], at(1))
    assert wanted.elements(at(1)) == {TA: Element("a", 9.0)}


def test_the_bound_is_named_and_expired_networks_make_room() -> None:
    """At the bound a new network is refused with the bound's number; prolonging still works; expiry frees."""
    wanted = Wanted(capacity=1)
    add(wanted, 0, Block("a", A, 5.0))
    with pytest.raises(FirewallError, match="bound of 1"):
        wanted.plan_add([Block("a", B, 5.0)], at(1))
    add(wanted, 1, Block("b", A, 9.0))
    assert add(wanted, 20, Block("a", B, 5.0)) == [Change(Target.of(B), False, Element("a", 25.0))]


def test_nobody_blocks_everybody() -> None:
    """A network of prefix length 0 is refused, whatever was asked."""
    for text in ("0.0.0.0/0", "::/0"):
        with pytest.raises(FirewallError, match="everybody"):
            Wanted().plan_add([Block("a", ip_network(text))], at(0))


def test_flush_of_one_jail_leaves_the_others_holds() -> None:
    """What another jail holds as well stays blocked."""
    wanted = Wanted()
    add(wanted, 0, Block("a", A, 9.0), Block("b", A, 5.0), Block("a", B, 5.0))
    changes = wanted.changes(wanted.plan_flush("a", at(1)), at(1))
    assert changes == [Change(TA, True, Element("b", 5.0)), Change(Target.of(B), True, None)]
    assert [change.element for change in wanted.changes(wanted.plan_flush(None, at(1)), at(1))] == [None, None]


def test_pages_cover_everything_once() -> None:
    """A list in pages names every block once, however many jails hold a network."""
    wanted = Wanted()
    blocks = [Block(f"j{jail}", ip_network((number, 32)), 100.0) for number in range(900) for jail in range(number % 4)]
    add(wanted, 0, *blocks)
    seen: list[Block] = []
    start: int | None = 0
    while start is not None:
        page, start = wanted.page(start, at(0))
        assert len(page) <= 1000
        seen += page
    assert sorted(seen, key=repr) == sorted(blocks, key=repr)


def test_memory_of_expired_networks_is_given_back() -> None:
    """Blocks that are never lifted do not pile up: sweeps keep the record within twice what is alive."""
    wanted = Wanted()
    for number in range(10_000):
        add(wanted, float(number), Block("a", ip_network((number, 32)), 10.0))
    assert len(wanted) <= 4096
