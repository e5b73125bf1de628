"""Cursor: how far a source has been read. Committed together with the decisions that depend on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cursor:
    """Position in one source.

    `source` names it (`file:/var/log/auth.log`, `journal:…`). `identity` tells one incarnation from the next (for files
    `device:inode:fingerprint`). `position` is the byte offset of the first byte not yet consumed (files, stdin). `mark`
    is the source's own text: the journal's cursor, or the rotated-away files that may still grow.
    """

    source: str
    identity: str = ""
    position: int = 0
    mark: str = ""
