"""docs/sources.md says of the syslog listeners what is so."""

from __future__ import annotations

import re
from pathlib import Path

from stockade.config.syslog import ARGUMENTS, PORTS, SPOOFABLE
from stockade.sources.syslog import limits

_, PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text().split("## Syslog over sockets", 1)
PAGE = PAGE.split("\n## ", 1)[0]


def row(what: str) -> str:
    """The line of a table that begins with `what`."""
    (found,) = re.findall(rf"^\| {re.escape(what)} \|.*$", PAGE, re.MULTILINE)
    return found


def test_the_bounds_are_those_of_the_code() -> None:
    """Every number in the table of bounds is the constant's."""
    for what, *numbers in (
        ("one message", f"{limits.MAX_MESSAGE // 1024} KiB"),
        ("announced length of a frame", f"{limits.MAX_FRAME // 1024**2} MiB"),
        (
            "one reading",
            f"{limits.MAX_MESSAGES} messages, {limits.MAX_BYTES // 1024} KiB",
            f"{limits.RECEIVE_BYTES // 1024**2} MiB",
        ),
        (
            "connections",
            f"{limits.MAX_CONNECTIONS} for each listener, {limits.MAX_PER_SENDER} for each sender",
            f"{limits.SPARE_SECONDS / 60:g} minutes",
            f"{limits.FRAME_SECONDS:g} seconds",
        ),
        ("a message that has begun", f"{limits.FRAME_SECONDS:g} seconds"),
        ("a TLS handshake", f"{limits.HANDSHAKE_SECONDS:g} seconds, {limits.MAX_HANDSHAKES} steps"),
    ):
        for number in numbers:
            assert number in row(what), what
    assert f"every {limits.RETRY_SECONDS:g} seconds" in PAGE


def test_every_argument_is_explained() -> None:
    """The page names each argument, the ports without a number, and the words of `spoofable`."""
    first_cells = " ".join(re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE))
    assert [argument for argument in ARGUMENTS if f"`{argument}`" not in first_cells] == []
    assert f"{PORTS['udp']}, for `tls` {PORTS['tls']}" in PAGE
    assert all(f"spoofable = {word}" in PAGE for word in SPOOFABLE)
