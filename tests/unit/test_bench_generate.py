"""The benchmark's corpora: the same bytes everywhere, reserved addresses only."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bench import works
from bench.corpus import BLOCK_BYTES

from stockade.config import SHIPPED
from stockade.sources.track import MAX_CHUNK

GENERATOR = Path(__file__).resolve().parents[2] / "bench" / "generate.py"
RESERVED = [
    ipaddress.ip_network(text)
    for text in ("198.18.0.0/15", "100.64.0.0/10", "192.0.2.0/24", "203.0.113.0/24", "2001:db8::/32")
]
HASHES = {
    "attack": "79107dcabedc6ffcefcfa57d217b958cbd956e7e691f86dd8eb1e15be9da1f5a",
    "quiet": "ec0424fa3b80b9a20ebcf2bd2b6d119e3a54038be3343808d7b0a9b03ec3bb9a",
    "nginx": "5f4b0f82f2d6c75c8a8d0ad80a3a8eade73dc4bdd0ab3d72bba8b72f8c5e6ca5",
}


def generate(*arguments: str) -> bytes:
    """Runs the generator as `make bench` does."""
    return subprocess.run([sys.executable, str(GENERATOR), *arguments], capture_output=True, check=True).stdout


@pytest.mark.parametrize("kind", sorted(HASHES))
def test_the_same_arguments_give_the_same_bytes(kind: str) -> None:
    """A corpus is known by its hash: published figures can be measured again on the same input."""
    assert hashlib.sha256(generate(kind, "--lines", "1000")).hexdigest() == HASHES[kind]


@pytest.mark.parametrize("kind", sorted(HASHES))
def test_a_corpus_has_as_many_lines_as_asked_for(kind: str) -> None:
    """--lines counts lines, and the last one ends with a newline."""
    data = generate(kind, "--lines", "123")
    assert data.count(b"\n") == 123
    assert data.endswith(b"\n")


def test_every_address_is_reserved() -> None:
    """No figure of ours names somebody's real address."""
    text = generate("attack", "--lines", "2000", "--v6", "30").decode()
    found = re.findall(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|2001:[0-9a-f:]+)(?![\w.])", text)
    assert len(found) > 1000
    assert all(any(ipaddress.ip_address(ip) in network for network in RESERVED) for ip in found)


def test_quiet_is_mostly_not_about_ssh() -> None:
    """The quiet corpus is 95 % everyday lines: a scanner must be fast at saying no."""
    lines = generate("quiet", "--lines", "4000").splitlines()
    assert 0.03 < sum(b" sshd[" in line for line in lines) / len(lines) < 0.07


def test_nginx_has_something_for_every_kind_of_jail() -> None:
    """2 % of the requests are suspicious, and among them is each kind that filters for access logs look for."""
    lines = generate("nginx", "--lines", "20000").splitlines()
    kinds = (b'" 400 ', b" - admin [", b'" 403 ', b"/wp-login.php", b"=http://", b"Jorgee")
    found = {kind: sum(kind in line for line in lines) for kind in kinds}
    assert all(found.values()), found
    assert (
        0.015
        < sum(b"203.0.113." not in line[:11] and b"192.0.2." not in line[:8] for line in lines) / len(lines)
        < 0.025
    )


def test_blocks_are_what_the_reader_takes() -> None:
    """The benchmark hands over blocks of the size that the daemon's reader has."""
    assert BLOCK_BYTES == MAX_CHUNK


def test_our_tree_is_the_shipped_one() -> None:
    """The benchmark, which imports as little as possible, means the tree that the daemon reads."""
    assert works.SHIPPED == SHIPPED
