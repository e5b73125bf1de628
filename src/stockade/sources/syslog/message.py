"""Makes a time and a line of one syslog message, as a syslog daemon would have written it to a file, without the date.

In: the bytes of a message, the time of arrival, the sender. Out: `host ident[pid]: text` and seconds since 1970: the
message's own time where it has one, else that of its arrival. Reads RFC 5424, RFC 3164 and what is sent in its name
(no priority, no date, no host, ISO dates). Every message gives a line: none can make it fail.
"""

from __future__ import annotations

import re

from stockade.model.clock import Wall
from stockade.sources.syslog.dates import Dates
from stockade.sources.syslog.limits import MAX_MESSAGE

_PRIORITY = rb"(?:<[0-9]{1,3}>)?"
_DAY = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
_BSD = rb"[A-Z][a-z]{2} [ 0-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?"

_RFC5424 = re.compile(
    rb"<[0-9]{1,3}>1 (-|" + _DAY + rb") ([^ ]{1,255}) ([^ ]{1,48}) ([^ ]{1,128}) [^ ]{1,32}(?: |$)", re.DOTALL
)
"""RFC 5424, section 6: version, time, host, application, process; behind them the message id."""

_STRUCTURED = re.compile(
    rb'(?:-|(?:\[[^ =\]"]{1,32}+(?: [^ =\]"]{1,32}+="[^"\\]*+(?:\\.[^"\\]*+)*+")*+\])++)(?: |$)', re.DOTALL
)
"""RFC 5424, section 6.3: structured data. Possessive throughout, so the time is proportional to the length."""

_RFC3164 = re.compile(_PRIORITY + rb"(?:(" + _BSD + rb"|" + _DAY + rb")[: ] ?)?")
"""RFC 3164, section 4.1, as it is met: priority and date are both optional."""

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_ESCAPES = [(bytes([code]), b"#%03o" % code) for code in (*range(9), *range(10, 32), 127)]
"""Control characters as syslog daemons write them to files: no message makes two lines."""

_MARK = b"\xef\xbb\xbf"
_NIL = b"-"
_HALF_WORD = 256
"""How far back the beginning of a cut word is looked for. Of a longer word so much is dropped: more than an address."""


class Messages:
    """Reads messages; `dates` knows zone and year."""

    def __init__(self, dates: Dates) -> None:
        self._dates = dates

    def entry(self, data: bytes, sender: bytes, now: Wall) -> tuple[float, bytes] | None:
        """Gives time and line of a message that arrived `now` from `sender`, whose name stands in where the message
        names no host; None for an empty one."""
        data = data.rstrip(b"\r\n\0")
        found = _RFC5424.match(data)
        if found is not None:
            time, line = self._modern(found, data, sender, now)
        else:
            time, line = self._traditional(data, sender, now)
        if not line:
            return None
        if _CONTROL.search(line):
            line = _escaped(line)
        return now if time is None else time, line

    def _modern(self, found: re.Match[bytes], data: bytes, sender: bytes, now: Wall) -> tuple[float | None, bytes]:
        date, host, name, process = found.groups()
        behind = _STRUCTURED.match(data, found.end())
        # rsyslog's texts begin with the blank that stood behind the tag; one blank is there in any case.
        text = data[behind.end() if behind else found.end() :].removeprefix(_MARK).removeprefix(b" ")
        tag = name + (b"" if process == _NIL else b"[" + process + b"]") + b": "
        line = (sender if host == _NIL else host) + b" " + (b"" if name == _NIL else tag) + text
        return self._dates.seconds(date, now), line

    def _traditional(self, data: bytes, sender: bytes, now: Wall) -> tuple[float | None, bytes]:
        found = _RFC3164.match(data)
        date, text = (found[1], data[found.end() :]) if found else (None, data)
        if not text:
            return None, b""
        has_host = date is not None and _begins_with_host(text)
        return self._dates.seconds(date, now) if date else None, text if has_host else sender + b" " + text


def _begins_with_host(text: bytes) -> bool:
    """Tells whether the first word is a host, and not a tag (`name:`, `name[pid]:`), of which programs that write to a
    local socket send only this."""
    word, blank, _ = text.partition(b" ")
    return bool(blank) and not word.endswith(b":") and b"[" not in word


def _escaped(line: bytes) -> bytes:
    """The line without control characters. Thirty-two passes are faster than a call for each of many characters."""
    for character, shown in _ESCAPES:
        line = line.replace(character, shown)
    return line


def shortened(data: bytes) -> bytes:
    """The beginning of a message that is too long, without the word that crosses the bound."""
    kept = data[:MAX_MESSAGE]
    blank = kept.rfind(b" ", MAX_MESSAGE - _HALF_WORD)
    return kept[: blank if blank >= 0 else MAX_MESSAGE - _HALF_WORD]
