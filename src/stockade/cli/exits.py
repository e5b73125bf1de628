"""Exit statuses of every command: one table, shown by `stockade --help` and held to `errors.py` by a test."""

from __future__ import annotations

DONE = 0
NO = 1
"""The command worked and the answer is no: not protected, mistakes found, not banned."""
UNREAD = 3
"""A log could not be read to its end; the same status as any HostError."""
UNEXPECTED = 70
INTERRUPTED = 130
BROKEN_PIPE = 141

TABLE: tuple[tuple[int, str], ...] = (
    (DONE, "done, and the answer is yes: protected, banned, no mistakes"),
    (NO, "the answer is no: not protected, not banned, mistakes found"),
    (2, "wrong usage"),
    (3, "this machine lacks something (firewall, disk, rights, a log)"),
    (4, "no daemon answers, or it refused"),
    (UNEXPECTED, "a bug: please report it"),
)
