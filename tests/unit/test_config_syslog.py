"""`backend = syslog[…]` and `spoofable`: what they become, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockade.config import Loaded, load
from stockade.config.syslog import parse_listeners
from stockade.config.trouble import Trouble
from stockade.model.settings import SyslogSettings

FILTER = """
[Definition]
failregex = <lt_<logtype>>
lt_journal = journal <HOST>
lt_file = file <HOST>
"""


def read(tmp_path: Path, **jails: str) -> Loaded:
    """Loads a tree with these jails, each given by its options besides filter and enabled."""
    (tmp_path / "filter.d").mkdir(exist_ok=True)
    (tmp_path / "filter.d" / "x.conf").write_text(FILTER)
    (tmp_path / "action.d").mkdir(exist_ok=True)
    (tmp_path / "action.d" / "y.conf").write_text("[Definition]\nactionban = true\n")
    head = "enabled = true\nfilter = x\naction = y"
    sections = [f"[{name}]\n{head}\n{options}\n" for name, options in jails.items()]
    (tmp_path / "jail.conf").write_text("".join(sections))
    return load(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        ({"listen": "udp:127.0.0.1:5514"}, "udp:127.0.0.1:5514"),
        ({"listen": "udp:127.0.0.1"}, "udp:127.0.0.1:514"),
        ({"listen": "TCP:[::1]"}, "tcp:[::1]:514"),
        ({"listen": "tls:127.0.0.1", "cert": "/c.pem"}, "tls:127.0.0.1:6514"),
        ({"listen": "tls:[2001:db8:0::1]:7", "cert": "/c.pem", "ca": "/a.pem"}, "tls:[2001:db8::1]:7"),
        ({"listen": "tcp:0.0.0.0", "from": "192.0.2.0/24"}, "tcp:0.0.0.0:514"),
        ({"listen": "unix:/run/x/log"}, "unix:/run/x/log"),
        ({"listen": "unix-stream:/run/x/log"}, "unix-stream:/run/x/log"),
    ],
)
def test_addresses(arguments: dict[str, str], address: str) -> None:
    """Every kind of address, with the ports of the RFCs where none is written."""
    (found,) = parse_listeners(arguments)
    assert found.address == address
    assert found.is_spoofable == address.startswith("udp")


def test_every_argument_reaches_the_listeners_it_concerns() -> None:
    """One list of addresses shares its arguments; each listener takes its own."""
    arguments = {
        "listen": "udp:192.0.2.1 tls:192.0.2.1, unix:/run/log",
        "from": "192.0.2.7, 2001:db8::1/32",
        "cert": "/c.pem",
        "key": "/k.pem",
        "ca": "/a.pem",
        "mode": "0622",
        "owner": "root",
        "group": "adm",
    }
    senders = ("192.0.2.7/32", "2001:db8::/32")
    assert parse_listeners(arguments) == (
        SyslogSettings("udp", "192.0.2.1", 514, senders=senders),
        SyslogSettings("tls", "192.0.2.1", 6514, senders=senders, cert="/c.pem", key="/k.pem", ca="/a.pem"),
        SyslogSettings("unix", path="/run/log", mode=0o622, owner="root", group="adm"),
    )


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        ({}, "listens nowhere", "udp:ADDRESS:PORT"),
        ({"listen": "5514"}, "not an address to listen on", "udp:ADDRESS:PORT"),
        ({"listen": "udpp:127.0.0.1"}, "not an address to listen on", "did you mean 'udp'?"),
        ({"listen": "udp:localhost:514"}, "not an address of this machine", "write a number"),
        ({"listen": "udp::514"}, "not an address of this machine", "write a number"),
        ({"listen": "udp:127.0.0.1:0"}, "not a port", "from 1 to 65535"),
        ({"listen": "udp:127.0.0.1:65536"}, "not a port", "from 1 to 65535"),
        ({"listen": "udp:127.0.0.1:\uff15"}, "not a port", "from 1 to 65535"),
        ({"listen": "tcp:0.0.0.0:514"}, "who may send?", "from="),
        ({"listen": "udp:192.0.2.1"}, "who may send?", "from="),
        ({"listen": "tcp:192.0.2.1", "from": "web1"}, "from: not an address", "write numbers"),
        ({"listen": "tls:127.0.0.1"}, "tls needs a certificate", "cert="),
        ({"listen": "tls:127.0.0.1", "cert": "c.pem"}, "not a whole path", "begin with /"),
        ({"listen": "udp:127.0.0.1", "cert": "/c.pem"}, "cert concerns tls only", "leave it out"),
        ({"listen": "udp:127.0.0.1", "mode": "0600"}, "mode concerns Unix sockets only", "leave it out"),
        ({"listen": "unix:log"}, "not a path for a socket", "a whole path"),
        ({"listen": "unix:/" + "x" * 107}, "not a path for a socket", "107 bytes"),
        ({"listen": "unix:/x", "mode": "rw"}, "no octal number", "0660"),
        ({"listen": "unix:/x", "mode": "0980"}, "no octal number", "0660"),
        ({"listen": "unix:/x", "mode": "7777"}, "no octal number", "0660"),
        ({"listen": "unix:/x", "group": "9" * 30}, "not the name or number", "group=adm"),
        ({"listen": "tls:127.0.0.1", "cert": "/a\0b"}, "not a whole path", "begin with /"),
        ({"listn": "udp:127.0.0.1"}, "unknown argument of the syslog backend", "did you mean 'listen'?"),
        ({"listen": "udp:127.0.0.1 " * 100_000}, "more than", "shorten"),
    ],
)
def test_mistakes_are_said_with_a_remedy(arguments: dict[str, str], message: str, remedy: str) -> None:
    """What cannot be listened on, and what would let strangers decide who is banned."""
    with pytest.raises(Trouble) as found:
        parse_listeners(arguments)
    assert message in found.value.message
    assert remedy in found.value.remedy


def test_a_jail_on_sockets_reads_lines_as_from_the_journal(tmp_path: Path) -> None:
    """Lines come without their dates, so filters read them as they read the journal's; logpath is not asked for."""
    loaded = read(tmp_path, a='backend = syslog[listen="tcp:127.0.0.1:5514"]\nlogpath = /nowhere')
    (jail,) = loaded.settings.jails
    assert jail.syslog == (SyslogSettings("tcp", "127.0.0.1", 5514),)
    assert (jail.logpaths, jail.journal) == ((), None)
    assert jail.filter.failregex == ("journal <HOST>",)
    assert loaded.problems == ()


@pytest.mark.parametrize(
    ("listen", "spoofable", "is_banned", "problem"),
    [
        ("udp:127.0.0.1:5514", "", False, "the jail only watches"),
        ("udp:127.0.0.1:5514", "spoofable = watch", False, "the jail only watches"),
        ("udp:127.0.0.1:5514", "spoofable = Ban", True, ""),
        ("udp:127.0.0.1:5514 tcp:127.0.0.1:5514", "", False, ""),
        ("tcp:127.0.0.1:5514", "", False, ""),
    ],
)
def test_udp_bans_nobody_unless_told_to(
    tmp_path: Path, listen: str, spoofable: str, is_banned: bool, problem: str
) -> None:
    """The default is safe, and a jail that can never ban because of it is warned of."""
    loaded = read(tmp_path, a=f'backend = syslog[listen="{listen}"]\n{spoofable}')
    assert loaded.settings.jails[0].is_spoofable_banned == is_banned
    assert [problem in one.message and not one.is_fatal for one in loaded.problems] == [True] * bool(problem)


def test_a_wrong_spoofable_disables_the_jail(tmp_path: Path) -> None:
    """Whether forged lines ban is not guessed."""
    loaded = read(tmp_path, a='backend = syslog[listen="udp:127.0.0.1:5514"]\nspoofable = yes')
    assert loaded.settings.jails == ()
    assert "spoofable: neither watch nor ban" in str(loaded.problems[0])


def test_jails_must_agree_about_a_shared_address(tmp_path: Path) -> None:
    """Two jails on one address share its listener; one that wants it otherwise is disabled, with its line."""
    one = 'backend = syslog[listen="tcp:127.0.0.1:5514"]'
    other = 'backend = syslog[listen="tcp:127.0.0.1:5514", from=127.0.0.2]'
    loaded = read(tmp_path, a=one, b=one, c=other)
    assert [jail.name for jail in loaded.settings.jails] == ["a", "b"]
    (problem,) = loaded.problems
    assert (problem.jail, problem.line, "jail 'a' listens on the same address" in problem.message) == ("c", 15, True)
