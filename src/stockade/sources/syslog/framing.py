"""Cuts the bytes of one connection into messages: octet counting (RFC 6587, 3.4.1; RFC 5425) or newlines (3.4.2).

In: bytes as they come. Out: whole messages. Which framing a connection speaks is settled by its first bytes, for good:
deciding anew at each message would let text that follows a newline pass for a length. Keeps at most one message
(`MAX_MESSAGE`) beyond what it was fed. Knows no sockets and no time.
"""

from __future__ import annotations

import re

from stockade.sources.syslog.limits import MAX_FRAME, MAX_MESSAGE
from stockade.sources.syslog.message import shortened

_DIGITS = len(str(MAX_FRAME))
_COUNTED = re.compile(rb"[1-9][0-9]{0,%d} <" % (_DIGITS - 1))
_PERHAPS_COUNTED = re.compile(rb"[1-9][0-9]{0,%d} ?" % (_DIGITS - 1))
_COUNT = re.compile(rb"([1-9][0-9]{0,%d}) " % (_DIGITS - 1))
_SEPARATORS = re.compile(rb"[\r\n\0]*")

Step = tuple[bytes | None, int, bool]
"""One step through the bytes: a message, if there is one, where the next step begins, and whether there is one."""


class Frames:
    """The framing of one connection. `cut` counts messages that were too long; once `is_garbled`, what follows cannot
    be cut into messages."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._is_counted: bool | None = None
        self._skip = 0
        self._is_skipping_line = False
        self.cut = 0
        self.is_garbled = False

    def feed(self, data: bytes) -> None:
        """Takes what came."""
        self._data += data

    @property
    def is_within(self) -> bool:
        """Whether a message has begun that is not complete."""
        return bool(self._data) or self._skip > 0 or self._is_skipping_line

    def take(self, most: int) -> list[bytes]:
        """Gives at most so many of the messages that are complete; fewer mean that more bytes are needed."""
        messages: list[bytes] = []
        at, is_more = self._pass_over(0), True
        while is_more and len(messages) < most:
            if not self._is_skipping_line and (found := _SEPARATORS.match(self._data, at)):
                at = found.end()
            if at >= len(self._data) or (self._is_counted is None and not self._settle(at)):
                break
            message, at, is_more = self._counted(at) if self._is_counted else self._line(at)
            if message is not None:
                messages.append(message)
        del self._data[:at]
        return messages

    def _pass_over(self, at: int) -> int:
        """Goes on within the rest of a frame that is too long."""
        passed = min(self._skip, len(self._data) - at)
        self._skip -= passed
        return at + passed

    def _settle(self, at: int) -> bool:
        """Finds out which framing it is; False while that cannot be known."""
        head = bytes(self._data[at : at + _DIGITS + 2])
        if _PERHAPS_COUNTED.fullmatch(head):
            return False
        self._is_counted = _COUNTED.match(head) is not None
        return True

    def _counted(self, at: int) -> Step:
        """The counted frame at `at`."""
        head = bytes(self._data[at : at + _DIGITS + 1])
        found = _COUNT.match(head)
        size = int(found[1]) if found else 0
        self.is_garbled = size > MAX_FRAME or not (found or _PERHAPS_COUNTED.fullmatch(head))
        start = at + (found.end() if found else 0)
        if self.is_garbled or not found or len(self._data) - start < min(size, MAX_MESSAGE + 1):
            return None, at, False
        if size <= MAX_MESSAGE:
            return bytes(self._data[start : start + size]), start + size, True
        self.cut += 1
        message = shortened(bytes(self._data[start : start + MAX_MESSAGE]))
        self._skip = size
        end = self._pass_over(start)
        return message, end, self._skip == 0

    def _line(self, at: int) -> Step:
        """The line at `at`."""
        end = self._data.find(b"\n", at)
        size = (end if end >= 0 else len(self._data)) - at
        behind = at + size + (end >= 0)
        if self._is_skipping_line:
            self._is_skipping_line = end < 0
            return None, behind, end >= 0
        if size > MAX_MESSAGE:
            self._is_skipping_line = end < 0
            self.cut += 1
            return shortened(bytes(self._data[at : at + MAX_MESSAGE])), behind, end >= 0
        if end < 0:
            return None, at, False
        return bytes(self._data[at:end]), behind, True
