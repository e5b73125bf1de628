"""The daemon's syslog listeners over reloads."""

from __future__ import annotations

import socket
from pathlib import Path

from stockade.daemon.listeners import Listeners
from stockade.model.clock import Monotonic
from stockade.model.settings import FilterSettings, JailSettings, Settings, SyslogSettings
from tests.syslog_senders import LOCAL

NOW = Monotonic(100.0)


def settings(*listeners: SyslogSettings) -> Settings:
    """Two jails that both read these."""
    return Settings(jails=tuple(JailSettings(name, FilterSettings(name), syslog=listeners) for name in "ab"))


def test_listeners_follow_the_configuration(tmp_path: Path) -> None:
    """Jails share a listener; one that stays is the same one, and one that goes is closed, with its file."""
    first, second = (SyslogSettings("unix", path=str(tmp_path / name)) for name in ("first", "second"))
    changed = SyslogSettings("unix-stream", path=str(tmp_path / "third"))
    listeners = Listeners(LOCAL)
    listeners.configure(settings(first, second))
    listeners.open(NOW)
    kept, gone = listeners.sources
    listeners.configure(settings(first, changed))
    listeners.open(NOW)
    assert listeners.sources[0] is kept
    assert (kept.fileno() >= 0, gone.fileno()) == (True, -1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "third"]
    listeners.close()
    listeners.close()
    assert list(tmp_path.iterdir()) == []


def test_a_socket_file_with_other_rights_is_made_anew(tmp_path: Path) -> None:
    """A changed mode cannot be given to a file that is there already by a daemon without rights: it is made again."""
    path = tmp_path / "log"
    listeners = Listeners(LOCAL)
    listeners.configure(settings(SyslogSettings("unix", path=str(path))))
    listeners.open(NOW)
    listeners.configure(settings(SyslogSettings("unix", path=str(path), mode=0o622)))
    listeners.open(NOW)
    assert path.stat().st_mode & 0o777 == 0o622
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"<1>x", str(path))
    assert len(listeners.sources[0].read(NOW)) == 1
    listeners.close()


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """The others are open all the same; a problem is said once, and so is its end."""
    good, bad = (SyslogSettings("unix", path=str(tmp_path / name)) for name in ("good", "nowhere/bad"))
    listeners = Listeners(LOCAL)
    listeners.configure(settings(bad, good))
    listeners.open(NOW)
    (saying,) = listeners.take_sayings()
    assert "make the directory of the socket" in saying.text
    assert [row.state for source in listeners.sources for row in source.status()] == ["failed", "reading"]
    listeners.open(Monotonic(NOW + 60))
    assert listeners.take_sayings() == []
    (tmp_path / "nowhere").mkdir()
    listeners.open(Monotonic(NOW + 120))
    assert [one.text for one in listeners.take_sayings()] == [f"listening on {bad.address} now"]
    listeners.close()
