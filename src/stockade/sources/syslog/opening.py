"""Opens the socket of a listener's address, or says in a SourceError what stands in the way and what to do.

In: settings. Out: a bound, non-blocking socket. A socket file that nobody listens on any more is replaced; any other
file is never touched. Ports below 1024, owners of socket files and large buffers need rights that the daemon has at
its start only, so `listener` opens everything then.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import socket
import stat
from contextlib import suppress

from stockade.errors import SourceError
from stockade.model.settings import SyslogSettings
from stockade.sources.syslog.limits import BACKLOG, RECEIVE_BYTES

_SO_RCVBUFFORCE = 33
"""<asm-generic/socket.h>; Python has no name for it. Needs CAP_NET_ADMIN, and may go beyond net.core.rmem_max."""

STREAMS = ("unix-stream", "tcp", "tls")

_REMEDIES = {
    errno.EACCES: "ports below 1024 and closed directories can be opened at the start only: restart the daemon as root",
    errno.EADDRINUSE: "another program listens there: stop it, or choose another address",
    errno.EADDRNOTAVAIL: "this machine has no such address (yet); it is tried again",
    errno.ENOENT: "make the directory of the socket",
    errno.EPERM: "owner and group can be given to a socket at the start only: restart the daemon as root",
}


def opened(settings: SyslogSettings) -> socket.socket:
    """Opens the address; raises SourceError."""
    family = socket.AF_UNIX if settings.path else socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    is_stream = settings.kind in STREAMS
    made = socket.socket(family, socket.SOCK_STREAM if is_stream else socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        _prepare(made, is_stream=is_stream)
        if settings.path:
            _bind_path(made, settings)
        else:
            made.bind((settings.host, settings.port))
        if is_stream:
            made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise _refusal(settings, error) from error
    except SourceError:
        made.close()
        raise
    return made


def _prepare(made: socket.socket, *, is_stream: bool) -> None:
    if made.family == socket.AF_INET6:  # `0.0.0.0` and `::` are two addresses, whatever the machine's default is
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if is_stream:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BYTES)
    except OSError:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)


def _bind_path(made: socket.socket, settings: SyslogSettings) -> None:
    """Makes the socket file. It has its mode from its first moment: there is no name to be changed under our hands."""
    owner, group = _number(settings.owner, "user"), _number(settings.group, "group")
    _remove_stale(made, settings.path)
    before = os.umask(0o777 & ~settings.mode)
    try:
        made.bind(settings.path)
    finally:
        os.umask(before)
    if (owner, group) != (-1, -1):
        os.chown(settings.path, owner, group, follow_symlinks=False)


def _remove_stale(made: socket.socket, path: str) -> None:
    """Removes the socket file of a listener that is gone: nobody answers on it."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise SourceError(f"{path} is there and is no socket", "choose another path, or move the file away")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, made.type) as probe:
        probe.setblocking(False)
        found = probe.connect_ex(path)
    if found == errno.ECONNREFUSED:
        os.unlink(path)
    else:  # it is alive, or of the other kind
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _number(name: str, what: str) -> int:
    """The number of a user or group; -1, which leaves it as it is, for none."""
    if not name or name.isdecimal():
        return int(name or -1)
    try:
        return pwd.getpwnam(name).pw_uid if what == "user" else grp.getgrnam(name).gr_gid
    except KeyError:
        raise SourceError(f"there is no {what} {name!r}", f"add the {what}, or correct the backend") from None


def _refusal(settings: SyslogSettings, error: OSError) -> SourceError:
    remedy = _REMEDIES.get(error.errno or 0, "correct `listen` of the syslog backend; it is tried again")
    return SourceError(f"cannot listen on {settings.address}: {error.strerror}", remedy)


def removed(settings: SyslogSettings, inode: int) -> None:
    """Removes our own socket file, where the daemon may; a stale one is replaced at the next start."""
    with suppress(OSError):
        if inode and os.lstat(settings.path).st_ino == inode:
            os.unlink(settings.path)
