"""Real journal files for tests, written by systemd-journal-remote from its export format."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from stockade.errors import SourceError
from stockade.sources.libsystemd import Library

REMOTE = "/lib/systemd/systemd-journal-remote"
START = 1_767_573_101.0
HEADERS = {
    "_BOOT_ID": "0123456789abcdef0123456789abcdef",
    "_MACHINE_ID": "0123456789abcdef0123456789abcdee",
    "_HOSTNAME": "web1",
    "_COMM": "sshd",
    "_SYSTEMD_UNIT": "ssh.service",
}


def is_missing() -> str:
    """Says what this host lacks; \"\" when nothing."""
    if not os.access(REMOTE, os.X_OK):
        return "needs systemd-journal-remote"
    try:
        Library()
    except SourceError as error:
        return str(error)
    return ""


def exported(second: float, message: str | bytes, *, repeated: bytes = b"", **fields: str) -> bytes:
    """One entry in the journal's export format; `repeated` are further lines of it."""
    data = message if isinstance(message, bytes) else message.encode()
    times = {"__REALTIME_TIMESTAMP": int((START + second) * 1e6), "__MONOTONIC_TIMESTAMP": int(second * 1e6)}
    lines = [f"{name}={value}\n".encode() for name, value in {**times, **HEADERS, **fields}.items() if value != ""]
    return b"".join(lines) + repeated + b"MESSAGE\n" + len(data).to_bytes(8, "little") + data + b"\n\n"


def write(path: Path, *entries: bytes) -> None:
    """Appends entries to a journal file."""
    path.parent.mkdir(exist_ok=True, parents=True)
    command = [REMOTE, "-o", str(path), "-"]
    subprocess.run(command, input=b"".join(entries), check=True, capture_output=True, timeout=30)
