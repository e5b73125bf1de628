"""Owns which entries are wanted: the matches as configured, every name of sshd, and whether they find anything at all.

In: `JournalSettings`, an open journal. Out: matches set, and what an operator should know about them: a match that has
never found an entry, and by what name the service really logs. Moves the reader only in `apply`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from stockade.errors import SourceError
from stockade.model.settings import JournalSettings
from stockade.sources.journal_names import MAX_NAMES, similar, widened
from stockade.sources.libsystemd import Handle

MAX_COMPARED = 8
"""Matches for which similar names are looked for; of more, the first ones."""

_MATCH = re.compile(r"[A-Z0-9_]{1,64}=.*", re.DOTALL)


class Wanted:
    """The matches of one reader; raises SourceError for one that is malformed."""

    def __init__(self, settings: JournalSettings) -> None:
        for match in (match for group in settings.matches for match in group):
            _check(match)
        self._configured = settings.matches
        self._groups = widened(settings.matches)
        self._alike: tuple[str, ...] = ()
        self.is_found = not self._groups
        """Whether an entry was ever found; True without matches."""

    def apply(self, handle: Handle) -> None:
        """Sets the matches and looks whether the journal holds any such entry; leaves the reader anywhere."""
        for number, group in enumerate(self._groups):
            if number:
                handle.call("sd_journal_add_disjunction")
            for match in group:
                data = match.encode("utf-8", "surrogateescape")
                handle.call("sd_journal_add_match", data, len(data))
        if not self.is_found:
            handle.call("sd_journal_seek_head")
            self.is_found = handle.next()

    def compare(self, newest: Handle) -> None:
        """Looks in the newest files for names that the matches may have meant."""
        found: dict[str, None] = {}
        for match in islice((match for group in self._configured for match in group), MAX_COMPARED):
            field = match.partition("=")[0]
            values = (value.decode("utf-8", "replace") for value in newest.values(field, MAX_NAMES))
            found |= dict.fromkeys(f"{field}={value}" for value in similar(match, values))
        self._alike = tuple(found)

    def mistake(self) -> SourceError | None:
        """Says that nothing was ever found although a service of a similar name logs; None otherwise."""
        if self.is_found or not self._alike:
            return None
        return SourceError(
            f"no entry of the journal has ever matched {_text(self._configured)}",
            f"set journalmatch to what does log: {' or '.join(self._alike)}",
        )

    def remarks(self) -> Iterator[str]:
        """What is worth knowing while all is well."""
        if not self.is_found:
            yield "no such entry yet → if its service has logged, compare journalmatch with journalctl -o verbose"
        if self._groups != self._configured:
            yield "journalmatch has only some of sshd's names; it is read under all of them"


def _check(match: str) -> None:
    if not _MATCH.fullmatch(match):
        raise SourceError(
            f"journalmatch {match!r} is not of the form FIELD=value",
            "write for example _SYSTEMD_UNIT=sshd.service, with the field in capitals",
        )


def _text(groups: tuple[tuple[str, ...], ...]) -> str:
    return " + ".join(" ".join(group) for group in groups)
