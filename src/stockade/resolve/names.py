"""Which texts may be asked as host names. In: text from logs and configuration. Out: why not, or nothing."""

from __future__ import annotations

import re

MAX_NAME = 253
"""Characters of a whole name without its final dot (RFC 1035 §2.3.4). A longer one is never asked."""

# Underscores are no part of a host name by RFC 952, but resolvers accept them and reverse zones are full of them.
_LABELS = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?", re.ASCII)

# `getaddrinfo` takes "1", "0x7f.1" and "127.1" for addresses: text of a log must not reach that.
_NUMBER = re.compile(r"(?:\d+|0[xX][0-9A-Fa-f]*)", re.ASCII)


def refusal(name: str) -> str:
    """Says why `name` must not be asked; "" when it may."""
    if not name or len(name.removesuffix(".")) > MAX_NAME:
        return "a host name has 1 to 253 characters"
    if not _LABELS.fullmatch(name):
        return "not a host name (letters, digits, hyphens and underscores in labels of 1 to 63)"
    if _NUMBER.fullmatch(name.removesuffix(".").rpartition(".")[2]):
        return "a host name does not end in a number"
    return ""
