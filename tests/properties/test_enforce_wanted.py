"""The enforcer's record equals a naive model, whatever the order of blocks, lifts, flushes and passing time."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from stockade.enforce.target import Element, Target
from stockade.enforce.wanted import Plan, Wanted
from stockade.model.block import Block
from stockade.model.clock import Monotonic

JAILS = st.sampled_from(["a", "b", "c"])
NETWORKS = st.integers(0, 3).map(lambda number: IPv4Network((number, 32)))
STEPS = st.one_of(
    st.tuples(st.just("add"), st.lists(st.tuples(JAILS, NETWORKS, st.integers(1, 9)), max_size=4)),
    st.tuples(st.just("lift"), st.lists(st.tuples(JAILS, NETWORKS), max_size=4)),
    st.tuples(st.just("flush"), st.none() | JAILS),
    st.tuples(st.just("wait"), st.integers(0, 5)),
)


@given(st.lists(STEPS, max_size=25))
def test_the_kernel_follows_the_model(steps: list[tuple[str, object]]) -> None:
    """Applying only the changes, a kernel that expires by itself always holds the longest live hold of each network."""
    wanted, now = Wanted(), 0.0
    model: dict[tuple[str, IPv4Network], float] = {}
    kernel: dict[Target, Element] = {}
    for kind, argument in steps:
        if kind == "wait":
            now += argument  # type: ignore[operator]
            continue
        plan = _plan(wanted, model, kind, argument, now)
        kernel = {target: element for target, element in kernel.items() if element.deadline > now}
        for change in wanted.changes(plan, Monotonic(now)):
            assert change.is_present == (change.target in kernel)
            kernel.pop(change.target, None)
            if change.element is not None:
                kernel[change.target] = change.element
        wanted.take(plan, Monotonic(now))
        live = {key: deadline for key, deadline in model.items() if deadline > now}
        expected: dict[Target, Element] = {}
        for (jail, network), deadline in sorted(live.items(), key=lambda item: (item[1], item[0][0])):
            expected[Target.of(network)] = Element(jail, deadline)
        assert kernel == expected == wanted.elements(Monotonic(now))


def _plan(wanted: Wanted, model: dict[tuple[str, IPv4Network], float], kind: str, argument: object, now: float) -> Plan:
    at = Monotonic(now)
    if kind == "add":
        assert isinstance(argument, list)
        model.update({(jail, network): now + timeout for jail, network, timeout in argument})
        return wanted.plan_add([Block(jail, network, timeout) for jail, network, timeout in argument], at)
    if kind == "lift":
        assert isinstance(argument, list)
        for pair in argument:
            model.pop(pair, None)
        return wanted.plan_lift(argument, at)
    assert argument is None or isinstance(argument, str)
    for key in [key for key in model if argument in (None, key[0])]:
        del model[key]
    return wanted.plan_flush(argument, at)
