"""Ignore rules of one jail: `ignoreip` (addresses, networks, names, files of them, other identifiers), `ignoreself`.

Owns which identifiers are never counted. Answers with the rule that applies, so that `why` can say it. Names match
through the addresses that `Resolved` brings; until then, and when resolving fails, the last known addresses count. The
same holds for files: their content comes as an event, and the last good one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stockade.core.addresses import AddressSet, overlap

MAX_REMEMBERED = 65_536
"""Verdicts kept per jail. At the bound all are forgotten and found again when asked."""

FILE = "file:"
IGNOREIP = "ignoreip "
IGNORESELF = "ignoreself"
IGNORECOMMAND = "ignorecommand"


class IgnoreRules:
    """Tells which rule, if any, exempts an identifier."""

    def __init__(self, entries: Iterable[str], *, is_ignoreself: bool) -> None:
        entries = tuple(entries)
        self._entries = AddressSet(entry for entry in entries if not entry.startswith(FILE))
        self._files = {entry: AddressSet(()) for entry in entries if entry.startswith(FILE)}
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._is_ignoreself = is_ignoreself
        self._own: frozenset[str] = frozenset()
        self._own_names: tuple[str, ...] = ()
        self._remembered: dict[str, str] = {}

    @property
    def names(self) -> frozenset[str]:
        """Host names among the entries, the files' and this machine's; the owner has them resolved again and again."""
        listed = {name for one in (self._entries, *self._files.values()) for name in one.names}
        return frozenset(listed.union(self._own_names if self._is_ignoreself else ()))

    def learn(self, name: str, addresses: tuple[str, ...]) -> None:
        """Takes the addresses of a name; an empty answer keeps the last good one."""
        if addresses and self._addresses.get(name) != addresses and name in self.names:
            self._addresses[name] = addresses
            self._remembered.clear()

    def learn_own(self, addresses: frozenset[str], names: Sequence[str] = ()) -> None:
        """Takes this machine's own addresses and names."""
        if addresses != self._own or tuple(names) != self._own_names:
            self._own = addresses
            self._own_names = tuple(names)
            self._remembered.clear()

    def learn_file(self, entry: str, content: Iterable[str]) -> None:
        """Takes the content of a `file:` entry; of one that is not ours, nothing."""
        if entry in self._files:
            self._files[entry] = AddressSet(content)
            self._remembered.clear()

    def take_over(self, before: IgnoreRules) -> None:
        """Keeps what the rules of an earlier configuration have learnt, as far as it still concerns these."""
        self._own, self._own_names = before._own, before._own_names
        self._files = {entry: before._files.get(entry, known) for entry, known in self._files.items()}
        self._addresses = {name: before._addresses[name] for name in self.names & before._addresses.keys()}

    def rule_for(self, identifier: str) -> str:
        """The rule that exempts an identifier, as the operator wrote it; "" when none does."""
        rule = self._remembered.get(identifier)
        if rule is None:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            rule = self._remembered[identifier] = self.find(identifier)
        return rule

    def find(self, identifier: str) -> str:
        """The same, without remembering it."""
        if self._is_ignoreself and (overlap(identifier, self._own) or self._has_name(identifier, self._own_names)):
            return IGNORESELF
        entry = self._entries.find(identifier) or self._has_name(identifier, self._entries.names)
        if entry:
            return IGNOREIP + entry
        for file, entries in self._files.items():
            if entries.find(identifier) or self._has_name(identifier, entries.names):
                return IGNOREIP + file
        return ""

    def _has_name(self, identifier: str, names: Iterable[str]) -> str:
        """The first of the names that has this address (or one inside this network); "" for none."""
        if self._addresses:
            for name in names:
                if overlap(identifier, self._addresses.get(name, ())):
                    return name
        return ""
