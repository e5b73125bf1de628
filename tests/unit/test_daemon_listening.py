"""Which ports this machine listens on."""

from __future__ import annotations

import socket
from pathlib import Path

from stockade.daemon.listening import listening_ports


def test_a_port_that_something_listens_on_is_found() -> None:
    """The kernel's own list, for IPv4; a connected port is no listening one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            found = listening_ports()
            assert port in found
            assert client.getsockname()[1] not in found


def test_lists_that_are_missing_or_odd_are_no_error(tmp_path: Path) -> None:
    """Where the kernel does not tell, nothing listens as far as is known."""
    odd = tmp_path / "tcp"
    odd.write_bytes(b"header\n\xff\n 0: 0100007F:ZZZZ 0:0 0A x\n 1: 0100007F:1F90 0:0 0A x\n 2: 0:0016 0:0 01 x\n")
    assert listening_ports((tmp_path / "none", odd)) == {8080}
