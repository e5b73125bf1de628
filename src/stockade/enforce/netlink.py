"""nfnetlink: one socket to the kernel's nf_tables, transactions out, dumps and single objects back.

In: attributes as bytes. Out: parsed attributes, or `KernelRefusal` with the error number. Formats: linux/netlink.h,
linux/netfilter/nfnetlink.h. Must not know what the attributes mean.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Final

NESTED: Final = 0x8000

_NETLINK_NETFILTER: Final = 12
_SOL_NETLINK: Final = 270
_NETLINK_CAP_ACK: Final = 10  # errors without a copy of the message that caused them
_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_SUBSYSTEM: Final = 10 << 8  # NFNL_SUBSYS_NFTABLES
_INET: Final = 1  # NFPROTO_INET
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_ERROR, _DONE = 2, 3
_REQUEST, _MULTI, _ACK, _DUMP_INTERRUPTED, _DUMP = 0x1, 0x2, 0x4, 0x10, 0x300
CREATE: Final = 0x600  # NLM_F_CREATE | NLM_F_EXCL

_RECEIVE_BYTES: Final = 4 << 20
_SEND_BYTES: Final = 1 << 20
_READ: Final = 64 * 1024
_DUMP_TRIES: Final = 10
"""A dump that another's transaction interrupts is read again this often; then it is an error (EBUSY)."""

ASKED_AT_ONCE: Final = 64
"""Questions in flight: each answer occupies up to 8 KiB of the receive buffer whatever its length."""

_ANSWER_SECONDS: Final = 10
"""The kernel answers before `send` returns; a lost answer is an error (EAGAIN) after this time, never a hang."""

_HEADER = struct.Struct("=IHHIIBBH")  # nlmsghdr, then nfgenmsg (its res_id is 0, or the subsystem in a batch frame)
_ATTRIBUTE = struct.Struct("=HH")


class KernelRefusal(OSError):
    """The kernel refused; `errno` says why and nothing of the transaction took effect."""


def attribute(kind: int, payload: bytes) -> bytes:
    """Frames one attribute, padded to four bytes."""
    return _ATTRIBUTE.pack(4 + len(payload), kind) + payload + b"\0" * (-len(payload) % 4)


def text(kind: int, value: str) -> bytes:
    """Frames a text attribute, with the closing NUL that nf_tables expects."""
    return attribute(kind, value.encode() + b"\0")


def attributes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int]]:
    """Walks attributes: kind without flags, start and end of the payload in `data`."""
    end = len(data) if end is None else end
    while start + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        if length < 4:
            return
        yield kind & 0x3FFF, start + 4, min(start + length, end)
        start += (length + 3) & ~3


class Message:
    """Kinds of nf_tables messages (enum nf_tables_msg_types)."""

    GET_TABLE, GET_RULE, GET_SET, NEW_ELEMENTS, GET_ELEMENTS, DELETE_ELEMENTS, GET_OBJECT = 1, 7, 10, 12, 13, 14, 19


class Netlink:
    """The socket. Every call is synchronous: the kernel answers before the call returns. Not thread-safe."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER)
        try:
            self._socket.bind((0, 0))
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", _ANSWER_SECONDS, 0))
            self._buffer(_SO_RCVBUFFORCE, socket.SO_RCVBUF, _RECEIVE_BYTES)
        except OSError:
            self._socket.close()
            raise
        self._serial = 0
        self._send_bytes = 0

    def close(self) -> None:
        """Closes the socket; idempotent."""
        self._socket.close()

    def transact(self, messages: Sequence[tuple[int, int, bytes]]) -> None:
        """Carries out (kind, flags, attributes) messages as one transaction; KernelRefusal when the kernel refuses."""
        if not messages:
            return
        first = self._next()
        parts = [_HEADER.pack(20, _BATCH_BEGIN, _REQUEST, first, 0, 0, 0, socket.htons(10))]
        for index, (kind, flags, payload) in enumerate(messages):
            ack = _ACK if index == len(messages) - 1 else 0
            parts.append(self._header(kind, _REQUEST | ack | flags, self._next(), len(payload)))
            parts.append(payload)
        parts.append(_HEADER.pack(20, _BATCH_END, _REQUEST, self._next(), 0, 0, 0, socket.htons(10)))
        self._send(b"".join(parts))
        self._read_verdict()

    def dump(self, kind: int, payload: bytes) -> list[bytes]:
        """Asks for everything of a kind; gives the attributes of each answer."""
        for _ in range(_DUMP_TRIES):
            serial = self._next()
            self._send(self._header(kind, _REQUEST | _DUMP, serial, len(payload)) + payload)
            found, is_whole = self._read_dump(serial)
            if is_whole:
                return found
        raise KernelRefusal(errno.EBUSY, "the ruleset keeps changing while it is read")

    def ask(self, kind: int, payloads: Sequence[bytes]) -> list[bytes | int]:
        """Asks one question per payload; gives, in order, the answer's attributes or the error number."""
        answers: list[bytes | int] = []
        for start in range(0, len(payloads), ASKED_AT_ONCE):
            answers += self._ask_some(kind, payloads[start : start + ASKED_AT_ONCE])
        return answers

    def _ask_some(self, kind: int, payloads: Sequence[bytes]) -> list[bytes | int]:
        first = self._serial + 1
        self._send(
            b"".join([self._header(kind, _REQUEST, self._next(), len(payload)) + payload for payload in payloads])
        )
        answers: list[bytes | int] = [errno.ENODATA] * len(payloads)
        left = len(payloads)
        while left:
            for message, serial, _, data in self._receive():
                index = serial - first
                if 0 <= index < len(answers):
                    left -= 1
                    answers[index] = -struct.unpack_from("=i", data)[0] if message == _ERROR else data[4:]
        return answers

    def _read_dump(self, serial: int) -> tuple[list[bytes], bool]:
        found: list[bytes] = []
        is_whole = True
        while True:
            for message, answered, flags, data in self._receive():
                if answered != serial:
                    continue
                is_whole &= not flags & _DUMP_INTERRUPTED
                if message == _DONE:
                    return found, is_whole
                if message == _ERROR:
                    _raise(-struct.unpack_from("=i", data)[0])
                found.append(data[4:])

    def _read_verdict(self) -> None:
        """Reads every acknowledgement and error; the first error stands for the transaction."""
        verdict: int | None = None
        while True:
            try:
                for message, _, _, data in self._receive(socket.MSG_DONTWAIT):
                    if message == _ERROR and not verdict:
                        verdict = -struct.unpack_from("=i", data)[0]
            except BlockingIOError:
                break
        if verdict is None:
            _raise(errno.EPROTO)
        if verdict:
            _raise(verdict)

    def _receive(self, flags: int = 0) -> list[tuple[int, int, int, bytes]]:
        """Reads one datagram: kind, serial, flags and content (from nfgenmsg on) of each message."""
        data = self._socket.recv(_READ, flags)
        found = []
        start = 0
        while start + 16 <= len(data):
            length, kind, header_flags, serial, _ = struct.unpack_from("=IHHII", data, start)
            if length < 16:
                break
            found.append((kind, serial, header_flags, data[start + 16 : start + length]))
            start += (length + 3) & ~3
        return found

    def _send(self, data: bytes) -> None:
        if len(data) + 4096 > self._send_bytes:  # a transaction must leave in one piece
            self._send_bytes = max(_SEND_BYTES, 2 * len(data))
            self._buffer(_SO_SNDBUFFORCE, socket.SO_SNDBUF, self._send_bytes)
        self._socket.send(data)

    def _buffer(self, forced: int, ordinary: int, size: int) -> None:
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, forced, size)
        except PermissionError:  # CAP_NET_ADMIN in a user namespace only: the system's maximum has to do
            self._socket.setsockopt(socket.SOL_SOCKET, ordinary, size)

    def _next(self) -> int:
        self._serial = (self._serial + 1) & 0x7FFFFFFF
        return self._serial

    def _header(self, kind: int, flags: int, serial: int, payload: int) -> bytes:
        return _HEADER.pack(20 + payload, _SUBSYSTEM | kind, flags, serial, 0, _INET, 0, 0)


def _raise(number: int) -> None:
    raise KernelRefusal(number, os.strerror(number))
