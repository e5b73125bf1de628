"""What is known of one container, and whether it is wanted.

In: what an engine's files say of it. Out: a value, and a verdict by name and labels. Reads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from stockade.model.settings import ContainerSettings


@dataclass(frozen=True, slots=True)
class Container:
    """One container. `log_path` is its log file; "" where its lines go to the journal. `foreign_driver` is the name of
    a log driver that leaves nothing to read on this machine."""

    id: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    log_path: str = ""
    foreign_driver: str = ""

    def is_wanted(self, settings: ContainerSettings) -> bool:
        """Tells whether one of the names and every label is met; what is not asked for is met."""
        is_named = not settings.names or any(fnmatchcase(self.name, pattern) for pattern in settings.names)
        return is_named and all(self._has(label) for label in settings.labels)

    def _has(self, label: str) -> bool:
        key, sign, pattern = label.partition("=")
        value = self.labels.get(key)
        return value is not None and (not sign or fnmatchcase(value, pattern))
