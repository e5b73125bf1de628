"""The ports on which this machine accepts TCP connections, from the kernel's own list.

Out: port numbers. Needs no rights. The kernel puts listening sockets first, so a machine with a million connections
costs no more than another.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

MAX_BYTES = 256 * 1024
"""Bytes of each list that are read, about 1,700 sockets; listening ones beyond are not seen."""

LISTEN = b"0A"
"""TCP_LISTEN in the fourth column (proc_net_tcp in the kernel's documentation)."""

LISTS = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))


def listening_ports(lists: tuple[Path, ...] = LISTS) -> frozenset[int]:
    """Every port that something listens on, over IPv4 or IPv6; empty where the kernel does not tell."""
    found: set[int] = set()
    for path in lists:
        with suppress(OSError), path.open("rb") as table:
            for line in table.read(MAX_BYTES).splitlines()[1:]:
                words = line.split(maxsplit=4)
                if len(words) == 5 and words[3] == LISTEN:
                    with suppress(ValueError):
                        found.add(int(words[1].rpartition(b":")[2], 16))
    return frozenset(found)
