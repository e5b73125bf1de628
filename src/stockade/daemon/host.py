"""Facts about this machine that the daemon looks up itself: its addresses, its service manager.

Must not block for long: interfaces are read through getifaddrs, the service manager is told through a datagram.
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from ctypes import POINTER, Structure, c_char_p, c_uint, c_ushort, c_void_p

MAX_INTERFACES = 65_536
"""Addresses of interfaces looked at; a machine with more has the rest left out."""


class _Address(Structure):
    _fields_ = (("family", c_ushort), ("data", ctypes.c_ubyte * 26))


class _Interface(Structure):
    pass


_Interface._fields_ = (
    ("next", POINTER(_Interface)),
    ("name", c_char_p),
    ("flags", c_uint),
    ("address", POINTER(_Address)),
    ("netmask", c_void_p),
    ("peer", c_void_p),
    ("data", c_void_p),
)


def own_addresses() -> frozenset[str]:
    """Every address of every interface, IPv4 and IPv6, as text; empty where the host does not tell (getifaddrs(3))."""
    libc = ctypes.CDLL(None, use_errno=True)
    first = POINTER(_Interface)()
    if libc.getifaddrs(ctypes.byref(first)) != 0:
        return frozenset()
    try:
        return frozenset(_addresses(first))
    finally:
        libc.freeifaddrs(first)


def _addresses(interface: ctypes._Pointer[_Interface]) -> Iterator[str]:
    for _ in range(MAX_INTERFACES):
        if not interface:
            return
        address = interface.contents.address
        if address:
            data = bytes(address.contents.data)
            if address.contents.family == socket.AF_INET:
                yield socket.inet_ntop(socket.AF_INET, data[2:6])
            elif address.contents.family == socket.AF_INET6:
                yield socket.inet_ntop(socket.AF_INET6, data[6:22])
        interface = interface.contents.next


def own_names() -> tuple[str, ...]:
    """What this machine calls itself; whoever wants addresses has them resolved. Its full name has the same ones."""
    return tuple(dict.fromkeys(("localhost", socket.gethostname().lower())))


def tell_service_manager(message: str) -> None:
    """Sends one sd_notify(3) message; does nothing where no service manager asked for it, and never waits for one that
    does not read."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    if path.startswith("@"):
        path = "\0" + path[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
        try:
            notify.setblocking(False)
            notify.connect(path)
            notify.send(message.encode())
        except OSError:
            return
