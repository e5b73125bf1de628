"""The daemon's own options."""

from __future__ import annotations

from pathlib import Path

from stockade.config import load
from stockade.model.settings import DaemonSettings
from tests.config_tree import messages, write_tree


def test_options_of_both_files(tmp_path: Path) -> None:
    """stockade.conf overrides fail2ban.conf; sections [DEFAULT] and [Definition] both count."""
    files = {
        "jail.conf": "",
        "fail2ban.conf": "[DEFAULT]\nloglevel = notice\nlogtarget = /var/log/x.log\ndbpurgeage = 2d\n",
        "fail2ban.local": "[Definition]\ndbmaxmatches = 20\nallowipv6 = no\n",
        "stockade.conf": "[Definition]\nkeepbans = no\nlogtarget = STDOUT\n",
    }
    loaded = load(write_tree(tmp_path, files))
    assert loaded.problems == ()
    assert loaded.settings.daemon == DaemonSettings("NOTICE", "STDOUT", "no", 20, 172_800.0, False)
    assert Path(loaded.origins["", "loglevel"].origin.path).name == "fail2ban.conf"


def test_wrong_options_are_warnings(tmp_path: Path) -> None:
    """A daemon with defaults protects better than none: every wrong option is a warning."""
    text = "[Definition]\nloglevel = INFOO\nallowipv6 = maybe\ndbmaxmatches = x\ndbpurgeage = -1\n"
    text += "keepban = no\nlogtarget = %(x)s\n"
    loaded = load(write_tree(tmp_path, {"jail.conf": "", "stockade.conf": text}))
    assert loaded.settings.daemon == DaemonSettings()
    assert len(messages(loaded)) == 6
    assert loaded.is_whole
    remedies = {problem.remedy for problem in loaded.problems}
    assert {"did you mean 'INFO'?", "did you mean 'keepbans'?"} <= remedies


def test_without_any_file_the_defaults_hold(tmp_path: Path) -> None:
    """Neither file is required."""
    assert load(write_tree(tmp_path, {"jail.conf": ""})).settings.daemon == DaemonSettings()
