"""Who the processes run as: stable, private, and never root."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest

from stockade import capabilities, rights
from stockade.errors import RightsError
from stockade.rights import Identity


def test_private_numbers_are_stable_and_apart() -> None:
    """Each role gets the same numbers every time, from the range without entries, and the roles share none."""
    daemon, enforcer = (rights.identity_for(role) for role in (rights.DAEMON, rights.ENFORCER))
    assert (daemon, enforcer) == (rights.identity_for(rights.DAEMON), rights.identity_for(rights.ENFORCER))
    assert daemon.uid != enforcer.uid
    for identity in (daemon, enforcer):
        assert identity.name or 61184 <= identity.uid <= 65519


def test_a_number_in_use_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that has a passwd or group entry, or is lent out by systemd, is not taken."""
    first = rights._private("some role")
    monkeypatch.setattr(rights, "_is_used", lambda number: number == first.uid)
    second = rights._private("some role")
    assert second.uid not in (first.uid, 0)
    assert rights._private("some role", taken=second.uid).uid not in (first.uid, second.uid)


def test_an_existing_user_is_taken_unless_it_is_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry of the role's name decides; one with number 0 is an error with a remedy."""
    name = next(entry.pw_name for entry in pwd.getpwall() if entry.pw_uid != 0)
    entry = pwd.getpwnam(name)
    assert rights.identity_for(name) == Identity(entry.pw_uid, entry.pw_gid, name)
    with pytest.raises(RightsError, match="is root"):
        rights.identity_for(pwd.getpwuid(0).pw_name)


def test_groups_that_read_logs(tmp_path: Path) -> None:
    """The usual groups and each readable file's own count; root's and those that may not read do not."""
    usual = {grp.getgrnam(name).gr_gid for name in rights.LOG_GROUPS if _is_group(name)}
    log = tmp_path / "app.log"
    log.write_text("")
    log.chmod(0o600)
    paths = [str(log), str(tmp_path / "absent")]
    assert set(rights.reading_groups(paths)) == usual
    log.chmod(0o640)
    assert set(rights.reading_groups(paths)) == usual | ({os.stat(log).st_gid} - {0})


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def test_insecure_knows_its_words() -> None:
    """A name that `--insecure` does not know is an error before anything is given up."""
    with pytest.raises(RightsError, match="knows no everything"):
        rights.drop(Identity(61184, 61184), insecure=frozenset({"everything"}))


def test_masks_and_names_are_inverse() -> None:
    """Every capability we name has its own bit; unnamed bits still show."""
    for name in capabilities.NUMBERS:
        assert capabilities.names(capabilities.mask([name])) == (name,)
    assert capabilities.names(1 << 21) == ("CAP_21",)
