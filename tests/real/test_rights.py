"""Rights are really gone: read from /proc by somebody else, and tried by the process itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stockade import capabilities, rights
from stockade.enforce.client import Enforcer
from stockade.enforce.protocol import Done, Ensure
from tests.real.namespaces import Namespace

pytestmark = [
    pytest.mark.real,
    pytest.mark.usefixtures("away_from_host"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give rights up"),
]

PRELUDE = "import json, os, sys; from stockade import capabilities, rights; from stockade.rights import Identity\n"


def run(script: str, *wrapper: str) -> subprocess.CompletedProcess[str]:
    """Runs Python code that ends by printing JSON."""
    return subprocess.run(
        [*wrapper, sys.executable, "-c", PRELUDE + script], capture_output=True, text=True, timeout=30, check=False
    )


def result(script: str, *wrapper: str) -> Any:
    done = run(script, *wrapper)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_enforcer_has_net_admin_and_nothing_else(lone_netns: Namespace) -> None:
    """The real child: own user, no groups, CAP_NET_ADMIN alone, no new privileges, no dumps, no foreign descriptors."""
    stray = os.open("/etc/hostname", os.O_RDONLY)
    with lone_netns.enter():
        enforcer = Enforcer.spawn()
    os.close(stray)
    state = capabilities.read_state(enforcer.pid)
    proc = Path(f"/proc/{enforcer.pid}")
    opened = {os.readlink(proc / "fd" / name) for name in os.listdir(proc / "fd")}
    limits = (proc / "limits").read_text()
    enforcer.close()
    identity = rights.identity_for(rights.ENFORCER)
    assert set(state.uids) == {identity.uid}
    assert set(state.gids) == {identity.gid}
    assert state.groups == ()
    only = capabilities.mask(["CAP_NET_ADMIN"])
    assert (state.permitted, state.effective, state.inheritable, state.bounding, state.ambient) == (only, only, 0, 0, 0)
    assert state.is_no_new_privileges
    assert "/etc/hostname" not in opened
    assert sum(name.startswith("socket:") for name in opened) <= 3
    assert "Max processes             0 " in limits
    assert "Max core file size        0 " in limits


def test_the_daemon_has_nothing_and_regains_nothing() -> None:
    """After `drop` no capability is left, root cannot be regained, memory is closed to dumps, groups are as given."""
    report = result(
        """
given = rights.drop(Identity(61999, 61998), groups=[4, 7])
tries = []
for attempt in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.chroot("/")):
    try:
        attempt()
        tries.append("regained")
    except PermissionError:
        tries.append("refused")
state = capabilities.read_state()
who = [given.uid, given.gid, given.groups]
print(json.dumps([*who, given.capabilities, given.insecure, tries, state.bounding, capabilities.is_dumpable()]))
"""
    )
    assert report == [61999, 61998, [4, 7], [], [], ["refused"] * 4, 0, False]


def test_reading_everything_can_be_kept(tmp_path: Path) -> None:
    """With CAP_DAC_READ_SEARCH kept the daemon reads a file of root's, and still writes none."""
    secret = tmp_path / "app.log"
    secret.write_text("line")
    secret.chmod(0o600)
    tmp_path.chmod(0o700)
    report = result(
        f"""
path = {str(secret)!r}
identity = Identity(61999, 61999)
hidden = rights.unreadable([path, "/proc/version"], identity, ())
given = rights.drop(identity, keep=["CAP_DAC_READ_SEARCH"])
text = open(path).read()
try:
    open(path, "a")
    text = "written"
except PermissionError:
    pass
print(json.dumps([hidden == [path], given.capabilities, text]))
"""
    )
    assert report == [True, ["CAP_DAC_READ_SEARCH"], "line"]


def test_what_cannot_be_given_up_is_fatal_unless_named() -> None:
    """In a user namespace without other users the change fails: RightsError, or an entry where --insecure names it."""
    wrapper = ("unshare", "--user", "--map-root-user")
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("the kernel grants no user namespace")
    fatal = run("rights.drop(Identity(61999, 61999))", *wrapper)
    assert fatal.returncode == 1
    assert "RightsError: cannot give up a right (user)" in fatal.stderr
    assert "--insecure user" in fatal.stderr
    script = (
        "g = rights.drop(Identity(61999, 61999), insecure=frozenset({'user'})); print(json.dumps([g.uid, g.insecure]))"
    )
    assert result(script, *wrapper) == [0, ["user"]]


UNPRIVILEGED = ("setpriv", "--reuid=61999", "--regid=61999", "--clear-groups")


def test_an_ordinary_user_is_told_what_is_missing() -> None:
    """Started without rights nothing can be blocked: an error with the remedy; a daemon's drop still succeeds."""
    fatal = run("rights.require_net_admin()", *UNPRIVILEGED)
    assert "CAP_NET_ADMIN is missing" in fatal.stderr
    assert "AmbientCapabilities=CAP_NET_ADMIN" in fatal.stderr
    assert result("print(json.dumps(rights.drop(Identity(1, 1)).uid))", *UNPRIVILEGED) == 61999


def test_a_user_with_net_admin_can_block() -> None:
    """As systemd starts it with AmbientCapabilities: the enforcer works, the user stays, the capability stays alone."""
    script = """
from stockade.enforce.client import Enforcer
from stockade.enforce.protocol import Ensure
enforcer = Enforcer.spawn()
state = capabilities.read_state(enforcer.pid)
reply = enforcer.call(Ensure(()), 20)
given = rights.drop(Identity(1, 1))
enforcer.close()
print(json.dumps([type(reply).__name__, state.uids, capabilities.names(state.effective), given.capabilities]))
"""
    ambient = ("--inh-caps=+net_admin", "--ambient-caps=+net_admin")
    wrapper = ("unshare", "--net", *UNPRIVILEGED, *ambient)
    assert result(script, *wrapper) == ["Done", [61999] * 4, ["CAP_NET_ADMIN"], []]


def test_threads_forbid_dropping() -> None:
    """Rights belong to a thread: with a second one running the drop is refused rather than half done."""
    done = run(
        """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
rights.drop(Identity(61999, 61999))
"""
    )
    assert "before threads start" in done.stderr


def test_the_enforcer_outlives_signals_meant_for_the_daemon(lone_netns: Namespace) -> None:
    """SIGTERM and SIGINT for the whole group leave the enforcer to its daemon, which decides by the socket."""
    with lone_netns.enter():
        enforcer = Enforcer.spawn()
    for number in (2, 15, 1):
        os.kill(enforcer.pid, number)
    assert enforcer.call(Ensure(()), 20.0) == Done(1)
    enforcer.close()
