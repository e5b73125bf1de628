"""Fixtures for tests against the real kernel: private network namespaces."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.namespaces import Namespace, Pair, joined, missing_part


@pytest.fixture(scope="session")
def has_namespaces() -> None:
    """Skips the test, with the reason, where network namespaces cannot be made."""
    reason = missing_part()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def _no_mans_land() -> Iterator[Namespace | None]:
    if missing_part():
        yield None
        return
    with Namespace() as namespace:
        yield namespace


@pytest.fixture
def away_from_host(_no_mans_land: Namespace | None) -> Iterator[None]:
    """Keeps the test itself in an empty namespace, so that no mistake of its can reach the machine's own firewall.

    Use it in every module that blocks: `pytestmark = pytest.mark.usefixtures("away_from_host")`. Without the right to
    make namespaces there is none to block either.
    """
    if _no_mans_land is None:
        yield
        return
    with _no_mans_land.enter():
        yield


@pytest.fixture
def lone_netns(has_namespaces: None) -> Iterator[Namespace]:
    """One namespace with nothing but `lo`."""
    with Namespace() as namespace:
        yield namespace


@pytest.fixture
def netns(has_namespaces: None) -> Iterator[Pair]:
    """Two namespaces joined by a cable."""
    with joined() as pair:
        yield pair


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the daemon's unprivileged user can enter; pytest's own are closed to everyone but root."""
    with tempfile.TemporaryDirectory(prefix="stockade-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
