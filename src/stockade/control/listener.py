"""Listener: makes the daemon's Unix socket, safely beside stale files and other daemons.

In: a path, a group and a mode; out: a listening, non-blocking socket that is removed on close. Refuses to take the
place of a live daemon or of a file that is not a socket. Must not read requests.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import struct
from pathlib import Path
from typing import NoReturn

from stockade.errors import HostError, RightsError

BACKLOG = 64
"""Connections the kernel queues for us; beyond it `connect` of a client fails with EAGAIN and the client says so."""
MAX_PATH = 107
"""Bytes of a socket's path on Linux (`sun_path` without its NUL)."""

_PEERCRED = struct.Struct("iII")


class Listener:
    """Owns the listening socket, its file and the lock file beside it (`<path>.lock`, which holds our pid)."""

    def __init__(self, path: Path, group: int | None = None, mode: int = 0o660) -> None:
        """Starts to listen; `group` is a gid. Raises HostError when another daemon runs or the host refuses."""
        self.path = path
        _check_path(path)
        try:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._lock = _take_lock(path)
        except OSError as error:
            _refuse(path, error)
        try:
            _remove_stale(path)
            self.socket = _listen(path, group, mode)
        except OSError as error:
            os.close(self._lock)
            _refuse(path, error)
        except HostError:
            os.close(self._lock)
            raise
        self._inode = path.stat().st_ino

    def close(self) -> None:
        """Stops listening and removes the socket's file if it is still ours; idempotent."""
        if self._lock < 0:
            return
        self.socket.close()
        try:
            if self.path.stat().st_ino == self._inode:
                self.path.unlink()
        except OSError:
            pass  # rights were dropped or the directory is gone: the next start clears a stale socket itself
        os.close(self._lock)
        self._lock = -1


def peer_credentials(connection: socket.socket) -> tuple[int, int]:
    """Gives (uid, pid) of the process at the other end, as the kernel saw it when the connection was made."""
    pid, uid, _ = _PEERCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size))
    return uid, pid


def _check_path(path: Path) -> None:
    if len(os.fsencode(path)) > MAX_PATH:
        raise HostError(
            f"the socket path {str(path)!r} is longer than {MAX_PATH} bytes", "choose a shorter one with --socket"
        )


def _take_lock(path: Path) -> int:
    """Holds a lock as long as the daemon lives, so that two starting together cannot both find the socket stale.

    Mode 0600: nobody else can hold it and keep us from starting.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = os.open(path.with_name(path.name + ".lock"), flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(lock, 20).strip().decode("ascii", "replace")
        os.close(lock)
        _refuse_second(path, pid)
    os.truncate(lock, 0)
    os.write(lock, b"%d\n" % os.getpid())
    return lock


def _remove_stale(path: Path) -> None:
    """Removes what a dead daemon left; raises HostError when something alive or foreign is there."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise HostError(f"{path} exists and is not a socket", "move it away or choose another path with --socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        refusal = probe.connect_ex(str(path))
        if refusal in (0, errno.EAGAIN):
            _refuse_second(path, str(peer_credentials(probe)[1]) if refusal == 0 else "")
    path.unlink()


def _listen(path: Path, group: int | None, mode: int) -> socket.socket:
    """Binds under a closed umask: the file is never more open than `mode`, not even for a moment."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        umask = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(umask)
        if group is not None:
            os.chown(path, -1, group)
        path.chmod(mode)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _refuse_second(path: Path, pid: str) -> NoReturn:
    shown = f", pid {pid}" if pid else ""
    raise HostError(
        f"stockade is already running (it holds {path}{shown})", "stop it first, or give this one another --socket"
    )


def _refuse(path: Path, error: OSError) -> NoReturn:
    reason = error.strerror or str(error)
    if isinstance(error, PermissionError):
        raise RightsError(
            f"cannot make the control socket {path}: {reason}", "start as root, or choose a path with --socket"
        ) from error
    raise HostError(f"cannot make the control socket {path}: {reason}", "make its directory writable") from error
