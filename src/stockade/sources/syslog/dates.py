"""The dates of syslog messages: RFC 3339, and RFC 3164's without year and zone.

In: the bytes of a date, the time of arrival, the machine's zone. Out: seconds since 1970, or None for a date that does
not exist. Year and zone follow the rules for dates in files (§3.9 of the dialect).
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from stockade.model.clock import Seconds, Wall

_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_AHEAD: Seconds = 86_400.0
"""A date without a year that would lie further ahead than this is last year's."""


class Dates:
    """Reads dates; remembers the last one, because the messages of one second say the same."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._last: tuple[bytes, float | None] = (b"", None)

    def seconds(self, text: bytes, now: Wall) -> float | None:
        """Reads one date that a message of the time `now` carries."""
        known, seconds = self._last
        if text != known:
            seconds = self._read(text, now)
            self._last = text, seconds
        return seconds

    def _read(self, text: bytes, now: Wall) -> float | None:
        try:
            if text[:1].isdigit():
                return self._iso(text.decode("ascii"))
            return self._bsd(text, now)
        except (ValueError, OverflowError, KeyError, OSError):
            return None

    def _iso(self, text: str) -> float:
        """RFC 3339, section 5.6; without an offset it is this machine's time."""
        moment = datetime.fromisoformat(text.replace(",", ".").upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).timestamp()

    def _bsd(self, text: bytes, now: Wall) -> float:
        """`Mmm dd hh:mm:ss`, RFC 3164, section 4.1.2."""
        month, day = _MONTHS[text[:3]], int(text[4:6])
        hour, minute, second = int(text[7:9]), int(text[10:12]), int(text[13:15])
        year = datetime.fromtimestamp(now, UTC).astimezone(self._zone).year
        try:
            seconds = datetime(year, month, day, hour, minute, second, tzinfo=self._zone).timestamp()
        except ValueError:  # 29 February, read in the year after
            seconds = now + 2 * _AHEAD
        if seconds - now <= _AHEAD:
            return seconds
        return datetime(year - 1, month, day, hour, minute, second, tzinfo=self._zone).timestamp()
