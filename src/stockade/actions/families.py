"""Families: which variant of a property an address family uses, and which families an action starts for.

In: an action's properties (`x`, `x?family=inet6`). Out: texts and names of families. "" is the family of everything
that is no address. Nothing is substituted here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

INET4 = "inet4"
INET6 = "inet6"
NO_FAMILY = ""
FAMILIES = (NO_FAMILY, INET4, INET6)
"""Every family a command is rendered for."""

_MARK = "?family="


def family_of(id: str) -> str:  # noqa: A002 -- the operator's word
    """The family of an address or network, "" for any other text."""
    try:
        return INET4 if ipaddress.ip_network(id, strict=False).version == 4 else INET6
    except ValueError:
        return NO_FAMILY


def look_up(properties: Mapping[str, str], option: str, family: str) -> str | None:
    """A property as `family` sees it: its own variant first, then the plain one; None where there is neither."""
    if family and (own := properties.get(f"{option}{_MARK}{family}")) is not None:
        return own
    return properties.get(option)


def has_variants(properties: Mapping[str, str]) -> bool:
    """Tells whether any property differs by family; such an action starts on demand unless it says otherwise."""
    return any(_MARK in option for option in properties)


def named_families(properties: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The families listed in the property `families`: those there are, and the words that are none."""
    words = re.split(r"[\s,]+", properties.get("families", "").strip())
    families = [word for word in words if word in {INET4, INET6}]
    return families, [word for word in words if word and word not in families]


def families_at_start(properties: Mapping[str, str], is_ipv6_allowed: bool) -> tuple[str, ...]:
    """Whom an action that does not wait for its first ban starts for.

    The listed `families`; else both, IPv6 only where it is allowed, if any property has variants; else a single run
    for no family in particular.
    """
    named, _ = named_families(properties)
    if named:
        return tuple(dict.fromkeys(named))
    if not has_variants(properties):
        return (NO_FAMILY,)
    return (INET4, INET6) if is_ipv6_allowed else (INET4,)
