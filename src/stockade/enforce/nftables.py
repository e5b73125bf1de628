"""The table `inet stockade`: its maps, counters and rules through libnftables, its elements through netlink.

In: changes of elements. Out: a kernel that drops the packets, and what it holds. Must not touch any other table.

    table inet stockade {
        counter jail-sshd { }
        map v4_32 { type ipv4_addr : counter; flags timeout; }      one map per family and prefix length in use
        chain prerouting {
            type filter hook prerouting priority raw; policy accept;
            iif "lo" accept
            counter name ip saddr map @v4_32 drop
            counter name ip saddr & 255.255.255.0 map @v4_24 drop
        }
    }

An address that a map does not hold ends its rule there, so only held ones are dropped. A packet counts for one jail: of
those that hold its network, the one that does so longest.

Loopback is let through: no attacker arrives there, a host that banned one of its own addresses by mistake keeps
talking to itself, and busy local traffic costs no look-ups.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from stockade.enforce import elements
from stockade.enforce.backend import TableLost
from stockade.enforce.elements import TABLE, Held
from stockade.enforce.libnftables import Libnftables, remedy_for
from stockade.enforce.netlink import KernelRefusal, Message, Netlink, attributes, text
from stockade.enforce.protocol import JAILS, LONGEST
from stockade.enforce.target import FOREVER, Change, Element, Target, counter_name, jail_of_counter, map_shape
from stockade.errors import FirewallError
from stockade.model.block import JailCounter
from stockade.model.clock import Monotonic

_CHAIN: Final = "prerouting"
_TABLE: Final = f"inet {TABLE}"
_TRIES: Final = 4
"""Elements expire and others edit the table while a transaction is prepared; then it is prepared again from what the
kernel holds, this often, before it is an error."""

_CLOSE_ENOUGH: Final = 1.0
"""Seconds by which an adopted element may end early or late before it is written anew."""

_STALE: Final = frozenset({errno.ENOENT, errno.EEXIST, errno.EBUSY})
"""Refusals that mean: the kernel's elements are not what we believed."""

_SET_NAME, _RULE_HANDLE, _OBJECT_NAME, _OBJECT_DATA = 2, 3, 2, 4
_COUNTER_BYTES, _COUNTER_PACKETS = 1, 2


class Nftables:
    """The default backend."""

    name = "nftables"

    def __init__(self, clock: Callable[[], Monotonic]) -> None:
        """Opens library and socket; raises FirewallError when either cannot be had."""
        self._clock = clock
        self._library = Libnftables()
        try:
            self._netlink = Netlink()
        except OSError as problem:
            raise _firewall_error("cannot reach the kernel's nf_tables", problem) from None
        self._maps: set[str] = set()
        self._jails: set[str] = set()
        self._rules: list[bytes] = []

    def rebuild(self, wanted: Mapping[Target, Element]) -> int:
        """See `Backend`. The elements that are already right stay untouched, so nothing gets through meanwhile."""
        try:
            jails = {element.jail for element in wanted.values()} | self._read_counters().keys()
            maps = {target.map for target in wanted} | self._read_maps()
            self._build(jails, maps)
            return self._reconcile(wanted)
        except OSError as problem:
            raise _firewall_error("the table cannot be made", problem) from None

    def write(self, changes: Sequence[Change]) -> None:
        """See `Backend`."""
        try:
            self._declare(changes)
            for _ in range(_TRIES):
                if self._attempt(changes):
                    return
                if not self.is_intact():
                    raise TableLost
                changes = self._corrected(changes)
        except OSError as problem:
            raise _firewall_error("a change is refused", problem) from None
        raise _disturbed()

    def is_intact(self) -> bool:
        """See `Backend`. Rules have handles that are never given twice: equal handles mean the same rules."""
        try:
            return bool(self._rules) and self._read_rules() == self._rules
        except OSError:
            return False

    def missing(self, targets: Sequence[Target]) -> list[int]:
        """See `Backend`."""
        try:
            answers = self._netlink.ask(Message.GET_ELEMENTS, elements.asking(targets))
        except OSError as problem:
            raise _firewall_error("elements cannot be read", problem) from None
        for answer in answers:
            if isinstance(answer, int) and answer != errno.ENOENT:
                raise _firewall_error("an element cannot be read", KernelRefusal(answer, ""))
        return [index for index, answer in enumerate(answers) if isinstance(answer, int)]

    def counters(self) -> list[JailCounter]:
        """See `Backend`."""
        try:
            found = self._read_counters()
        except OSError as problem:
            raise _firewall_error("counters cannot be read", problem) from None
        return [JailCounter(jail, *found[jail]) for jail in sorted(found)]

    def remove(self) -> None:
        """See `Backend`."""
        self._library.run(f"add table {_TABLE}; delete table {_TABLE}")
        self._maps, self._jails, self._rules = set(), set(), []

    def close(self) -> None:
        """See `Backend`."""
        self._netlink.close()
        self._library.close()

    def _attempt(self, changes: Sequence[Change]) -> bool:
        """Tries a transaction; False when the kernel's elements are not what `is_present` says."""
        gone = elements.removing(change.target for change in changes if change.is_present)
        new = elements.adding(((c.target, c.element) for c in changes if c.element is not None), self._clock())
        try:
            self._netlink.transact(gone + new)
        except KernelRefusal as refusal:
            if refusal.errno in _STALE:
                return False
            raise
        return True

    def _corrected(self, changes: Sequence[Change]) -> list[Change]:
        absent = set(self.missing([change.target for change in changes]))
        return [change._replace(is_present=index not in absent) for index, change in enumerate(changes)]

    def _reconcile(self, wanted: Mapping[Target, Element]) -> int:
        for _ in range(_TRIES):
            changes = list(_differences(wanted, self._read_elements(), self._clock()))
            if self._attempt(changes):
                return len(changes)
        raise _disturbed()

    def _declare(self, changes: Sequence[Change]) -> None:
        """Makes the maps and counters that these changes are the first to need."""
        wanted = [change for change in changes if change.element is not None]
        jails = {change.element.jail for change in wanted if change.element} - self._jails
        maps = {change.target.map for change in wanted} - self._maps
        if not jails and not maps:
            return
        if not self.is_intact():
            raise TableLost
        self._check_jails(self._jails | jails)
        lines = _declarations(jails, maps) + [f"add rule {_TABLE} {_CHAIN} {_rule(name)}" for name in _ordered(maps)]
        self._library.run("\n".join(lines))
        self._jails |= jails
        self._maps |= maps
        self._rules = self._read_rules()

    def _build(self, jails: set[str], maps: set[str]) -> None:
        """Makes everything but elements, in one transaction; what exists stays, the rules are exchanged."""
        self._check_jails(jails)
        lines = _declarations(jails, maps)
        lines += [f"flush chain {_TABLE} {_CHAIN}", f'add rule {_TABLE} {_CHAIN} iif "lo" accept']
        lines += [f"add rule {_TABLE} {_CHAIN} {_rule(name)}" for name in _ordered(maps)]
        try:
            self._library.run("\n".join(lines))
        except FirewallError:  # something of ours has another shape (older version, edited by hand): make it anew
            self._library.run("\n".join([f"add table {_TABLE}", f"delete table {_TABLE}", *lines]))
        self._jails, self._maps = set(jails), set(maps)
        self._rules = self._read_rules()

    def _check_jails(self, jails: set[str]) -> None:
        if len(jails) > JAILS:
            raise FirewallError(
                f"{len(jails)} jails have counters, at most {JAILS} can",
                "restart without keeping bans to forget the counters of jails that are gone",
            )

    def _read_maps(self) -> set[str]:
        names = (_text_of(data, _SET_NAME) for data in self._dump(Message.GET_SET, text(1, TABLE)))
        return {name for name in names if map_shape(name) is not None}

    def _read_rules(self) -> list[bytes]:
        found = self._dump(Message.GET_RULE, text(1, TABLE) + text(2, _CHAIN))
        return [data[at:end] for data in found for kind, at, end in attributes(data) if kind == _RULE_HANDLE]

    def _read_elements(self) -> dict[Target, Held]:
        held: dict[Target, Held] = {}
        for name in self._maps:
            begin = self._clock()
            answers = self._dump(Message.GET_ELEMENTS, elements.asking_all(name))
            pace = (self._clock() - begin) / (len(answers) + 1)
            for index, data in enumerate(answers, 1):  # a million take seconds: each answer has its own time
                held.update(elements.read_elements(name, data, begin + pace * index))
        return held

    def _read_counters(self) -> dict[str, tuple[int, int]]:
        found = {}
        for data in self._dump(Message.GET_OBJECT, text(1, TABLE)):
            jail = jail_of_counter(_text_of(data, _OBJECT_NAME))
            if jail is not None:
                found[jail] = _count_of(data)
        return found

    def _dump(self, kind: int, payload: bytes) -> list[bytes]:
        try:
            return self._netlink.dump(kind, payload)
        except KernelRefusal as refusal:
            if refusal.errno == errno.ENOENT:  # no such table: nothing to tell
                return []
            raise


def _differences(wanted: Mapping[Target, Element], held: Mapping[Target, Held], now: Monotonic) -> list[Change]:
    """Lists what turns the held elements into the wanted ones."""
    changes = [Change(target, True, None) for target in held if target not in wanted]
    for target, element in wanted.items():
        found = held.get(target)
        if found is None or not _is_same(element, found, now):
            changes.append(Change(target, found is not None, element))
    return changes


def _is_same(element: Element, held: Held, now: Monotonic) -> bool:
    if held.counter != counter_name(element.jail):
        return False
    if element.deadline - now > LONGEST:  # such an element was made without timeout
        return held.deadline == FOREVER
    return abs(element.deadline - held.deadline) < _CLOSE_ENOUGH


def _declarations(jails: set[str], maps: set[str]) -> list[str]:
    """Every name here is made by `target` out of a fixed alphabet; nothing else reaches nft as text."""
    lines = [f"add table {_TABLE}"]
    lines += [f"add counter {_TABLE} {counter_name(jail)}" for jail in sorted(jails)]
    for name in _ordered(maps):
        key = "ipv4_addr" if _shape(name)[0] == 4 else "ipv6_addr"
        lines.append(f"add map {_TABLE} {name} {{ type {key} : counter; flags timeout; }}")
    lines.append(f"add chain {_TABLE} {_CHAIN} {{ type filter hook prerouting priority raw; policy accept; }}")
    return lines


def _ordered(maps: set[str]) -> list[str]:
    """Longest prefixes first: single addresses are by far the most common."""
    return sorted(maps, key=lambda name: (_shape(name)[0], -_shape(name)[1]))


def _rule(name: str) -> str:
    version, prefix = _shape(name)
    field, full = ("ip saddr", 32) if version == 4 else ("ip6 saddr", 128)
    mask = IPv4Network((0, prefix)).netmask if version == 4 else IPv6Network((0, prefix)).netmask
    key = field if prefix == full else f"{field} & {mask}"
    return f"counter name {key} map @{name} drop"


def _shape(name: str) -> tuple[int, int]:
    shape = map_shape(name)
    if shape is None:
        raise FirewallError(f"{name!r} is no map of ours")
    return shape


def _text_of(data: bytes, kind: int) -> str:
    for found, at, end in attributes(data):
        if found == kind:
            return data[at : end - 1].decode(errors="replace")
    return ""


def _count_of(data: bytes) -> tuple[int, int]:
    counts = {_COUNTER_PACKETS: 0, _COUNTER_BYTES: 0}
    for kind, start, end in attributes(data):
        if kind == _OBJECT_DATA:
            for inner, at, _ in attributes(data, start, end):
                if inner in counts:
                    counts[inner] = struct.unpack_from(">Q", data, at)[0]
    return counts[_COUNTER_PACKETS], counts[_COUNTER_BYTES]


def _disturbed() -> FirewallError:
    return FirewallError("elements keep changing under the enforcer", f"find out who else edits `table {_TABLE}`")


def _firewall_error(what: str, problem: OSError) -> FirewallError:
    return FirewallError(f"{what}: {problem.strerror or problem}", remedy_for(problem.errno or 0))
