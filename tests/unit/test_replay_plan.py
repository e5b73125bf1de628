"""Which jails a replay uses, over which logs, with which settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.errors import UsageError
from tests.unit.replay_tree import planned, write_log, write_tree


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A configuration of three jails."""
    write_tree(tmp_path)
    return tmp_path


def test_enabled_jails_whose_logpath_covers_a_log_are_taken(home: Path) -> None:
    """Pieces of a rotated log belong to the jail that reads the log; each log has its own jails."""
    logs = [write_log(home / name, []) for name in ("svc.log", "svc.log.1", "web7.log")]
    plan = planned(home, *logs)
    assert plan.is_possible
    assert plan.readers == {str(home / "svc.log"): ("svc",), str(home / "web7.log"): ("web",)}
    assert [len(mine) for mine in plan.logs.values()] == [2, 1]
    assert [jail.name for jail in plan.settings.jails] == ["svc", "web"]


def test_a_named_jail_is_taken_as_it_stands(home: Path) -> None:
    """Enabled or not, whatever it reads on this machine, and although its action cannot be read."""
    plan = planned(home, write_log(home / "copy", []), jails=("off", "svc", "off"))
    assert plan.is_possible
    assert {jail.name: jail.maxretry for jail in plan.settings.jails} == {"svc": 3, "off": 1}
    assert all(jail.journal is None and not jail.actions for jail in plan.settings.jails)


def test_options_are_tried_on_every_jail(home: Path) -> None:
    """What is given wins over the jail's own; what is no option, or no value, is refused."""
    log = write_log(home / "svc.log", [])
    plan = planned(home, log, jails=("svc", "off"), options={"maxretry": "7", "bantime": "1d"})
    assert {(jail.maxretry, jail.ban.bantime) for jail in plan.settings.jails} == {(7, 86_400.0)}
    with pytest.raises(UsageError, match="no option 'maxretri'") as error:
        planned(home, log, options={"maxretri": "7"})
    assert error.value.remedy == "did you mean 'maxretry'?"
    wrong = planned(home, log, options={"bantime": "soon"})
    assert not wrong.is_possible
    assert [problem.jail for problem in wrong.problems if problem.is_fatal] == ["svc"]


def test_nobody_is_exempt_on_demand(home: Path) -> None:
    """Without ignoring, neither networks nor the machine itself are spared."""
    (home / "jail.local").write_text("[DEFAULT]\nignoreself = true\n")
    log = write_log(home / "svc.log", [])
    (spared,) = planned(home, log).settings.jails
    (unsparing,) = planned(home, log, is_ignoring=False).settings.jails
    assert (spared.ignoreip, spared.is_ignoreself) == (("203.0.113.0/24",), True)
    assert (unsparing.ignoreip, unsparing.is_ignoreself) == ((), False)


def test_a_log_that_nobody_reads_is_an_error_with_a_proposal(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A copy of a known log names its jail; anything else the jails there are; a wrong name what was meant."""
    away = tmp_path_factory.mktemp("away")
    with pytest.raises(UsageError, match="no enabled jail reads") as copy:
        planned(home, write_log(away / "svc.log.2", []))
    assert copy.value.remedy == "say which jails do: --jail svc"
    with pytest.raises(UsageError) as other:
        planned(home, write_log(away / "x", []))
    assert "enabled: svc, web" in other.value.remedy
    with pytest.raises(UsageError, match="no jail 'scv'") as near:
        planned(home, away / "x", jails=("scv",))
    assert near.value.remedy == "did you mean 'svc'?"


def test_a_mistake_outside_of_the_jails_is_told(home: Path) -> None:
    """What cannot be read is left out with a problem, and the jails run on the rest, as in the daemon."""
    (home / "jail.local").write_text("[DEFAULT\nmaxretry = 3\n")
    plan = planned(home, write_log(home / "svc.log", []), jails=("svc",))
    assert plan.is_possible
    assert {problem.path for problem in plan.problems if problem.is_fatal} == {str(home / "jail.local")}
