"""Tells one incarnation of a log file from the next: device, inode and a fingerprint of its first bytes.

In: what stat and the file's head say. Out: `Identity` and its text `device:inode:fingerprint`, as it stands in cursors.
The fingerprint is `<n>-<hash>`: n is 256 for a file of at least 256 bytes, else the length of the complete lines in it;
the hash covers the first n bytes. A log only grows, so it stays valid for ever; while n < 256 a longer one replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

HEAD_BYTES = 256
"""How much of a file's beginning is known and compared."""

_DIGEST_BYTES = 8
"""An identity is not a secret: 64 bits tell two logs on one inode apart."""


def fingerprint(head: bytes) -> str:
    """Makes the fingerprint of a file that begins with `head` (at most 256 bytes); `0-` when no line is complete."""
    covered = HEAD_BYTES if len(head) >= HEAD_BYTES else head.rfind(b"\n") + 1
    return f"{covered}-{_digest(head[:covered])}" if covered else "0-"


def is_fingerprint_of(text: str, head: bytes) -> bool:
    """Tells whether a file that now begins with `head` is the one `text` was made of; an empty one proves nothing."""
    digits, _, digest = text.partition("-")
    covered = int(digits) if len(digits) <= 3 and digits.isdecimal() else 0
    return 0 < covered <= len(head) and _digest(head[:covered]) == digest


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


@dataclass(frozen=True, slots=True)
class Identity:
    """One incarnation of a file. Device numbers may change at a reboot, so inode and fingerprint decide."""

    device: int
    inode: int
    fingerprint: str

    @classmethod
    def parse(cls, text: str) -> Identity | None:
        """Reads what `str` wrote; None for anything else (a damaged or foreign cursor)."""
        parts = text.split(":")
        if len(parts) != 3 or not all(part.isdecimal() and len(part) <= 20 for part in parts[:2]):
            return None
        return cls(int(parts[0]), int(parts[1]), parts[2])

    def __str__(self) -> str:
        return f"{self.device}:{self.inode}:{self.fingerprint}"
