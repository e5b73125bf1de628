"""Linux capabilities and process flags: thin bindings of capset and prctl, and what /proc says afterwards.

In: sets of capability names. Out: the kernel's state, or OSError. Knows no policy: that is `rights`. Numbers and
layouts come from linux/capability.h and linux/prctl.h.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NUMBERS: Final = {
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_SETPCAP": 8,
    "CAP_NET_ADMIN": 12,
}
"""The capabilities that Stockade names; others are only ever dropped."""

_VERSION_3: Final = 0x20080522
_GET_DUMPABLE, _SET_DUMPABLE, _SET_KEEPCAPS, _SET_NAME, _BOUNDING_DROP = 3, 4, 8, 15, 24
_SET_NO_NEW_PRIVILEGES, _AMBIENT, _AMBIENT_CLEAR = 38, 47, 4


@dataclass(frozen=True, slots=True)
class ProcessState:
    """What /proc/<pid>/status says about a process's rights. Capability sets are bit masks."""

    uids: tuple[int, ...]
    gids: tuple[int, ...]
    groups: tuple[int, ...]
    inheritable: int
    permitted: int
    effective: int
    bounding: int
    ambient: int
    is_no_new_privileges: bool


def mask(names: Iterable[str]) -> int:
    """Makes the bit mask of capability names; KeyError for a name that `NUMBERS` lacks."""
    return sum(1 << NUMBERS[name] for name in set(names))


def names(bits: int) -> tuple[str, ...]:
    """Names the capabilities of a mask; those that `NUMBERS` lacks appear as `CAP_<number>`."""
    known = {number: name for name, number in NUMBERS.items()}
    return tuple(known.get(number, f"CAP_{number}") for number in range(64) if bits >> number & 1)


def read_state(pid: int | str = "self") -> ProcessState:
    """Reads a process's rights."""
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)

    def numbers(key: str) -> tuple[int, ...]:
        return tuple(int(word) for word in rows[key].split())

    return ProcessState(
        uids=numbers("Uid"),
        gids=numbers("Gid"),
        groups=numbers("Groups"),
        inheritable=int(rows["CapInh"], 16),
        permitted=int(rows["CapPrm"], 16),
        effective=int(rows["CapEff"], 16),
        bounding=int(rows["CapBnd"], 16),
        ambient=int(rows["CapAmb"], 16),
        is_no_new_privileges=rows["NoNewPrivs"].strip() == "1",
    )


def has(name: str) -> bool:
    """Tells whether this process has a capability in effect."""
    return bool(read_state().effective & mask([name]))


def limit_to(bits: int) -> None:
    """Makes a mask the permitted and effective set, empties the inheritable and ambient sets; OSError when refused."""
    libc = _libc()
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    low, high = bits & 0xFFFFFFFF, bits >> 32
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)  # effective, permitted, inheritable; twice
    if libc.capset(header, data) != 0:
        _fail("capset")
    _prctl(_AMBIENT, _AMBIENT_CLEAR)


def drop_bounding() -> None:
    """Empties the bounding set, so that no program run later can gain anything; OSError without CAP_SETPCAP."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for number in range(last + 1):
        _prctl(_BOUNDING_DROP, number)


def keep_through_setuid(is_kept: bool) -> None:
    """Decides whether the permitted set survives a change of the user."""
    _prctl(_SET_KEEPCAPS, int(is_kept))


def forbid_new_privileges() -> None:
    """Makes set-user-id programs and file capabilities powerless for this process and its children, for good."""
    _prctl(_SET_NO_NEW_PRIVILEGES, 1)


def forbid_dumps() -> None:
    """Closes the process's memory to core dumps and to debuggers of the same user."""
    _prctl(_SET_DUMPABLE, 0)


def is_dumpable() -> bool:
    """Tells whether core dumps and debuggers of the same user can read this process's memory."""
    return bool(_libc().prctl(_GET_DUMPABLE, 0, 0, 0, 0) != 0)


def rename(name: str) -> None:
    """Sets the name that `ps -o comm` shows (15 bytes)."""
    buffer = ctypes.create_string_buffer(name.encode()[:15])
    _prctl(_SET_NAME, ctypes.addressof(buffer))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    function = _libc().prctl
    function.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    if function(option, value, 0, 0, 0) != 0:
        _fail(f"prctl({option}, {value})")


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")
