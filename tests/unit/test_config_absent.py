"""What a configuration needs and the machine does not have."""

from __future__ import annotations

from pathlib import Path

from stockade.config import Loaded, absent_logs, absent_programs, load
from stockade.config.absent import has_program
from stockade.config.backends import Machine
from tests.config_tree import ACTION, FILTER, write_tree

JAIL = "[DEFAULT]\nenabled = 1\nfilter = web\n"


def loaded_from(tmp_path: Path, jails: str, *, has_journal: bool = False, **actions: str) -> Loaded:
    """Loads these jails; no log exists."""
    named = jails if jails.startswith("action") else f"action = blk\n{jails}"
    files = {**FILTER, **ACTION, "jail.conf": JAIL + named}
    files |= {f"action.d/{name}.conf": f"[Definition]\n{text}" for name, text in actions.items()}
    return load(write_tree(tmp_path, files), has_files=lambda _: False, has_journal=lambda: has_journal)


def shown(problems: object) -> list[tuple[str, int, str, bool]]:
    """File name, line, value and weight of each."""
    return [(Path(one.path).name, one.line, one.value, one.is_fatal) for one in problems]  # type: ignore[attr-defined]


def test_logs_that_are_not_there(tmp_path: Path) -> None:
    """A jail none of whose logs exists is named once, at its logpath; one with any log is not."""
    loaded = loaded_from(tmp_path, "[a]\nlogpath = /a/*.log\n  /b\n[b]\nlogpath = /here\n  /c\n")
    machine = Machine(has_files=lambda pattern: pattern == "/here", has_journal=lambda: False)
    assert shown(absent_logs(loaded, machine)) == [("jail.conf", 6, "/a/*.log and 1 more", False)]


def test_a_journal_that_is_not_there(tmp_path: Path) -> None:
    """The machine's own journal, or the directory or files that the jail names."""
    jails = "[a]\nbackend = systemd\n[b]\nbackend = systemd[journalpath=/j]\n[c]\nbackend=systemd[journalfiles=/k/*]\n"
    loaded = loaded_from(tmp_path, jails)
    nothing = Machine(has_files=lambda _: False, has_journal=lambda: False)
    everything = Machine(has_files=lambda _: True, has_journal=lambda: True)
    assert shown(absent_logs(loaded, nothing)) == [
        ("jail.conf", 6, "", False),
        ("jail.conf", 8, "/j", False),
        ("jail.conf", 10, "", False),
    ]
    assert list(absent_logs(loaded, everything)) == []


def test_programs_that_are_not_there(tmp_path: Path) -> None:
    """Each command that surely calls a missing program is named once, at its own line, its tags replaced."""
    loaded = loaded_from(
        tmp_path,
        "action = mail[name=x] note\n[a]\nlogpath = /l\n[b]\nlogpath = /l\n",
        mail="actionstart = echo hi | <mailer> -s\nactionban = true; wall <ip>\n"
        "[Init]\nmailer = /opt/<kind>/send\nkind = k\n",
        note="actionban = note <ip>\n",
    )
    found = absent_programs(loaded, lambda _: True, {"note": True}.get)
    assert shown(found) == [("mail.conf", 2, "/opt/k/send", False), ("mail.conf", 3, "wall", False)]
    assert list(absent_programs(loaded, lambda action: action.name == "note", {"note": True}.get)) == []


def test_an_action_without_end_is_none_of_this_parts_business(tmp_path: Path) -> None:
    """Properties that contain each other are left to whoever renders them."""
    loaded = loaded_from(
        tmp_path, "action = mad\n[a]\nlogpath = /l\n", mad="actionban = <x>\n[Init]\nx = <y>\ny = <x>\n"
    )
    assert list(absent_programs(loaded, lambda _: True, lambda _: False)) == []


def test_programs_of_this_machine(tmp_path: Path) -> None:
    """Programs are looked for where the system keeps them, or at the path that is given."""
    mine = tmp_path / "mine"
    mine.write_text("#!/bin/sh\n")
    assert (has_program("sh"), has_program("/bin/sh"), has_program("no-such-program")) == (True, True, False)
    assert not has_program(str(mine))
    mine.chmod(0o755)
    assert has_program(str(mine))
