"""Rights: who the two processes run as, giving up everything else for good, and proof that it is gone.

In: an identity, the capabilities to keep, the groups that can read the logs. Out: `Rights`, or RightsError: a right
that should be gone and is not is fatal, unless the operator named it with `--insecure`. Must run before threads start:
the kernel changes the rights of one thread only.
"""

from __future__ import annotations

import grp
import os
import pwd
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stockade import capabilities
from stockade.capabilities import ProcessState
from stockade.errors import RightsError

DAEMON: Final = "stockade"
ENFORCER: Final = "stockade-enforcer"
"""Names of the users that are taken if they exist, and the seeds of the numbers that are taken otherwise."""

INSECURE: Final = frozenset({"user", "capabilities", "no-new-privileges", "dumpable"})
"""What `--insecure` may name: a right that need not be given up. `user` includes the groups."""

LOG_GROUPS: Final = ("adm", "systemd-journal")
"""Groups that may read logs on most distributions."""

_FIRST, _LAST = 61184, 65519
"""The range that systemd sets aside for users without an entry (DynamicUser=)."""

_DYNAMIC: Final = Path("/run/systemd/dynamic-uid")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and its group; `name` is empty for numbers without an entry."""

    uid: int
    gid: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a process is left with. `insecure` names what was not given up although it should have been."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    capabilities: tuple[str, ...]
    insecure: tuple[str, ...] = ()


def identity_for(role: str) -> Identity:
    """Finds the unprivileged user for a role (`DAEMON` or `ENFORCER`): the user of that name, or private numbers.

    The numbers depend on the role alone, so that files keep their owner over restarts, unless somebody else uses them;
    the two roles never share one.
    """
    try:
        entry = pwd.getpwnam(role)
    except KeyError:
        return _private(role, taken=_private(DAEMON).uid if role != DAEMON else None)
    if entry.pw_uid == 0:
        raise RightsError(f"the user {role!r} is root", f"give {role!r} a number of its own, or remove the entry")
    return Identity(entry.pw_uid, entry.pw_gid, role)


def reading_groups(paths: Iterable[str]) -> tuple[int, ...]:
    """Lists the groups that help to read these files: the usual ones, and each file's own if that may read.

    Never root's: it opens far more than logs.
    """
    found = set(_usual_groups())
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:  # not there yet, or not for us: the source reports it
            continue
        if status.st_mode & 0o040:
            found.add(status.st_gid)
    return tuple(sorted(found - {0}))


def unreadable(paths: Iterable[str], identity: Identity, groups: Iterable[int]) -> list[str]:
    """Tries, in a short-lived child, which existing files an identity cannot open with these groups.

    The kernel decides, so access lists and directories count. Needs root; other callers get [] and must try themselves.
    """
    existing = [path for path in paths if os.path.exists(path)]
    if not existing or os.geteuid() != 0:
        return []
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _report_unreadable(existing, identity, tuple(groups), writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        flags = pipe.read()
    os.waitpid(child, 0)
    return [path for index, path in enumerate(existing) if flags[index : index + 1] != b"r"]


def require_net_admin() -> None:
    """Raises RightsError, with the remedy, if this process could not change the firewall."""
    if not capabilities.has("CAP_NET_ADMIN"):
        raise RightsError(
            f"user {os.geteuid()} cannot block anybody: CAP_NET_ADMIN is missing",
            "start as root, set AmbientCapabilities=CAP_NET_ADMIN in the service unit, or look on with --dry-run",
        )


def drop(
    identity: Identity,
    *,
    groups: Iterable[int] = (),
    keep: Iterable[str] = (),
    insecure: frozenset[str] = frozenset(),
) -> Rights:
    """Gives up everything but the capabilities in `keep`, for good, and proves it; RightsError otherwise.

    Started as root, the process becomes `identity` with `groups`. Started as anybody else without CAP_SETUID it stays
    who it is. Names in `insecure` turn a failed step from fatal into an entry of `Rights.insecure`.
    """
    unknown = insecure - INSECURE
    if unknown:
        known = ", ".join(sorted(INSECURE))
        raise RightsError(f"--insecure knows no {', '.join(sorted(unknown))}", f"it knows {known}")
    if len(os.listdir("/proc/self/task")) != 1:
        raise RightsError("rights must be dropped before threads start", "report this as a bug")
    before = capabilities.read_state()
    kept = capabilities.mask(keep)
    _check_kept(before, kept)
    steps = _steps(before, identity, tuple(groups), kept)
    given = {name for name, step in steps if not _is_done(name, step, insecure)}
    return _proven(before, identity, kept, insecure, given)


Step = tuple[str, Callable[[], None]]


def _steps(before: ProcessState, identity: Identity, groups: tuple[int, ...], kept: int) -> list[Step]:
    """The order matters: the bounding set needs CAP_SETPCAP, the user CAP_SETUID, both gone after `limit_to`."""
    steps: list[Step] = []
    if before.effective & capabilities.mask(["CAP_SETPCAP"]):
        steps.append(("capabilities", capabilities.drop_bounding))
    if _can_change_user(before):
        steps.append(("user", lambda: _become(identity, groups)))
    return [
        *steps,
        ("capabilities", lambda: capabilities.limit_to(kept)),
        ("no-new-privileges", capabilities.forbid_new_privileges),
        ("dumpable", capabilities.forbid_dumps),
    ]


def _can_change_user(state: ProcessState) -> bool:
    return 0 in state.uids or bool(state.effective & capabilities.mask(["CAP_SETUID"]))


def _become(identity: Identity, groups: tuple[int, ...]) -> None:
    capabilities.keep_through_setuid(True)
    os.setgroups(groups)
    os.setresgid(identity.gid, identity.gid, identity.gid)
    os.setresuid(identity.uid, identity.uid, identity.uid)
    capabilities.keep_through_setuid(False)


def _is_done(name: str, step: Callable[[], None], insecure: frozenset[str]) -> bool:
    try:
        step()
    except OSError as problem:
        if name not in insecure:
            raise _refusal(name, problem.strerror or str(problem)) from None
        return False
    return True


def _check_kept(before: ProcessState, kept: int) -> None:
    lacking = kept & ~before.permitted
    if lacking:
        wanted = ", ".join(capabilities.names(lacking))
        raise RightsError(f"{wanted} is needed and not there", f"start as root, or with AmbientCapabilities={wanted}")


def _proven(before: ProcessState, identity: Identity, kept: int, insecure: frozenset[str], given: set[str]) -> Rights:
    """Looks at what the kernel says now, and tries to get rights back."""
    state = capabilities.read_state()
    for name, complaint in _complaints(before, state, identity, kept):
        if name not in insecure:
            raise _refusal(name, complaint)
        given.add(name)
    return Rights(state.uids[1], state.gids[1], state.groups, capabilities.names(state.effective), tuple(sorted(given)))


def _complaints(before: ProcessState, state: ProcessState, identity: Identity, kept: int) -> Iterator[tuple[str, str]]:
    if _can_change_user(before) and (set(state.uids) != {identity.uid} or set(state.gids) != {identity.gid}):
        yield "user", f"still user {state.uids} and group {state.gids}"
    if state.permitted != kept or state.effective != kept or state.ambient or state.inheritable:
        yield "capabilities", f"still has {', '.join(capabilities.names(state.permitted | state.ambient)) or 'others'}"
    if state.bounding and before.effective & capabilities.mask(["CAP_SETPCAP"]):
        yield "capabilities", "the bounding set is not empty"
    if not state.is_no_new_privileges:
        yield "no-new-privileges", "new privileges are still possible"
    if capabilities.is_dumpable():
        yield "dumpable", "memory can still be dumped"
    if 0 not in state.uids and _regains(lambda: os.setresuid(0, 0, 0)):
        yield "user", "could become root again"
    if 0 not in state.uids and _regains(lambda: os.setgroups([0])):
        yield "user", "could join root's group again"


def _regains(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def _refusal(name: str, complaint: str) -> RightsError:
    return RightsError(
        f"cannot give up a right ({name}): {complaint}",
        f"start as root or with fewer rights; to run in spite of it: --insecure {name}",
    )


def _private(role: str, taken: int | None = None) -> Identity:
    size = _LAST - _FIRST + 1
    start = zlib.crc32(role.encode()) % size
    for step in range(size):
        number = _FIRST + (start + step) % size
        if number != taken and not _is_used(number):
            return Identity(number, number)
    raise RightsError(f"no free user number between {_FIRST} and {_LAST}", f"create the user {role!r}")


def _is_used(number: int) -> bool:
    if (_DYNAMIC / str(number)).exists():
        return True
    for look_up in (pwd.getpwuid, grp.getgrgid):
        try:
            look_up(number)
        except KeyError:
            continue
        return True
    return False


def _usual_groups() -> Iterator[int]:
    for name in LOG_GROUPS:
        try:
            yield grp.getgrnam(name).gr_gid
        except KeyError:
            continue


def _report_unreadable(paths: list[str], identity: Identity, groups: tuple[int, ...], pipe: int) -> None:
    """The child of `unreadable`: one byte per path. Never returns."""
    status = 1
    try:
        os.setgroups(groups)
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
        os.write(pipe, b"".join([b"r" if os.access(path, os.R_OK) else b"-" for path in paths]))
        status = 0
    finally:
        os._exit(status)
