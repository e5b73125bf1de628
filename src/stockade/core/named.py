"""Named: failures of a host name, once its addresses are known; one for each address."""

from __future__ import annotations

from collections.abc import Sequence

from stockade.model.failure import Failure, Listed


class Named(Listed):
    """Failures of a host name, once for each of its addresses."""

    def __init__(self, pairs: Sequence[tuple[Failure, str]]) -> None:
        super().__init__([address for _, address in pairs])
        self._pairs = pairs

    def failure(self, index: int, /) -> Failure:
        """See `Found`."""
        return _AtAddress(*self._pairs[index])


class _AtAddress:
    """A failure whose host name turned out to be this address."""

    __slots__ = ("_failure", "id")

    ip = ""
    is_name = False

    def __init__(self, failure: Failure, address: str) -> None:
        self._failure = failure
        self.id = address

    @property
    def time(self) -> float:
        return self._failure.time

    @property
    def rule(self) -> int:
        return self._failure.rule

    @property
    def fields(self) -> dict[str, str]:
        return self._failure.fields

    @property
    def matches(self) -> list[str]:
        return self._failure.matches
