"""Knows which file systems change without telling inotify: network mounts and FUSE.

In: the text of /proc/self/mountinfo (format: proc(5)). Out: device numbers whose files must be polled.
"""

from __future__ import annotations

import os
from contextlib import suppress

_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "gfs2", "lustre", "ocfs2"}
    | {"virtiofs", "vboxsf", "orangefs", "ncpfs", "prl_fs"}
)

MAX_MOUNTINFO = 4 * 1024 * 1024
"""Bytes of mountinfo that are looked at; mounts beyond are taken for local ones."""


def polled_devices(mountinfo: str) -> frozenset[int]:
    """Device numbers of the mounts on which inotify does not see the writes of others."""
    devices = set()
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, kind = before.split(), after.partition(" ")[0]
        if not separator or len(fields) < 3 or not (kind in _REMOTE or kind.startswith("fuse")):
            continue
        major, _, minor = fields[2].partition(":")
        if major.isdecimal() and minor.isdecimal():
            devices.add(os.makedev(int(major), int(minor)))
    return frozenset(devices)


def present_polled_devices() -> frozenset[int]:
    """`polled_devices` of this machine as it is now; empty without /proc."""
    with suppress(OSError), open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return polled_devices(file.read(MAX_MOUNTINFO))
    return frozenset()
