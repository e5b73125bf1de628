"""Answer: what is known of a name."""

from __future__ import annotations

from dataclasses import dataclass

from stockade.model.clock import Monotonic


@dataclass(frozen=True, slots=True)
class Answer:
    """The addresses of `name` (as it was asked, letter by letter), canonical and sorted; none when it has none.

    Until `ttl_until` the same question gets the same answer without a look-up. `error` says why there is no fresh
    answer; with `is_last_good` the addresses are those of an earlier one.
    """

    name: str
    addresses: tuple[str, ...]
    ttl_until: Monotonic
    error: str = ""
    is_last_good: bool = False
