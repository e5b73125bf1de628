"""Failures as the core takes them, where Python holds them itself."""

from __future__ import annotations

from stockade.model.failure import Listed


def test_others_are_not_known() -> None:
    """The identifiers outside a container are told by their indexes, in order."""
    listed = Listed(["a", "b", "a", "c"])
    assert (len(listed), listed.others({"a"}), listed.others({"b": 1, "c": 2}), listed.others(())) == (
        4,
        [1, 3],
        [0, 2],
        [0, 1, 2, 3],
    )
