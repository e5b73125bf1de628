"""One enforcer at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stockade.enforce.turn import NAME, wait_for_turn
from stockade.errors import HostError


def test_the_next_enforcer_waits_for_the_last(tmp_path: Path) -> None:
    """Whoever holds a copy of the descriptor holds the lock, so an enforcer that outlives its daemon does."""
    turn = wait_for_turn(tmp_path / "state")
    copy = os.dup(turn)
    os.close(turn)
    with pytest.raises(HostError, match="another enforcer is at work"):
        wait_for_turn(tmp_path / "state", seconds=0.05)
    os.close(copy)
    os.close(wait_for_turn(tmp_path / "state", seconds=0.05))


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    """The lock is taken as root in a directory of an unprivileged user."""
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HostError, match="cannot use the state directory"):
        wait_for_turn(tmp_path)
    assert not (tmp_path / "elsewhere").exists()
